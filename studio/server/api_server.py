"""Runs the API server: `studio api`."""

import logging
import os
import sys
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from studio.app import create_app_container
from studio.errors import StudioError
from studio.logging_config import configure_logging
from studio.network import ForwardedHeaders, bind_socket
from studio.server.app import create_api
from studio.server.connections import Connection
from studio.settings import Settings

log = logging.getLogger(__name__)
TAKEOVER_SECONDS = 15.0
"""Seconds that a server waits for its predecessor to end."""


def server_config(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """The configuration of every API server; `options` are uvicorn's."""
    return uvicorn.Config(app, http=Connection, ws="none", **options)


def serve(settings: Settings) -> None:
    """Serves the API until it is interrupted. Running jobs then go back to the queue, and are resumed at the
    next start.

    Raises AddressInUseError when the address is in use, StoreInUseError when another process renders for the same
    database without a queue.
    """
    configure_logging(settings.log_json)
    listener = bind_socket(settings.host, settings.api_port)
    os.umask(0o077)
    studio = create_app_container(settings)
    studio.serving.maintenance.reserve(TAKEOVER_SECONDS)
    studio.start(renders_here=not settings.broker_url.get_secret_value())
    host, port = listener.getsockname()[:2]
    print(f"Doodle themes: http://{host}:{port}/api/v1/docs", flush=True)
    fatal: list[StudioError] = []

    def give_up(error: StudioError) -> None:
        log.critical("%s", error)
        fatal.append(error)
        server.should_exit = True

    # uvicorn would trust X-Forwarded-* of any local proxy; ForwardedHeaders trusts those of a setting.
    app = ForwardedHeaders(create_api(studio, give_up=give_up), settings.trusted_proxies)
    config = server_config(
        app, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if fatal:
        _exit_at_once(fatal[0])


def _exit_at_once(error: StudioError) -> None:
    """Ends the process without cleaning up: an orderly exit would wait for a thread that hangs in library
    code, or crash."""
    print(f"studio: {error}", file=sys.stderr, flush=True)
    os._exit(error.exit_code)
