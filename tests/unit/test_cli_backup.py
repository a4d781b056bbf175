"""`studio backup` and `studio restore`, and the shell commands of docs/how-to/backup.md.

Issue 18, 12 (review 7): a plain copy of `studio.db` lost 43 of 43 variants without an error.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from studio.app import AppContainer, create_app_container
from studio.settings import Settings
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.models.test_identification import PEFT, write
from tests.unit.test_cli import Command, studio_command

__all__ = ["studio_command"]

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "backup.md"


@contextmanager
def adding_variants(studio: AppContainer) -> Iterator[list[str]]:
    """A thread adds variants until the block ends; yields the hashes of those that were stored."""
    stored: list[str] = []
    stopped = threading.Event()

    def add() -> None:
        while not stopped.is_set():
            png = examples.png(color=(len(stored) % 256, len(stored) // 256 % 256, 3, 255))
            sha256 = hashlib.sha256(png).hexdigest()
            variant = examples.variant(image_sha256=sha256, request_id=f"{len(stored):032x}")
            studio.stores.variants.add(variant, png)
            stored.append(sha256)

    writer = threading.Thread(target=add)
    writer.start()
    try:
        while len(stored) < 20:
            stopped.wait(0.01)
        yield stored
    finally:
        stopped.set()
        writer.join()


def create_studio(home: Path) -> AppContainer:
    """A studio with one of each thing that a backup has to hold."""
    studio = create_app_container(Settings(data_dir=home), FakeRenderer)
    write(home / "models" / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    (home / "models" / ".partial").mkdir()
    (home / "models" / ".partial" / "half.safetensors.begun").write_bytes(b"half")
    (home / "words").mkdir()
    (home / "words" / "own.txt").write_text("[block]\nfoo\n")
    (home / "session-secret").write_text("s" * 64)
    (home / "session-secret").chmod(0o600)
    studio.stores.users.set_password("ada", "a long password")
    return studio


def assert_complete(home: Path, at_least: int) -> None:
    """Every variant of the restored studio has its image, and none is missing."""
    with closing(sqlite3.connect(home / "studio.db")) as database:
        [(integrity,)] = database.execute("PRAGMA integrity_check").fetchall()
        hashes = [row[0] for row in database.execute("SELECT image_sha256 FROM variants")]
    assert integrity == "ok"
    assert len(hashes) >= at_least
    restored = create_app_container(Settings(data_dir=home), FakeRenderer)
    for sha256 in hashes:
        png = (home / "pictures" / sha256[:2] / f"{sha256}.png").read_bytes()
        assert hashlib.sha256(png).hexdigest() == sha256
    assert list(restored.stores.users.names()) == ["ada"]
    assert restored.stores.themes.get_version("first-light").version == 1
    assert (home / "words" / "own.txt").read_text() == "[block]\nfoo\n"
    assert (home / "session-secret").stat().st_mode & 0o777 == 0o600


def test_backup_during_writes_is_complete_and_restored(
    studio_command: Command, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with adding_variants(create_studio(home)) as stored:
        before = len(stored)
        ran = studio_command("backup", tmp_path / "copy")
    assert ran.code == 0, ran.err
    assert sorted(each.name for each in (tmp_path / "copy").iterdir()) == [
        "backup.json",
        "models",
        "pictures",
        "session-secret",
        "studio.db",
        "words",
    ]
    assert not list((tmp_path / "copy").rglob("*.begun"))
    monkeypatch.setenv("STUDIO_DATA_DIR", str(tmp_path / "new"))
    assert studio_command("restore", tmp_path / "copy").code == 0
    assert_complete(tmp_path / "new", before)
    listed = json.loads(studio_command("models", "list", "--json").out)
    assert "glow" in {each["name"] for each in listed}


def test_models_can_be_left_out(studio_command: Command, home: Path, tmp_path: Path) -> None:
    create_studio(home)
    assert studio_command("backup", tmp_path / "copy", "--without-models").code == 0
    assert not (tmp_path / "copy" / "models").exists()


def test_shell_commands_of_the_docs_make_a_complete_backup(home: Path, tmp_path: Path) -> None:
    """For operators without the command `studio`: docs/how-to/backup.md."""
    [script] = re.findall(r"```sh\n# by hand\n(.*?)```", DOCS.read_text(), re.DOTALL)
    new = tmp_path / "new"
    environment = os.environ | {"STUDIO_DATA_DIR": str(home), "BACKUP": str(tmp_path / "copy")}
    if shutil.which("sqlite3") is None:
        environment["PATH"] = f"{fake_sqlite3(tmp_path)}{os.pathsep}{os.environ['PATH']}"
    with adding_variants(create_studio(home)) as stored:
        before = len(stored)
        subprocess.run(["bash", "-euc", script], env=environment, check=True)
    shutil.copytree(tmp_path / "copy", new)
    assert_complete(new, before)


def fake_sqlite3(directory: Path) -> Path:
    """A directory with a command `sqlite3` whose `.backup` uses SQLite's backup API."""
    command = directory / "bin" / "sqlite3"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport shlex, sqlite3, sys\n"
        "target = shlex.split(sys.argv[2])[1]\n"
        "sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(target))\n"
    )
    command.chmod(0o755)
    return command.parent


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("backup", "full"), 2, "is not empty"),
        (("backup", "text.txt/x"), 5, "Backup to"),
        (("restore", "full"), 2, "does not contain a complete backup"),
        (("restore", "broken"), 2, "is invalid"),
    ],
)
def test_error_is_one_line(
    studio_command: Command,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    create_studio(home)
    for name in ("full", "broken"):
        Path(name).mkdir()
    Path("full/text").write_text("something")
    Path("broken/backup.json").write_text("{}")
    Path("text.txt").write_text("")
    ran = studio_command(*arguments)
    assert (ran.code, ran.err.count("\n")) == (code, 1), ran.err
    assert message in ran.err


def test_restore_overwrites_nothing(studio_command: Command, home: Path, tmp_path: Path) -> None:
    create_studio(home)
    assert studio_command("backup", tmp_path / "copy").code == 0
    ran = studio_command("restore", tmp_path / "copy")
    assert (ran.code, "already exists" in ran.err) == (2, True)


def test_postgresql_is_refused_with_a_link_to_the_docs(
    studio_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert studio_command("backup", tmp_path / "copy").code == 5
    assert not (tmp_path / "copy" / "studio.db").exists()
    monkeypatch.setenv("STUDIO_DATABASE_URL", "postgresql://studio@127.0.0.1/studio")
    ran = studio_command("backup", tmp_path / "copy")
    assert (ran.code, "pg_dump (see docs/how-to/backup.md)" in ran.err) == (2, True)
