"""Model downloads from a hub, started on the models page.

A server process never talks to a hub itself: each download is a process that runs `studio models
pull`, and its progress is read from the disk.
"""

import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from studio.errors import InvalidInputError, ModelHubError, NotFoundError, StudioError
from studio.messages import Message, message, read_message
from studio.recipes.base import FrozenModel, parse_document
from studio.recipes.generation.recipe import ModelType
from studio.settings import Settings

log = logging.getLogger(__name__)
ESTIMATE_TIMEOUT = 60
"""Seconds that the hub may take to answer what a download would cost."""
DownloadState = Literal["running", "done", "failed"]


class DownloadEstimate(FrozenModel):
    """The output of `studio models pull --dry-run --json`."""

    name: str
    files: int
    bytes: int


@dataclass(frozen=True)
class DownloadRequest:
    """A model to download, with the options of `studio models pull`."""

    repo: str
    kind: ModelType
    file: str | None = None
    variant: str | None = None

    def to_cli_args(self, *options: str) -> list[str]:
        """The arguments of the command, with further options before the `--` that ends them."""
        optional = (("--file", self.file), ("--variant", self.variant))
        return [
            *("models", "pull", f"--kind={self.kind}"),
            *(f"{name}={value}" for name, value in optional if value),
            *options,
            *("--", self.repo),
        ]


@dataclass(frozen=True)
class DownloadProgress:
    """How far a download is: `downloaded_bytes` of `bytes`."""

    repo: str
    name: str
    kind: ModelType
    bytes: int
    downloaded_bytes: int
    state: DownloadState
    message: Message | None = None


class ModelDownloads:
    """The downloads that this process has started, newest last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._downloads: dict[str, DownloadProgress] = {}

    def start(self, request: DownloadRequest) -> DownloadProgress:
        """Asks the hub for the size, then downloads in the background.

        Raises:
            InvalidInputError: a download from this repository is running, or the request is
                invalid.
            NotFoundError, ModelHubError: as `studio models pull` does.
        """
        pending = DownloadProgress(request.repo, request.repo, request.kind, 0, 0, "running")
        with self._lock:
            earlier = self._downloads.get(request.repo)
            if earlier is not None and earlier.state == "running":
                raise InvalidInputError("hub.already_running", repo=request.repo)
            self._downloads[request.repo] = pending
        try:
            estimate = self.estimate(request)
        except BaseException:
            self._set_progress(earlier, request.repo)
            raise
        progress = DownloadProgress(
            request.repo, estimate.name, request.kind, estimate.bytes, 0, "running"
        )
        self._set_progress(progress, request.repo)
        threading.Thread(target=self._run, args=(request, progress), daemon=True).start()
        return progress

    def list_all(self) -> tuple[DownloadProgress, ...]:
        """The downloads with their current progress."""
        with self._lock:
            downloads = tuple(self._downloads.values())
        return tuple(
            self._with_disk_progress(download) if download.state == "running" else download
            for download in downloads
        )

    def estimate(self, request: DownloadRequest) -> DownloadEstimate:
        """Asks the hub what would be downloaded. Raises as `start` does."""
        try:
            result = self._run_cli(
                request.to_cli_args("--dry-run", "--json"), timeout_seconds=ESTIMATE_TIMEOUT
            )
        except subprocess.TimeoutExpired:
            raise ModelHubError("hub.timeout") from None
        except ValueError:  # The name holds what no command line can carry, such as a NUL.
            raise InvalidInputError(
                "hub.repository_unreadable", repo=f"{request.repo!r:.80}"
            ) from None
        if result.returncode != 0:
            reason = _error_message(result.stderr)
            raise _error_type(result.returncode)(reason.id, **reason.params)
        return parse_document(DownloadEstimate, result.stdout, message("hub.response"))

    def _run(self, request: DownloadRequest, progress: DownloadProgress) -> None:
        try:
            result = self._run_cli(request.to_cli_args("--yes"))
            reason = None if result.returncode == 0 else _error_message(result.stderr)
        except OSError as error:  # No memory or no process is left.
            log.warning("%s cannot be downloaded: %s", request.repo, error)
            reason = message("hub.pull_without_output")
        final = replace(progress, state="done", downloaded_bytes=progress.bytes)
        if reason is not None:
            final = replace(self._with_disk_progress(progress), state="failed", message=reason)
        self._set_progress(final, request.repo)

    def _run_cli(
        self, arguments: list[str], timeout_seconds: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "studio.cli", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            env=self._environment(),
            check=False,
        )

    def _with_disk_progress(self, progress: DownloadProgress) -> DownloadProgress:
        """The progress by the sizes of the partial files."""
        models_dir = self._settings.user_models_dir
        directories = models_dir.glob(f".partial/{progress.repo.replace('/', '--')}-*")
        downloaded = sum(
            _file_size(file) for directory in directories for file in directory.rglob("*")
        )
        return replace(progress, downloaded_bytes=min(downloaded, progress.bytes))

    def _set_progress(self, progress: DownloadProgress | None, repo: str) -> None:
        """Puts a download last, or forgets it."""
        with self._lock:
            self._downloads.pop(repo, None)
            if progress is not None:
                self._downloads[repo] = progress

    def _environment(self) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
        return environment | {
            "STUDIO_DATA_DIR": str(self._settings.data_dir),
            "STUDIO_HUB_URL": self._settings.hub_url,
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "STUDIO_ERRORS": "json",
        }


def _error_type(exit_code: int) -> type[StudioError]:
    """The error class of the command's exit code."""
    known = (InvalidInputError, NotFoundError)
    return next((error for error in known if error.exit_code == exit_code), ModelHubError)


def _error_message(stderr: str) -> Message:
    """The message that the command wrote last; it writes errors as JSON (`STUDIO_ERRORS`)."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return (read_message(lines[-1]) if lines else None) or message("hub.pull_without_output")


def _file_size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0  # It was renamed meanwhile.
