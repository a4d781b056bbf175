"""What only a graphics card can show of the ledger: bits after LoRAs and moves, pinned memory, the
ladder under a small budget."""

import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
import torch

from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.engine.memory.component import Component
from studio.engine.memory.device_transfer import DeviceTransfer
from studio.engine.memory.host_slab import HostSlab
from studio.errors import RenderError
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import Pixels, pixels

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card"),
]

FAST: dict[str, Any] = {"steps": 2, "denoising_strength": 0.5}
NEON: dict[str, Any] = {"loras": [LoraSettings(model=ModelRef(name="pocket-neon"))]}
COPY_SHARE = 0.8
"""Of the rate of a pinned copy that a component reaches at least."""


def on_card(harness: RenderHarness, **limits: Any) -> RenderHarness:
    engine = Engine(harness.catalog, "cuda", CacheLimits(**limits))
    return RenderHarness(harness.studio, harness.catalog, engine)


def render(harness: RenderHarness, base_model: str = "pocket-ink", **changes: Any) -> Pixels:
    job = harness.job(base_model=ModelRef(name=base_model), **FAST, **changes)
    return pixels(harness.render(job).image)


@pytest.fixture
def card(harness: RenderHarness) -> Iterator[RenderHarness]:
    on_cuda = on_card(harness, max_device_models=1)
    yield on_cuda
    on_cuda.engine.unload_all()


def test_pixels_are_the_same_after_a_lora_and_after_a_move(card: RenderHarness) -> None:
    before = render(card)
    with_lora = render(card, **NEON)
    assert (with_lora != before).any()
    assert (render(card) == before).all()
    render(card, "pocket-water")
    assert (render(card) == before).all()
    assert (render(card, **NEON) == with_lora).all()


def test_random_jobs_under_a_small_budget_never_run_out_of_memory(card: RenderHarness) -> None:
    """The rest of the card is taken by a block, so that torch itself runs out of memory."""
    render(card)
    used = torch.cuda.max_memory_reserved()
    card.engine.unload_all()
    free, _ = torch.cuda.mem_get_info()
    budget = used + 256 * 2**20
    block = torch.empty(max(0, free - budget), dtype=torch.uint8, device="cuda")
    rng, refused = Random(20), 0
    for _ in range(40):
        size = {"width": rng.choice([256, 512, 1024]), "height": rng.choice([256, 512])}
        model, loras = rng.choice(["pocket-ink", "pocket-water"]), rng.choice([{}, NEON])
        try:
            render(card, model, **size, **loras)
        except RenderError:
            refused += 1
    del block
    torch.cuda.empty_cache()
    assert refused < 40


def test_component_goes_up_at_the_rate_of_a_pinned_copy() -> None:
    transfer = DeviceTransfer(torch.device("cuda"))
    component = Component(torch.nn.Sequential(*(torch.nn.Linear(2048, 2048) for _ in range(64))))
    transfer.prepare(component)
    transfer.to_device(component)()
    pinned = torch.empty(transfer.size_bytes(component), dtype=torch.uint8).pin_memory()

    def there_and_back() -> None:
        transfer.to_device(component)()

    ours = min(_seconds(there_and_back) for _ in range(5))
    plain = min(_seconds(lambda: pinned.to("cuda", non_blocking=True)) for _ in range(5))
    assert plain / ours >= COPY_SHARE


def _seconds(func: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    started_at = time.perf_counter()
    func()
    torch.cuda.synchronize()
    return time.perf_counter() - started_at


def test_slab_is_pinned_and_its_memory_goes_back() -> None:
    slab = HostSlab([torch.ones(1000)])
    slab.pin(torch.device("cuda"))
    assert slab.block.is_pinned()
    slab.pin(torch.device("cuda"))
    copy = slab.block.to("cuda", non_blocking=True)
    del slab
    assert torch.equal(copy[:4].cpu().view(torch.float32), torch.ones(1))
