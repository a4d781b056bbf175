"""Requests through the whole service, several queued at once: preparer, lane and finisher at work."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu.cases import NEGATIVE_PROMPT, PROMPT
from benchmarks.workloads import CanvasInput
from studio.app import AppContainer, create_app_container
from studio.engine.engine import Engine
from studio.recipes.generation.events import JobCompleted
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.themes.preset import Preset, RecipeSet
from studio.settings import Settings

QUEUED_REQUESTS = 3


class ServedPeer:
    """The engine behind the render service of a studio."""

    def __init__(
        self, home: Path, engine: Engine, canvas: CanvasInput, jobs: Sequence[RenderJob]
    ) -> None:
        """`home` is the data directory; `jobs` are the four of a request."""
        settings = Settings(data_dir=home)
        self._studio: AppContainer = create_app_container(settings, lambda: engine)
        self._engine, self._canvas, self._doodle = engine, canvas, jobs[0].doodle
        recipes = {
            job.slot: job.recipe.model_copy(update={"negative_prompt": NEGATIVE_PROMPT})
            for job in jobs
        }
        self._preset = Preset(slug="benchmark", name="Benchmark", recipes=RecipeSet(**recipes))
        self._seeds = iter(range(2**32))

    def request(self) -> None:
        """As the other peers: one request, up to the end of its last job."""
        self.requests(1)

    def requests(self, count: int = QUEUED_REQUESTS) -> None:
        """So many requests, queued at once. Raises RuntimeError when an image is missing."""
        renders = self._studio.rendering.renders
        runs = [renders.start(self._request()) for _ in range(count)]
        finished = [event for run in runs for event in run.events()]
        images = sum(isinstance(event, JobCompleted) for event in finished)
        if images != 4 * count:
            raise RuntimeError(f"{images} of {4 * count} images were rendered")

    def _request(self) -> GenerationRequest:
        return GenerationRequest(
            id=secrets.token_hex(16),
            base_image=self._canvas.base_image,
            doodle=self._doodle,
            user_prompt=PROMPT,
            preset=self._preset,
            seed=next(self._seeds),
        )

    def close(self) -> None:
        self._studio.close()
        self._engine.unload_all()
