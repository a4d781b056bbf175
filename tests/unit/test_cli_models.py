"""`studio models` on small models made for the test."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.unit.models.test_identification import PEFT, checkpoint, write
from tests.unit.test_cli import Command, studio_command

__all__ = ["studio_command"]


@pytest.fixture
def lora(home: Path) -> Path:
    directory = home / "models" / "loras"
    directory.mkdir(parents=True)
    file = directory / "glow.safetensors"
    save_file({PEFT: np.zeros((8, 128), np.float16)}, file, {"modelspec.trigger_phrase": "glow"})
    return file


def test_model_is_shown_with_its_details(studio_command: Command, lora: Path) -> None:
    shown = json.loads(studio_command("models", "show", "glow", "--json").out)
    assert (shown["kind"], shown["family"], shown["triggers"]) == ("lora", "pocket", ["glow"])
    assert shown["path"] == str(lora)
    assert "glow" in studio_command("models", "show", "lora/glow").out


def test_unknown_model_lists_the_available_ones(studio_command: Command) -> None:
    ran = studio_command("models", "show", "nothing")
    assert (ran.code, ran.out) == (3, "")
    assert "Model not found: “nothing”. Available: pocket-ink" in ran.err


def test_check_reports_unusable_models(studio_command: Command, lora: Path) -> None:
    lora.with_name("old.pt").write_bytes(b"\x80")
    lora.with_name("half.safetensors").write_bytes(b"\x10")
    ran = studio_command("models", "check")
    assert ran.code == 0
    assert "old.pt contains pickled weights" in ran.out
    assert "half.safetensors is not a valid" in ran.out
    assert "2 unusable" in ran.err
    assert len(json.loads(studio_command("models", "check", "--json").out)) == 2


def test_directories_of_other_tools_are_scanned(
    studio_command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = []
    for name in ("one", "two"):
        directory = tmp_path / name / "models" / "Stable-diffusion"
        directory.mkdir(parents=True)
        write(directory / f"{name}.safetensors", checkpoint())
        trees.append(str(tmp_path / name))
    monkeypatch.setenv("STUDIO_EXTRA_MODEL_DIRS", os.pathsep.join(trees))
    listed = json.loads(studio_command("models", "list", "--json").out)
    assert {"one", "two"} <= {each["name"] for each in listed}


def test_verify_detects_a_change_that_kept_the_file_time(
    studio_command: Command, lora: Path
) -> None:
    assert studio_command("models", "verify", "glow").code == 0
    before = lora.stat()
    lora.write_bytes(lora.read_bytes().replace(b"glow", b"grow"))
    os.utime(lora, ns=(before.st_atime_ns, before.st_mtime_ns))
    ran = studio_command("models", "verify", "glow")
    assert ran.code == 4
    assert "CHANGED" in ran.out
    assert "Files changed without a new modification time: glow" in ran.err


def test_user_model_is_removed_and_bundled_model_is_not(
    studio_command: Command, lora: Path
) -> None:
    assert studio_command("models", "remove", "glow", "--yes").code == 0
    assert not lora.exists()
    ran = studio_command("models", "remove", "pocket-ink", "--yes")
    assert ran.code == 2
    assert "does not manage" in ran.err


def test_model_behind_a_link_is_not_removed(
    studio_command: Command, home: Path, tmp_path: Path
) -> None:
    """Issue 18, 12 (review 3.3): links lead to other disks."""
    shared = write(tmp_path / "disk" / "shared.safetensors", {PEFT: (8, 128)})
    loras = home / "models" / "loras"
    loras.mkdir(parents=True)
    (loras / "disk").symlink_to(tmp_path / "disk")
    ran = studio_command("models", "remove", "shared", "--yes")
    assert (ran.code, "does not manage" in ran.err, shared.exists()) == (2, True, True)
    (loras / "linked.safetensors").symlink_to(shared)
    assert studio_command("models", "remove", "linked", "--yes").code == 0
    assert not (loras / "linked.safetensors").is_symlink()
    assert shared.exists()


def test_model_with_special_characters_is_shown_and_removed(
    studio_command: Command, home: Path
) -> None:
    """Issue 18, 17."""
    for name in ("【汉服】_v1 (a, b)", "-dash", "100%"):
        file = write(home / "models" / "loras" / f"{name}.safetensors", {PEFT: (8, 128)})
        assert (
            json.loads(studio_command("models", "show", "--json", "--", name).out)["name"] == name
        )
        assert name in studio_command("models", "list").out
        assert studio_command("models", "remove", "--yes", "--", name).code == 0
        assert not file.exists()
