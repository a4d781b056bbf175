"""The API of a studio, or another ASGI application, on a free loopback port."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from studio.app import AppContainer
from studio.network import bind_socket
from studio.server.api_server import server_config
from studio.server.app import BODIES, create_api
from studio.server.bodies import BodyLimits
from tests.waiting import until


@contextmanager
def serving(studio: AppContainer, bodies: BodyLimits = BODIES) -> Iterator[str]:
    """Serves the API of a studio; yields its URL."""
    app = create_api(studio, bodies)
    with listening(server_config(app, log_level="error", timeout_graceful_shutdown=1)) as address:
        yield address


@contextmanager
def listening(config: uvicorn.Config) -> Iterator[str]:
    """Runs a uvicorn server in a thread; yields its URL."""
    listener = bind_socket("127.0.0.1", 0)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    until(lambda: server.started or not thread.is_alive(), pause=0.01)
    assert server.started
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
