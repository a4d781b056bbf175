"""Serves the API: `studio serve`."""

from typing import Any

import uvicorn
from fastapi import FastAPI

from studio.api.app import build_api
from studio.api.protocol import Connection
from studio.bootstrap import open_studio
from studio.logs import set_up_logs
from studio.network import listen
from studio.settings import Settings


def server_config(app: FastAPI, **more: Any) -> uvicorn.Config:
    """How the API is served, wherever it is; `more` are settings of uvicorn's."""
    return uvicorn.Config(app, http=Connection, ws="none", **more)


def serve(settings: Settings) -> None:
    """Serves deployed themes until it is interrupted; what is under way then ends by itself, or goes
    on at the next start.

    Raises ServerError when the address cannot be listened on.
    """
    set_up_logs(settings.log_json)
    listener = listen(settings.host, settings.api_port)
    studio = open_studio(settings)
    host, port = listener.getsockname()[:2]
    print(f"Doodle themes: http://{host}:{port}/api/v1/docs", flush=True)
    config = server_config(build_api(studio), log_level="warning", timeout_graceful_shutdown=5)
    uvicorn.Server(config).run(sockets=[listener])
