"""Serves the API: `studio serve`."""

import os

import uvicorn

from studio.api.app import build_api
from studio.bootstrap import open_studio
from studio.logs import set_up_logs
from studio.network import ForwardedHeaders, listen
from studio.settings import Settings


def serve(settings: Settings) -> None:
    """Serves deployed themes until it is interrupted; what is under way then ends by itself, or goes
    on at the next start.

    Raises ServerError when the address cannot be listened on.
    """
    set_up_logs(settings.log_json)
    listener = listen(settings.host, settings.api_port)
    os.umask(0o077)
    studio = open_studio(settings)
    host, port = listener.getsockname()[:2]
    print(f"Doodle themes: http://{host}:{port}/api/v1/docs", flush=True)
    # uvicorn would believe any proxy on this machine; these are the ones that a setting names.
    app = ForwardedHeaders(build_api(studio), settings.trusted_proxies)
    config = uvicorn.Config(
        app, log_level="warning", proxy_headers=False, timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[listener])
