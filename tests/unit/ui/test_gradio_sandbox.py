"""Gradio is confined: no telemetry, an empty working directory. `test_server.py` asks it for files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.ui.gradio_sandbox import ENVIRONMENT, scratch_directory


def test_environment_is_set_before_gradio_is_imported() -> None:
    script = "import os, sys, studio.ui; print('gradio' in sys.modules, *map(os.environ.get, sys.argv[1:]))"
    environment = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    command = [sys.executable, "-c", script, *ENVIRONMENT]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", *ENVIRONMENT.values()]


def test_choices_of_the_operator_are_kept() -> None:
    script = "import os, studio.ui; print(os.environ['HF_HUB_OFFLINE'])"
    environment = os.environ | {"HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-c", script]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["0"]


def test_working_directory_is_empty_and_uploads_are_deleted_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # Restores the working directory after the test.
    monkeypatch.setenv("GRADIO_TEMP_DIR", "restored after the test")
    with scratch_directory() as scratch:
        assert os.environ["GRADIO_TEMP_DIR"] == str(scratch)
        assert Path.cwd() == scratch.resolve() / "empty"
        assert list(Path.cwd().iterdir()) == []
        (scratch / "upload.png").write_bytes(b"png")
    assert not scratch.exists()
