"""Confines Gradio, which expects to be a program of its own: telemetry, working directory, file access.

The studio mounts Gradio in an application, next to operators' files. What Gradio does with the process
and the disk is limited here alone.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import gradio as gr

ENVIRONMENT: Mapping[str, str] = {
    # Gradio reports its version, components and errors to its makers unless this is set.
    "GRADIO_ANALYTICS_ENABLED": "False",
    # huggingface_hub, which Gradio imports, then fails at once in place of waiting for the network.
    "HF_HUB_OFFLINE": "1",
}


def set_environment() -> None:
    """Sets ENVIRONMENT, except where the operator has set a variable.

    huggingface_hub reads its variable once, when it is imported. `studio/ui/__init__.py` therefore calls
    this before any module of the package can import Gradio.
    """
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A temporary folder for uploads; the process works in an empty folder below it from then on.

    Gradio serves any file below its working directory or its temporary folder that a handler returns.
    The folder is deleted at the end; the working directory is not restored.
    """
    with tempfile.TemporaryDirectory(prefix="studio-") as scratch:
        os.environ["GRADIO_TEMP_DIR"] = scratch
        working_directory = Path(scratch) / "empty"
        working_directory.mkdir()
        os.chdir(working_directory)
        yield Path(scratch)


def refuse_server_files(blocks: "gr.Blocks") -> None:
    """Has Gradio check that a file named in a request is one that the client uploaded.

    It does so only in Blocks that were started by `launch()`. Mounted ones would hand out any file.
    """
    blocks.has_launched = True
