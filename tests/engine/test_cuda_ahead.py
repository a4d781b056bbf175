"""What only a graphics card can show of working ahead: side streams change no bit and stop no recording."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch

from studio.engine.engine import Engine
from studio.engine.results import RenderListener
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ModelRef
from tests import examples
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import Pixels, pixels

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device is here"),
]

SMALL: dict[str, Any] = {"steps": 8, "control_units": (examples.unit("scribble"),)}


class Card:
    """A new engine on the card."""

    def __init__(self, harness: RenderHarness) -> None:
        self.harness, self.engine = harness, Engine(harness.catalog, "cuda")

    def job(self, base_model: str = "pocket-ink", prompt: str = "", **changes: Any) -> RenderJob:
        job = self.harness.job(base_model=ModelRef(name=base_model), **(SMALL | changes))
        return job.model_copy(update={"prompt": prompt or job.prompt})

    def inputs(self, job: RenderJob) -> tuple[Any, Any]:
        base = decode(self.harness.studio.stores.base_images.read_png(job.base_image))
        return base, decode(job.doodle.png_bytes) if job.doodle else None

    def draw(self, job: RenderJob, on_step: Callable[[], None] = lambda: None) -> Pixels:
        listener = RenderListener(on_step=lambda _done, _total: on_step())
        return pixels(self.engine.render(job, *self.inputs(job), listener).image)

    def prepare(self, job: RenderJob) -> threading.Thread:
        """Works ahead in another thread, which has begun when this returns."""
        thread = threading.Thread(target=self.engine.prepare, args=[job, *self.inputs(job)])
        thread.start()
        return thread


def test_prompts_encoded_on_a_side_stream_have_the_same_bits(harness: RenderHarness) -> None:
    card, plain = Card(harness), Card(harness)
    card.draw(card.job())
    threads: list[threading.Thread] = []
    others = [card.job(prompt=f"a coat of color {number}") for number in range(6)]

    def work_ahead() -> None:
        if len(threads) < len(others):
            threads.append(card.prepare(others[len(threads)]))

    card.draw(card.job(prompt="a hat"), work_ahead)
    for thread in threads:
        thread.join(60)
    misses = card.engine.status().embeddings.misses
    for job in others:
        assert (card.draw(job) == plain.draw(job)).all()
    assert card.engine.status().embeddings.misses == misses


def test_the_next_base_model_goes_up_beside_the_steps(harness: RenderHarness) -> None:
    card, plain = Card(harness), Card(harness)
    first, second = card.job(steps=40), card.job("pocket-water")
    threads: list[threading.Thread] = []

    def work_ahead() -> None:
        if not threads:
            threads.append(card.prepare(second))

    assert (card.draw(first, work_ahead) == plain.draw(first)).all()
    threads[0].join(60)
    tiers = {entry.key: entry.tier for entry in card.engine.status().base_models.residents}
    assert tiers["pocket-water"] == "device"
    assert (card.draw(second) == plain.draw(second)).all()


def test_recordings_are_made_while_another_thread_works_ahead(harness: RenderHarness) -> None:
    card, stop = Card(harness), threading.Event()
    jobs = [
        card.job(name, f"a coat {number}", width=256 + 64 * number)
        for number in range(4)
        for name in ("pocket-ink", "pocket-water")
    ]

    def work_ahead() -> None:
        while not stop.is_set():
            for job in jobs:
                card.engine.prepare(job, *card.inputs(job))

    thread = threading.Thread(target=work_ahead)
    thread.start()
    try:
        drawn = [card.draw(job) for job in jobs]
    finally:
        stop.set()
        thread.join(60)
    assert card.engine.status().graph_fallbacks == 0
    alone = Card(harness)
    for image, job in zip(drawn, jobs, strict=True):
        assert (image == alone.draw(job)).all()
