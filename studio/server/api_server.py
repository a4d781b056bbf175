"""Serves the API: `studio api`."""

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
from studio.server.http_protocol import Connection
from studio.settings import Settings

log = logging.getLogger(__name__)
HAND_OVER = 15.0
"""Seconds that a server waits for the one before it to end."""


def server_config(app: ASGIApp, **more: Any) -> uvicorn.Config:
    """How the API is served, wherever it is; `more` are settings of uvicorn's."""
    return uvicorn.Config(app, http=Connection, ws="none", **more)


def serve(settings: Settings) -> None:
    """Serves deployed themes until it is interrupted; what is under way then goes back to the queue,
    and goes on at the next start.

    Raises ServerError when the address cannot be listened on, StoreInUse when another process serves
    the same database without a queue.
    """
    configure_logging(settings.log_json)
    listener = bind_socket(settings.host, settings.api_port)
    os.umask(0o077)
    studio = create_app_container(settings)
    studio.requests.runner.reserve(HAND_OVER)
    host, port = listener.getsockname()[:2]
    print(f"Doodle themes: http://{host}:{port}/api/v1/docs", flush=True)
    fatal: list[StudioError] = []

    def give_up(error: StudioError) -> None:
        log.critical("%s", error)
        fatal.append(error)
        server.should_exit = True

    # uvicorn would believe any proxy on this machine; these are the ones that a setting names.
    app = ForwardedHeaders(create_api(studio, give_up=give_up), settings.trusted_proxies)
    config = server_config(
        app, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    if fatal:
        # A thread that hangs in a library's code would hold up, or crash, an orderly exit.
        print(f"studio: {fatal[0]}", file=sys.stderr, flush=True)
        os._exit(fatal[0].exit_code)
