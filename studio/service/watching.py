"""What an operator looks at when something is slow or odd: runs, tiers, caches, versions, log."""

import logging
import platform
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

from studio.engine.status import EngineStatus
from studio.service.rendering import RenderService
from studio.settings import Settings
from studio.store.job_types import Waiting
from studio.store.jobs import JobStore

LINES = 200
PACKAGES = ("doodle-theme-studio", "torch", "diffusers", "transformers", "peft", "gradio")


class Journal(logging.Handler):
    """Keeps the newest lines of the log in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._lines: deque[str] = deque(maxlen=LINES)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def tail(self) -> tuple[str, ...]:
        return tuple(self._lines)


@dataclass(frozen=True)
class RunUnderWay:
    """A run that has not ended; `open` are the letters of its jobs that have not."""

    run: str
    preset: str
    open: tuple[str, ...]


@dataclass(frozen=True)
class QueueStatus:
    """What clients asked for: what waits, by model and turn, what is drawn, how jobs of the last day
    ended; `seconds` are means of waiting, rendering and loading in this process, by model."""

    waiting: tuple[Waiting, ...]
    running: int
    ended: Mapping[str, int]
    seconds: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class SystemStatus:
    """`engine` is None until the first picture; bytes of the disk that holds the studio's home."""

    versions: dict[str, str]
    device: str
    home: str
    disk_free: int
    disk_total: int
    under_way: tuple[RunUnderWay, ...]
    queue: QueueStatus
    engine: EngineStatus | None
    log: tuple[str, ...]


def system_status(
    settings: Settings, rendering: RenderService, jobs: JobStore, log: Sequence[str]
) -> SystemStatus:
    disk = shutil.disk_usage(settings.home)
    return SystemStatus(
        versions={"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        device=settings.device,
        home=str(settings.home),
        disk_free=disk.free,
        disk_total=disk.total,
        under_way=tuple(
            RunUnderWay(run.request.id, run.request.preset.slug, run.open_letters)
            for run in rendering.under_way()
        ),
        queue=QueueStatus(
            waiting=tuple(jobs.waiting_by_model()),
            running=jobs.running(),
            ended=jobs.ended_since(datetime.now(UTC) - timedelta(days=1)),
            seconds=rendering.metrics.means(),
        ),
        engine=rendering.engine_status(),
        log=tuple(log),
    )
