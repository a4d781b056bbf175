"""Memory that runs out, on a simulated card, through the engine's own door."""

from typing import Any

import pytest
import torch
from diffusers import StableDiffusionControlNetImg2ImgPipeline, StableDiffusionImg2ImgPipeline

from studio.engine.diffusion import pipeline as pipelines
from studio.engine.engine import Engine
from studio.errors import DeviceLostError, InsufficientMemoryError
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from tests.engine.card import SimulatedCard, out_of_memory
from tests.engine.conftest import Easel
from tests.engine.pixels import Pixels, pixels

QUICK: dict[str, Any] = {"steps": 2, "denoising_strength": 0.5}


def on_card(easel: Easel, card: SimulatedCard) -> Easel:
    engine = Engine(easel.catalog, "cpu", placement=card)
    return Easel(easel.studio, easel.catalog, engine)


def drawn(easel: Easel, base_model: str = "pocket-ink", **changes: Any) -> Pixels:
    job = easel.job(base_model=ModelRef(name=base_model), **QUICK, **changes)
    return pixels(easel.render(job).image)


def tiers(easel: Easel) -> dict[str, str]:
    return {each.key: each.tier for each in easel.engine.status().base_models.residents}


# Issue 18, 3.
@pytest.mark.parametrize("at", [0, 40, 200])
def test_where_a_base_model_finds_no_memory_another_leaves_and_it_is_drawn(
    easel: Easel, at: int
) -> None:
    card = SimulatedCard()
    tight = on_card(easel, card)
    drawn(tight, "pocket-water")
    before = card.sent
    card.fails = lambda sent: out_of_memory() if sent == before + at else None
    assert (drawn(tight) == drawn(easel)).all()
    assert tiers(tight) == {"pocket-water": "ram", "pocket-ink": "device"}
    status = tight.engine.status()
    assert not any(each.pinned for each in status.base_models.residents)
    assert (drawn(tight, "pocket-water") == drawn(easel, "pocket-water")).all()
    assert tight.engine.status().base_models.misses == 2


# Issue 18, 3.
def test_a_card_that_holds_one_base_model_draws_with_two_in_turn(easel: Easel) -> None:
    roomy = on_card(easel, SimulatedCard())
    drawn(roomy)
    status = roomy.engine.status()
    one = status.base_models.bytes("device") + status.controlnets.bytes("device")
    tight = on_card(easel, SimulatedCard(capacity=int(1.2 * one)))
    for base_model in ("pocket-ink", "pocket-water", "pocket-ink"):
        assert (drawn(tight, base_model) == drawn(easel, base_model)).all()
    assert tight.engine.status().base_models.misses == 2


# Issue 18, 3.
def test_a_model_that_finds_no_memory_at_all_is_named_and_nothing_is_left_behind(
    easel: Easel,
) -> None:
    card = SimulatedCard()
    tight = on_card(easel, card)
    card.fails = lambda sent: out_of_memory() if sent > 30 else None
    with pytest.raises(
        InsufficientMemoryError, match="model pocket-ink needs .* MB and the device has no memory"
    ):
        drawn(tight)
    assert card.card.held == 0
    card.fails = lambda sent: None
    assert (drawn(tight) == drawn(easel)).all()


# Issue 18, 2 and 3.
def test_a_device_that_is_lost_while_a_model_goes_up_says_so(easel: Easel) -> None:
    card = SimulatedCard()
    tight = on_card(easel, card)
    lost = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    card.fails = lambda sent: lost if sent == 30 else None
    with pytest.raises(DeviceLostError, match="device failed while rendering with pocket-ink"):
        drawn(tight)
    assert card.card.held == 0


# Issue 18, 3.
def test_memory_that_runs_out_while_drawing_costs_no_reading_from_the_disk(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, real, calls = SimulatedCard(), pipelines.run_pass, []
    tight = on_card(easel, card)
    bright: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
    drawn(tight, "pocket-water", **bright)
    before = tight.engine.status()

    def once(*arguments: Any) -> torch.Tensor:
        calls.append(tiers(tight))
        if len(calls) == 1:
            raise out_of_memory()
        return real(*arguments)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", once)
    drawn(tight)
    assert calls == [
        {"pocket-water": "device", "pocket-ink": "device"},
        {"pocket-water": "ram", "pocket-ink": "device"},
    ]
    drawn(tight, "pocket-water", **bright)
    after = tight.engine.status()
    assert after.base_models.misses == before.base_models.misses + 1
    assert after.lora_files.entries == before.lora_files.entries == 1
    assert after.lora_files.misses == before.lora_files.misses
    assert after.embeddings.misses == before.embeddings.misses + 1


# Issue 18, 3.
def test_memory_that_runs_out_while_a_lora_is_attached_is_not_blamed_on_the_lora(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    bright: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
    wanted = drawn(easel, **bright)
    calls: list[int] = []
    for pipe in (StableDiffusionControlNetImg2ImgPipeline, StableDiffusionImg2ImgPipeline):
        real = pipe.load_lora_weights

        def once(self: Any, *rest: Any, real: Any = real, **options: Any) -> Any:
            calls.append(1)
            if len(calls) == 1:
                raise out_of_memory()
            return real(self, *rest, **options)

        monkeypatch.setattr(pipe, "load_lora_weights", once)
    tight = on_card(easel, SimulatedCard())
    assert (drawn(tight, **bright) == wanted).all()
    assert len(calls) == 2
