"""A private Redis server on a free loopback port, with append-only persistence."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

TIMEOUT_SECONDS = 180.0
"""Limit for the server's start and stop, for machines under heavy load."""


class RedisServer:
    """A server that can be stopped and started again with its data."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Raises TimeoutError if the server does not answer or ends."""
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self._directory),
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
            "save": "",
            "loglevel": "warning",
        }
        arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
        self._process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(RedisError):
                Redis.from_url(self.url).ping()
                return
            time.sleep(0.05)
        raise TimeoutError("redis-server did not answer")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(TIMEOUT_SECONDS)
            self._process = None


def is_installed() -> bool:
    return shutil.which("redis-server") is not None


@contextmanager
def redis_server(directory: Path) -> Iterator[RedisServer]:
    """A running server that is stopped when the block ends."""
    server = RedisServer(directory)
    server.start()
    try:
        yield server
    finally:
        server.stop()
