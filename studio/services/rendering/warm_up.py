"""Loads the models of the theme that the studio page opens with, so that the first Generate need not wait."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from studio.errors import StudioError
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.planning import plan_jobs
from studio.services.rendering.render_service import RenderService
from studio.store.base_images import BaseImageStore
from studio.store.themes import ThemeStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WarmUpStatus:
    """What the warm-up does: it starts the renderer (`model` empty), or loads a model, since `seconds`."""

    model: str
    seconds: float


class WarmUp:
    """Starts the renderer and reads models into RAM, in a thread of its own.

    Whoever generates meanwhile goes first: the renderer, which is built in the render thread, is what a
    run needs as well; a model that is on its way is loaded once for both; and no further model is begun
    while a run goes on, which loads what it needs itself.
    """

    def __init__(
        self,
        renders: RenderService,
        read_jobs: Callable[[], Sequence[RenderJob]],
        max_models: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`read_jobs` are the jobs whose models are loaded, of `max_models` base models at most; `clock`
        gives monotonic seconds."""
        self._renders, self._read_jobs = renders, read_jobs
        self._max_models = max_models
        self._clock = clock
        self._current: tuple[str, float] | None = None
        self._is_stopped = threading.Event()

    def start(self) -> None:
        """Begins in the background."""
        self._start_loading("")
        threading.Thread(target=self.run, name="warm-up", daemon=True).start()

    def stop(self) -> None:
        """Begins nothing more."""
        self._is_stopped.set()

    @property
    def status(self) -> WarmUpStatus | None:
        """What it does now; None before its start and after its end."""
        if (current := self._current) is None:
            return None
        model, began_at = current
        return WarmUpStatus(model, self._clock() - began_at)

    def run(self) -> None:
        """Warms up, in the thread of the caller. What fails is logged: it fails again, with a reason on the
        page, when somebody generates."""
        started_at = self._clock()
        try:
            self._start_loading("")
            self._renders.build_renderer(self._is_stopped.is_set)
            for job in of_first_models(self._read_jobs(), self._max_models):
                if self._is_stopped.is_set() or self._renders.active_runs():
                    return
                self._start_loading(job.recipe.base_model.name)
                self._renders.prefetch(job)
            log.info("warmed up in %.1f s", self._clock() - started_at)
        except StudioError as error:
            log.warning("the warm-up ended early: %s", error)
        except Exception:
            log.exception("the warm-up ended early")
        finally:
            self._current = None

    def _start_loading(self, model: str) -> None:
        self._current = model, self._clock()


def of_first_models(jobs: Sequence[RenderJob], max_models: int) -> list[RenderJob]:
    """The jobs of the first `max_models` base models, model by model: their ControlNets may differ."""
    models = list(dict.fromkeys(job.recipe.base_model.name for job in jobs))[:max_models]
    return [job for model in models for job in jobs if job.recipe.base_model.name == model]


def jobs_of_latest_theme(themes: ThemeStore, base_images: BaseImageStore) -> tuple[RenderJob, ...]:
    """The jobs of the theme that was saved last, which the page opens with."""
    request = GenerationRequest(
        id=secrets.token_hex(16),
        base_image=base_images.list_all()[0],
        preset=themes.latest_saved().preset,
        seed=0,
    )
    return plan_jobs(request)
