"""Models brought from the hub for the page: each in a process of its own, watched on the disk.

A studio that serves pages never speaks to a hub itself; the command `studio models pull` does.
"""

import os
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from studio.errors import InvalidInputError, ModelHubError, NotFoundError
from studio.messages import Message, message, read_message
from studio.recipes.base import FrozenModel, parse_document
from studio.recipes.generation.recipe import ModelType
from studio.settings import Settings

PLAN_SECONDS = 60
PullState = Literal["running", "done", "failed"]


class DownloadEstimate(FrozenModel):
    """What `studio models pull --dry-run --json` answers."""

    name: str
    files: int
    bytes: int


@dataclass(frozen=True)
class DownloadRequest:
    """A model to be brought, as `studio models pull` takes it."""

    repo: str
    kind: ModelType
    file: str | None = None
    variant: str | None = None

    def arguments(self) -> list[str]:
        optional = (("--file", self.file), ("--variant", self.variant))
        return [
            "models", "pull", f"--kind={self.kind}",
            *(f"{name}={value}" for name, value in optional if value), "--", self.repo,
        ]  # fmt: skip


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is, in bytes."""

    repo: str
    name: str
    kind: ModelType
    bytes: int
    downloaded_bytes: int
    state: PullState
    message: Message | None = None


class ModelDownloads:
    """The downloads that this page has begun, newest last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._pulls: dict[str, DownloadProgress] = {}

    def start(self, wish: DownloadRequest) -> DownloadProgress:
        """Asks the hub what it will cost, then begins.

        Raises what `studio models pull` says as InputError, NotFound or HubUnavailable.
        """
        with self._lock:
            running = self._pulls.get(wish.repo)
            if running is not None and running.state == "running":
                raise InvalidInputError("hub.already_running", repo=wish.repo)
        planned = self._estimate(wish)
        progress = DownloadProgress(wish.repo, planned.name, wish.kind, planned.bytes, 0, "running")
        self._set_progress(progress)
        threading.Thread(target=self._run, args=(wish, progress), daemon=True).start()
        return progress

    def list_all(self) -> tuple[DownloadProgress, ...]:
        with self._lock:
            pulls = tuple(self._pulls.values())
        return tuple(
            self._with_disk_progress(each) if each.state == "running" else each for each in pulls
        )

    def _estimate(self, wish: DownloadRequest) -> DownloadEstimate:
        try:
            asked = subprocess.run(
                [*_cli_path(), *_before_repo(wish.arguments(), "--dry-run", "--json")],
                capture_output=True, text=True, timeout=PLAN_SECONDS, env=self._environment(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ModelHubError("hub.no_answer") from None
        except ValueError:  # What no command line can carry, such as a NUL.
            raise InvalidInputError(
                "hub.repository_unreadable", repo=f"{wish.repo!r:.80}"
            ) from None
        if asked.returncode != 0:
            error = next((e for e in (InvalidInputError, NotFoundError) if e.exit_code == asked.returncode), ModelHubError)  # fmt: skip
            why = _last_line(asked.stderr)
            raise error(why.id, **why.params)
        return parse_document(DownloadEstimate, asked.stdout, message("hub.answer"))

    def _run(self, wish: DownloadRequest, progress: DownloadProgress) -> None:
        ended = subprocess.run(
            [*_cli_path(), *_before_repo(wish.arguments(), "--yes")],
            capture_output=True, text=True, env=self._environment(), check=False,
        )  # fmt: skip
        if ended.returncode == 0:
            self._set_progress(replace(progress, state="done", downloaded_bytes=progress.bytes))
        else:
            self._set_progress(
                replace(
                    self._with_disk_progress(progress),
                    state="failed",
                    message=_last_line(ended.stderr),
                )
            )

    def _with_disk_progress(self, progress: DownloadProgress) -> DownloadProgress:
        """With what has come so far, as the disk has it."""
        home = self._settings.user_models_dir
        folders = home.glob(f".partial/{progress.repo.replace('/', '--')}-*")
        fetched = sum(_size(file) for folder in folders for file in folder.rglob("*"))
        return replace(progress, downloaded_bytes=min(fetched, progress.bytes))

    def _set_progress(self, progress: DownloadProgress) -> None:
        with self._lock:
            self._pulls.pop(progress.repo, None)
            self._pulls[progress.repo] = progress

    def _environment(self) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
        return environment | {
            "STUDIO_DATA_DIR": str(self._settings.data_dir),
            "STUDIO_HUB_URL": self._settings.hub_url,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "STUDIO_ERRORS": "json",
        }


def _cli_path() -> list[str]:
    return [sys.executable, "-m", "studio.cli"]


def _before_repo(arguments: list[str], *options: str) -> list[str]:
    """Options go before the `--` that ends them."""
    place = arguments.index("--")
    return [*arguments[:place], *options, *arguments[place:]]


def _last_line(text: str) -> Message:
    """Why the command failed: the message that it wrote, or whatever else its last line is."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (read_message(lines[-1]) if lines else None) or message("hub.command_silent")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0  # It was renamed while we looked.
