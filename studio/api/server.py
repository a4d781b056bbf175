"""Serves the API: `studio serve`."""

import logging
import os
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

from studio.api.app import build_api
from studio.api.protocol import Connection
from studio.bootstrap import open_studio
from studio.errors import StudioError
from studio.logs import set_up_logs
from studio.network import listen
from studio.settings import Settings

log = logging.getLogger(__name__)
HAND_OVER = 15.0
"""Seconds that a server waits for the one before it to end."""


def server_config(app: FastAPI, **more: Any) -> uvicorn.Config:
    """How the API is served, wherever it is; `more` are settings of uvicorn's."""
    return uvicorn.Config(app, http=Connection, ws="none", **more)


def serve(settings: Settings) -> None:
    """Serves deployed themes until it is interrupted; what is under way then ends by itself, or goes
    on at the next start.

    Raises ServerError when the address cannot be listened on, StoreInUse when another process serves
    the same database without a queue.
    """
    set_up_logs(settings.log_json)
    listener = listen(settings.host, settings.api_port)
    studio = open_studio(settings)
    studio.serving.runner.reserve(HAND_OVER)
    host, port = listener.getsockname()[:2]
    print(f"Doodle themes: http://{host}:{port}/api/v1/docs", flush=True)
    fatal: list[StudioError] = []

    def give_up(error: StudioError) -> None:
        log.critical("%s", error)
        fatal.append(error)
        server.should_exit = True

    app = build_api(studio, give_up=give_up)
    server = uvicorn.Server(server_config(app, log_level="warning", timeout_graceful_shutdown=5))
    server.run(sockets=[listener])
    if fatal:
        # A thread that hangs in a library's code would hold up, or crash, an orderly exit.
        print(f"studio: {fatal[0]}", file=sys.stderr, flush=True)
        os._exit(fatal[0].exit_code)
