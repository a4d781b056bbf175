"""Models on a simulated card: whole or not there at all, whatever goes wrong on the way up."""

import gc
from collections.abc import Iterator
from random import Random

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from studio.engine.memory.device_transfer import SingleModule
from studio.engine.memory.tiered_cache import DeviceFull, TierCapacity, TieredModelCache
from studio.errors import InsufficientMemoryError
from tests.engine.card import SimulatedCard, out_of_memory, values

LOADS = 400


class Net(nn.Module):
    """All of its weights are one number, which is its name."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6), nn.BatchNorm1d(6))
        for weight in (*self.parameters(), *self.buffers()):
            weight.requires_grad_(False).fill_(number)


def net(number: int) -> SingleModule[Net]:
    return SingleModule(Net(number))


def numbers(model: SingleModule[Net]) -> set[float]:
    weights = (*model.module.parameters(), *model.module.buffers())
    return {value for weight in weights for value in values(weight)}


# Issue 18, 3.
def test_four_hundred_loads_with_failures_never_mix_two_models_and_leak_nothing() -> None:
    card, chance = SimulatedCard(), Random(18)
    shelf: TieredModelCache[SingleModule[Net]] = TieredModelCache(
        card, TierCapacity(2), TierCapacity(3)
    )
    refused = broken = drawn = 0
    for load in range(LOADS):
        number, at = chance.randrange(8), card.sent + chance.randrange(8)
        how = chance.choice(["once", "always", "error"]) if load % 4 == 3 else "never"
        card.fails = lambda sent, how=how, at=at: {  # type: ignore[misc]
            "once": out_of_memory() if sent == at else None,
            "always": out_of_memory() if sent >= at else None,
            "error": RuntimeError("CUDA error: an illegal address") if sent == at else None,
        }.get(how)
        try:
            with shelf.acquire(number, 1, lambda number=number: net(number)) as model:  # type: ignore[misc]
                drawn += 1
                assert numbers(model) == {number}
        except InsufficientMemoryError:
            refused += 1
        except RuntimeError:
            broken += 1
        on_device = [held for held in shelf.status().residents if held.tier == "device"]
        assert card.card.held == sum(held.bytes for held in on_device)
        assert not any(held.pinned for held in shelf.status().residents)
        if load % 4 == 3:
            for held in shelf._entries.values():
                assert len(numbers(held.model)) == 1
    assert min(refused, broken) > 10
    assert drawn > LOADS * 3 // 4
    shelf.evict()
    del model, held
    gc.collect()
    assert (card.card.held, card.pages.held) == (0, 0)


@pytest.mark.parametrize("at", range(9))
def test_an_upload_that_fails_leaves_the_model_in_ram_as_it_was(at: int) -> None:
    card, model = SimulatedCard(), net(7)
    card.fails = lambda sent: out_of_memory() if sent == at else None
    with pytest.raises(DeviceFull):
        card.to_device(model)
    assert numbers(model) == {7}
    assert card.card.held == 0
    down = card.to_device(model)
    assert card.card.held == card.size_bytes(model)
    down()
    assert numbers(model) == {7}
    assert card.card.held == 0


def test_what_is_no_lack_of_memory_is_told_as_it_is() -> None:
    card, model = SimulatedCard(), net(7)
    card.fails = lambda sent: KeyboardInterrupt() if sent == 3 else None
    with pytest.raises(KeyboardInterrupt):
        card.to_device(model)
    assert numbers(model) == {7}
    assert card.card.held == 0


def test_a_card_smaller_than_two_models_holds_one_after_the_other() -> None:
    card = SimulatedCard(capacity=int(1.5 * SimulatedCard().size_bytes(net(0))))
    shelf: TieredModelCache[SingleModule[Net]] = TieredModelCache(
        card, TierCapacity(4), TierCapacity(4)
    )
    for number in (0, 1, 2, 0, 1):
        with shelf.acquire(number, 1, lambda number=number: net(number)) as model:  # type: ignore[misc]
            assert numbers(model) == {number}
    status = shelf.status()
    assert status.misses == 3
    assert [held.tier for held in status.residents].count("device") == 1
    with (
        shelf.acquire(0, 1, lambda: net(0)),
        pytest.raises(InsufficientMemoryError, match="model 2 needs .* no memory left"),
        shelf.acquire(2, 1, lambda: net(2)),
    ):
        pass


def base_weights(model: SingleModule[Net]) -> Iterator[torch.Tensor]:
    return (weight for name, weight in model.module.named_parameters() if "lora" not in name)


def test_a_lora_attached_on_the_device_leaves_the_way_down_without_copies() -> None:
    """It renames the weights that it wraps."""
    card, model = SimulatedCard(), net(7)
    down = card.to_device(model)
    layers = LoraConfig(r=2, target_modules=["layers.0", "layers.1"], init_lora_weights=False)
    inject_adapter_in_model(layers, model.module, "bright")
    assert any("base_layer" in name for name, _ in model.module.named_parameters())
    down()
    assert card.card.held == 0
    assert {value for weight in base_weights(model) for value in values(weight)} == {7}
    pages = card.pages.held
    again = card.to_device(model)
    again()
    del down, again
    gc.collect()
    adapters = sum(w.nbytes for n, w in model.module.named_parameters() if "lora" in n)
    assert card.pages.held == pages + adapters


def test_weights_that_two_modules_share_go_up_once() -> None:
    both = net(7)
    shared = nn.ModuleList([both.module, both.module])
    card = SimulatedCard()
    down = card.to_device(SingleModule(shared))
    assert card.card.held == card.size_bytes(both)
    down()
    assert numbers(both) == {7}
