"""A PostgreSQL of the tests' own: a cluster in a temporary folder, on a spare loopback port."""

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
"""Where Debian keeps each version's programs; they are on nobody's PATH."""


@dataclass(frozen=True)
class Cluster:
    """A running server; each test asks for a database of its own."""

    port: int
    _numbers: Iterator[int]
    _binaries: Path
    _folder: Path

    def start(self) -> None:
        """Also after `stop`: with everything that it had kept."""
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        )
        start = [
            "-D",
            self._folder / "data",
            "-w",
            "-l",
            self._folder / "log",
            "-o",
            options,
            "start",
        ]
        _run(self._binaries / "pg_ctl", *start)

    def stop(self) -> None:
        """At once, as when its machine dies."""
        _run(self._binaries / "pg_ctl", "-D", self._folder / "data", "-m", "immediate", "stop")

    def new_database(self) -> str:
        """The address of a fresh, empty database."""
        name = f"studio{next(self._numbers)}"
        admin = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        return f"postgresql://studio@127.0.0.1:{self.port}/{name}"

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://studio@127.0.0.1:{self.port}/{name}"


def programs() -> Path | None:
    """The folder of PostgreSQL's newest programs, None where it is not installed."""
    if BINARIES:
        return BINARIES[-1]
    found = shutil.which("initdb")
    return None if found is None else Path(found).parent


def needed() -> Path:
    """The same; where it is not installed the test is skipped, but in CI, where that is a failure."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed: `make test` installs it")
        pytest.skip("these tests need PostgreSQL: apt-get install postgresql")
    return found


@contextmanager
def cluster(binaries: Path) -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="studio-pg-"))
    # It refuses to run as root, so root hands it to the user that Debian's package made.
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    try:
        _run(
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "studio",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        )
        running = Cluster(port, count(1), binaries, folder)
        running.start()
        yield running
        running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", "postgres", "--", *words]
    subprocess.run(words, check=True, capture_output=True, cwd="/", timeout=LONG)
