"""What an operator looks at when something is slow or odd: runs, tiers, caches, versions, log."""

import logging
import platform
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from studio.engine.stats import EngineStats
from studio.services.rendering.render_service import RenderService
from studio.settings import Settings
from studio.store.job_types import QueueDepth
from studio.store.jobs import JobStore

MAX_LOG_LINES = 200
PACKAGES = ("doodle-theme-studio", "torch", "diffusers", "transformers", "peft", "gradio")


class RecentLogHandler(logging.Handler):
    """Keeps the newest lines of the log in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._records: deque[str] = deque(maxlen=MAX_LOG_LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._records.append(self.format(record))

    def tail(self) -> tuple[str, ...]:
        return tuple(self._records)


@dataclass(frozen=True)
class ActiveRun:
    """A run that has not ended; `open` are the letters of its jobs that have not."""

    run: str
    theme_slug: str
    pending_slots: tuple[str, ...]


@dataclass(frozen=True)
class QueueStatus:
    """What clients asked for: what waits, by model and turn, what is drawn, how jobs of the last day
    ended; `seconds` are means of waiting, rendering and loading in this process, by model."""

    waiting: tuple[QueueDepth, ...]
    running: int
    ended: Mapping[str, int]
    mean_durations: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class SystemStatus:
    """`engine` is None until the first picture; bytes of the disk that holds the studio's home."""

    versions: dict[str, str]
    device: str
    home: str
    disk_free: int
    disk_total: int
    under_way: tuple[ActiveRun, ...]
    queue: QueueStatus
    engine: EngineStats | None
    log: tuple[str, ...]


def system_status(
    settings: Settings, rendering: RenderService, jobs: JobStore, log: Sequence[str]
) -> SystemStatus:
    disk = shutil.disk_usage(settings.data_dir)
    return SystemStatus(
        versions={"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        device=settings.device,
        home=str(settings.data_dir),
        disk_free=disk.free,
        disk_total=disk.total,
        under_way=tuple(
            ActiveRun(run.request.id, run.request.preset.slug, run.pending_slots)
            for run in rendering.active_runs()
        ),
        queue=QueueStatus(
            waiting=tuple(jobs.stats.queue_depths()),
            running=jobs.stats.count_running(),
            ended=jobs.stats.count_finished_since(datetime.now(UTC) - timedelta(days=1)),
            mean_durations=rendering.metrics.mean_durations(),
        ),
        engine=rendering.engine_status(),
        log=tuple(log),
    )
