"""Diagnostics for the system page: active runs, job queue, engine caches, versions, recent log
lines."""

import logging
import platform
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from studio.services.rendering.render_service import RenderService
from studio.store.job_types import QueueDepth
from studio.store.jobs import JobStore

MAX_LOG_LINES = 200
REPORTED_PACKAGES = ("doodle-theme-studio", "torch", "diffusers", "transformers", "peft", "gradio")


class RecentLogHandler(logging.Handler):
    """A log handler that keeps the latest `MAX_LOG_LINES` lines in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._lines: deque[str] = deque(maxlen=MAX_LOG_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def lines(self) -> tuple[str, ...]:
        """The lines, oldest first."""
        return tuple(self._lines)


def install_recent_log() -> RecentLogHandler:
    """Collects the latest lines that the studio logs; the handler replaces one of an earlier application."""
    handler = RecentLogHandler()
    logger = logging.getLogger("studio")
    logger.setLevel(logging.INFO)
    for earlier in list(logger.handlers):
        if isinstance(earlier, RecentLogHandler):
            logger.removeHandler(earlier)
    logger.addHandler(handler)
    return handler


@dataclass(frozen=True)
class ActiveRun:
    """A run with jobs that have not ended."""

    request_id: str
    theme_slug: str
    pending_slots: tuple[str, ...]


@dataclass(frozen=True)
class QueueStatus:
    """Clients' jobs: queued ones by model and fair-share tier, running ones, and how many ended in
    each state in the last day. `mean_durations` has seconds of waiting, rendering and loading in
    this process, by model."""

    waiting: tuple[QueueDepth, ...]
    running: int
    ended: Mapping[str, int]
    mean_durations: Mapping[str, Mapping[str, float]]


def package_versions() -> Mapping[str, str]:
    """The versions of Python, of the studio and of the packages that decide images."""
    versions = {package: version(package) for package in REPORTED_PACKAGES}
    return {"python": platform.python_version(), **versions}


def active_runs(rendering: RenderService) -> tuple[ActiveRun, ...]:
    """The runs of this process that have not ended."""
    return tuple(
        ActiveRun(run.request.id, run.request.preset.slug, run.pending_slots)
        for run in rendering.active_runs()
    )


def queue_status(rendering: RenderService, jobs: JobStore) -> QueueStatus:
    """The job queue, with what this process has measured."""
    return QueueStatus(
        waiting=tuple(jobs.stats.queue_depths()),
        running=jobs.stats.count_running(),
        ended=jobs.stats.count_finished_since(datetime.now(UTC) - timedelta(days=1)),
        mean_durations=rendering.metrics.mean_durations(),
    )
