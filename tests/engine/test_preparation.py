"""Issue 20, 3: what is made ahead of a job's render is what the render would make, and leaves it less to do.

On a simulated card; the preparer's thread is a real one.
"""

import threading
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from studio.engine import job_images
from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.results import RenderListener
from studio.errors import InvalidInputError
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from tests.engine.conftest import RenderHarness, decode
from tests.engine.pixels import Pixels, pixels
from tests.engine.simulated_gpu import SimulatedGpu
from tests.engine.simulated_graphs import SimulatedGraphBackend

FAST: dict[str, Any] = {"steps": 2, "denoising_strength": 0.5, "control_units": ()}
NEON: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
MASK: dict[str, Any] = {"mask": {"area": "doodle", "grow": 12, "feather": 6}}
WATER: dict[str, Any] = {"base_model": ModelRef(name="pocket-water")}


class Card(RenderHarness):
    """An engine on a simulated card; `prepare` works ahead in another thread than the caller's."""

    def __init__(
        self, harness: RenderHarness, gpu: SimulatedGpu | None = None, **limits: Any
    ) -> None:
        self.gpu = gpu or SimulatedGpu()
        engine = Engine(
            harness.catalog,
            "cpu",
            CacheLimits(**({"graph_bytes": 100} | limits)),
            mover=self.gpu,
            graph_backend=SimulatedGraphBackend(),
        )
        super().__init__(harness.studio, harness.catalog, engine)
        self.decoded: dict[str, Any] = {}

    def inputs(self, job: RenderJob) -> tuple[Any, Any]:
        """The job's images, decoded once, as the render service has them."""
        base, doodle = job.base_image, job.doodle
        if base.sha256 not in self.decoded:
            self.decoded[base.sha256] = decode(self.studio.stores.base_images.read_png(base))
        if doodle and doodle.sha256 not in self.decoded:
            self.decoded[doodle.sha256] = decode(doodle.png_bytes)
        return self.decoded[base.sha256], self.decoded[doodle.sha256] if doodle else None

    def prepare(self, job: RenderJob) -> None:
        errors: list[BaseException] = []

        def work() -> None:
            try:
                self.engine.prepare(job, *self.inputs(job))
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(120)
        assert not thread.is_alive()
        if errors:
            raise errors[0]

    def draw(self, job: RenderJob, on_step: Callable[[], None] = lambda: None) -> Pixels:
        listener = RenderListener(on_step=lambda _done, _total: on_step())
        return pixels(self.engine.render(job, *self.inputs(job), listener).image)

    def on_device(self) -> dict[str, bool]:
        """Base models by name, and whether their denoisers are on the card."""
        residents = self.engine.status().base_models.residents
        return {entry.key: entry.tier == "device" for entry in residents}

    @property
    def encoded(self) -> int:
        """Prompts that were encoded."""
        return self.engine.status().embeddings.entries


def other_prompt(job: RenderJob, prompt: str = "a green coat") -> RenderJob:
    return job.model_copy(update={"prompt": prompt})


def test_prompts_are_encoded_ahead_with_the_same_bits(harness: RenderHarness) -> None:
    card, plain = Card(harness), Card(harness)
    first = harness.job(**FAST)
    second = other_prompt(first)
    card.draw(first)
    before = card.encoded
    card.prepare(second)
    assert card.encoded == before + 1
    misses = card.engine.status().embeddings.misses
    assert (card.draw(second) == plain.draw(second)).all()
    assert card.engine.status().embeddings.misses == misses


def test_the_next_job_s_models_are_on_the_card_when_its_turn_comes(harness: RenderHarness) -> None:
    """While another job is drawn, whose pixels stay as they are."""
    card, plain = Card(harness), Card(harness)
    first, second = harness.job(**FAST), harness.job(**FAST, **WATER)
    prepared: list[bool] = []

    def work_ahead() -> None:
        if not prepared:
            card.prepare(second)
            prepared.append(card.on_device()["pocket-water"])

    assert (card.draw(first, work_ahead) == plain.draw(first)).all()
    assert prepared == [True]
    transfers, reserve = card.gpu.transfers, card.engine.status()
    assert (card.draw(second) == plain.draw(second)).all()
    assert card.gpu.transfers == transfers
    assert card.engine.status().base_models.misses == reserve.base_models.misses


def test_nothing_that_the_running_job_needs_makes_room(harness: RenderHarness) -> None:
    card = Card(harness, max_device_models=1)
    first, second = harness.job(**FAST), harness.job(**FAST, **WATER)
    seen: list[dict[str, bool]] = []

    def work_ahead() -> None:
        card.prepare(second)
        seen.append(card.on_device())

    card.draw(first, work_ahead)
    assert seen[0] == {"pocket-ink": True, "pocket-water": False}
    card.prepare(second)  # Between two jobs nothing is in use.
    assert card.on_device() == {"pocket-ink": False, "pocket-water": True}


def test_what_does_not_fit_beside_the_running_job_is_left_to_the_render(
    harness: RenderHarness,
) -> None:
    unlimited = Card(harness)
    first, second = harness.job(**FAST), harness.job(**FAST, **WATER)
    expected = unlimited.draw(second)
    size = unlimited.engine.status().base_models.bytes("device")
    card = Card(harness, SimulatedGpu(capacity=int(1.2 * size)), graph_bytes=0)
    card.draw(first, lambda: card.prepare(second))
    assert card.on_device() == {"pocket-ink": True, "pocket-water": False}
    assert (card.draw(second) == expected).all()
    assert dict(card.engine.status().oom_steps) == {}


@pytest.mark.parametrize("fuses_loras", [False, True])
def test_prompts_with_loras_and_beside_loras_are_left_to_the_render(
    harness: RenderHarness, fuses_loras: bool
) -> None:
    """LoRAs may change the text encoder: with them nothing is encoded ahead."""
    card = Card(harness, SimulatedGpu(fuses_loras=fuses_loras))
    plain = Card(harness, SimulatedGpu(fuses_loras=fuses_loras))
    with_lora, without = harness.job(**FAST, **NEON), other_prompt(harness.job(**FAST))
    card.draw(harness.job(**FAST))
    before = card.encoded
    card.prepare(with_lora)
    assert card.encoded == before
    drawn = card.draw(with_lora, lambda: card.prepare(without))
    assert (drawn == plain.draw(with_lora)).all()
    assert (card.draw(without) == plain.draw(without)).all()


def test_masks_and_images_are_made_ahead_and_put_back_after_the_render(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    for name in ("job_mask", "overlay_doodle"):
        real = getattr(job_images, name)

        def counting(*args: Any, _real: Any = real, _name: str = name, **kwargs: Any) -> Any:
            calls.append(_name)
            return _real(*args, **kwargs)

        monkeypatch.setattr(job_images, name, counting)
    card, job = Card(harness), harness.job(**FAST, **MASK)
    upscaled = harness.job(**FAST, **MASK, upscale={"enabled": True, "scale_factor": 1.5})
    for each in (job, upscaled):
        card.prepare(each)
    assert sorted(calls) == ["job_mask"] * 3 + ["overlay_doodle"] * 2
    result = card.engine.render(job, *card.inputs(job))
    assert (pixels(result.decoded) != pixels(result.image)).any()
    assert len(calls) == 5
    assert (pixels(result.image) == Card(harness).draw(job)).all()


def test_a_mask_that_is_empty_is_refused_ahead_and_again_by_the_render(
    harness: RenderHarness,
) -> None:
    card, job = Card(harness), harness.job("star-dress", **FAST, **MASK)
    empty = decode(job.doodle.png_bytes).point(lambda _: 0) if job.doodle else None
    base, _ = card.inputs(job)
    calls: list[Callable[..., object]] = [card.engine.prepare, card.engine.render]
    for call in calls:
        with pytest.raises(InvalidInputError, match="the area that may change is empty"):
            call(job, base, empty)


def test_random_jobs_beside_a_preparer_draw_what_they_draw_alone(harness: RenderHarness) -> None:
    """Two threads, on a card with room for little more than one base model."""
    rng, unlimited = Random(20), Card(harness, SimulatedGpu(fuses_loras=True))
    choices: list[dict[str, Any]] = [
        {**rng.choice([{}, WATER]), **rng.choice([{}, {}, NEON]), **rng.choice([{}, MASK])}
        for _ in range(8)
    ]
    jobs = [
        other_prompt(harness.job(**FAST, **changes), f"coat {rng.randrange(6)}")
        for changes in choices
    ]
    expected = [unlimited.draw(job) for job in jobs]
    size = unlimited.engine.status().base_models.bytes("device")
    gpu = SimulatedGpu(capacity=int(1.2 * size), fuses_loras=True)
    card, stop = Card(harness, gpu, graph_bytes=0), threading.Event()
    for job in jobs:
        card.inputs(job)
    errors: list[BaseException] = []

    def work_ahead() -> None:
        order = Random(7)
        try:
            while not stop.is_set():
                job = order.choice(jobs)
                card.engine.prepare(job, *card.inputs(job))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work_ahead)
    thread.start()
    try:
        drawn = [card.draw(job) for job in jobs]
    finally:
        stop.set()
        thread.join(120)
    assert not errors
    for image, alone in zip(drawn, expected, strict=True):
        assert (image == alone).all()
    card.engine.unload_all()
    assert gpu.device_memory.allocated == 0
