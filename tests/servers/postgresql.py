"""A PostgreSQL cluster for tests, in a temporary directory and on a free loopback port."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.waiting import LONG

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
"""Debian installs the programs of each version here, outside of PATH."""


@dataclass(frozen=True)
class Cluster:
    """A running server. Each test creates a database."""

    port: int
    _numbers: Iterator[int]
    _binaries: Path
    _directory: Path

    def start(self) -> None:
        """Starts the server, also after `stop`: with all its data."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        )
        start = [
            "-D",
            self._directory / "data",
            "-w",
            "-l",
            self._directory / "log",
            "-o",
            options,
            "start",
        ]
        _run(self._binaries / "pg_ctl", *start)

    def stop(self) -> None:
        """Stops the server immediately, as when its machine fails."""
        _run(self._binaries / "pg_ctl", "-D", self._directory / "data", "-m", "immediate", "stop")

    def new_database(self) -> str:
        """Creates an empty database and returns its URL."""
        name = f"studio{next(self._numbers)}"
        admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        return f"postgresql://studio@127.0.0.1:{self.port}/{name}"

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://studio@127.0.0.1:{self.port}/{name}"


def programs() -> Path | None:
    """The directory of the latest PostgreSQL's programs, None where none is installed."""
    if BINARIES:
        return BINARIES[-1]
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).parent


def needed() -> Path:
    """The same. Without PostgreSQL the test is skipped; in CI it fails."""
    binaries = programs()
    if binaries is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: `make test` installs it")
        pytest.skip("these tests need PostgreSQL: apt-get install postgresql")
    return binaries


@contextmanager
def cluster(binaries: Path) -> Iterator[Cluster]:
    """A cluster that runs while the context is active."""
    directory = Path(tempfile.mkdtemp(prefix="studio-pg-"))
    # PostgreSQL refuses to run as root: it runs as the user that Debian's package created.
    if os.geteuid() == 0:
        shutil.chown(directory, "postgres")
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    try:
        _run(
            binaries / "initdb",
            "-D",
            directory / "data",
            "-U",
            "studio",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        )
        running = Cluster(port, count(1), binaries, directory)
        running.start()
        yield running
        running.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, capture_output=True, cwd="/", timeout=LONG)
