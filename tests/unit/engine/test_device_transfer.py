"""Transfers to a simulated card: all of a model or nothing, whatever goes wrong."""

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
from tests.engine.simulated_gpu import SimulatedGpu, distinct_values, out_of_memory

NUM_ACQUIRES = 400


class NumberedModule(nn.Module):
    """All of its weights have one value, which identifies it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 6), nn.BatchNorm1d(6))
        for weight in (*self.parameters(), *self.buffers()):
            weight.requires_grad = False
            weight.fill_(number)


Model = SingleModule[NumberedModule]


def new_model(number: int) -> Model:
    return SingleModule(NumberedModule(number))


def weight_values(model: Model) -> set[float]:
    weights = (*model.module.parameters(), *model.module.buffers())
    return {value for weight in weights for value in distinct_values(weight)}


# Issue 18, 3.
def test_many_failing_transfers_never_mix_models_nor_leak_memory() -> None:
    gpu, rng = SimulatedGpu(), Random(18)
    cache: TieredModelCache[Model] = TieredModelCache(gpu, TierCapacity(2), TierCapacity(3))
    refused = failed = succeeded = 0
    for index in range(NUM_ACQUIRES):
        number, fail_at = rng.randrange(8), gpu.transfers + rng.randrange(8)
        failure = rng.choice(["once", "always", "error"]) if index % 4 == 3 else "never"
        gpu.fail_on = lambda transfers, failure=failure, fail_at=fail_at: {  # type: ignore[misc]
            "once": out_of_memory() if transfers == fail_at else None,
            "always": out_of_memory() if transfers >= fail_at else None,
            "error": RuntimeError("CUDA error: illegal address") if transfers == fail_at else None,
        }.get(failure)
        try:
            with cache.acquire(number, 1, lambda number=number: new_model(number)) as model:  # type: ignore[misc]
                succeeded += 1
                assert weight_values(model) == {number}
        except InsufficientMemoryError:
            refused += 1
        except RuntimeError:
            failed += 1
        on_device = [entry for entry in cache.status().residents if entry.tier == "device"]
        assert gpu.device_memory.allocated == sum(entry.bytes for entry in on_device)
        assert not any(entry.pinned for entry in cache.status().residents)
        if index % 4 == 3:
            for cached in cache._entries.values():
                assert len(weight_values(cached.model)) == 1
    assert min(refused, failed) > 10
    assert succeeded > NUM_ACQUIRES * 3 // 4
    cache.evict()
    del model, cached
    gc.collect()
    assert (gpu.device_memory.allocated, gpu.pinned_memory.allocated) == (0, 0)


@pytest.mark.parametrize("fail_at", range(9))
def test_failed_transfer_leaves_the_model_unchanged_in_ram(fail_at: int) -> None:
    gpu, model = SimulatedGpu(), new_model(7)
    gpu.fail_on = lambda transfers: out_of_memory() if transfers == fail_at else None
    with pytest.raises(DeviceFull):
        gpu.to_device(model)
    assert weight_values(model) == {7}
    assert gpu.device_memory.allocated == 0
    offload = gpu.to_device(model)
    assert gpu.device_memory.allocated == gpu.size_bytes(model)
    offload()
    assert weight_values(model) == {7}
    assert gpu.device_memory.allocated == 0


def test_other_errors_of_a_transfer_are_raised_unchanged() -> None:
    gpu, model = SimulatedGpu(), new_model(7)
    gpu.fail_on = lambda transfers: KeyboardInterrupt() if transfers == 3 else None
    with pytest.raises(KeyboardInterrupt):
        gpu.to_device(model)
    assert weight_values(model) == {7}
    assert gpu.device_memory.allocated == 0


def test_device_smaller_than_two_models_has_one_at_a_time() -> None:
    gpu = SimulatedGpu(capacity=int(1.5 * SimulatedGpu().size_bytes(new_model(0))))
    cache: TieredModelCache[Model] = TieredModelCache(gpu, TierCapacity(4), TierCapacity(4))
    for number in (0, 1, 2, 0, 1):
        with cache.acquire(number, 1, lambda number=number: new_model(number)) as model:  # type: ignore[misc]
            assert weight_values(model) == {number}
    status = cache.status()
    assert status.misses == 3
    assert [entry.tier for entry in status.residents].count("device") == 1
    with (
        cache.acquire(0, 1, lambda: new_model(0)),
        pytest.raises(InsufficientMemoryError, match="model 2 needs .* no memory left"),
        cache.acquire(2, 1, lambda: new_model(2)),
    ):
        pass


def base_weights(model: Model) -> Iterator[torch.Tensor]:
    """The weights that are not a LoRA's, of any shape."""
    return (weight for name, weight in model.module.named_parameters() if "lora" not in name)


def test_offloading_after_a_lora_was_attached_copies_no_base_weight() -> None:
    """Attaching a LoRA renames the weights that it wraps."""
    gpu, model = SimulatedGpu(), new_model(7)
    offload = gpu.to_device(model)
    config = LoraConfig(r=2, target_modules=["layers.0", "layers.1"], init_lora_weights=False)
    inject_adapter_in_model(config, model.module, "bright")
    assert any("base_layer" in name for name, _ in model.module.named_parameters())
    offload()
    assert gpu.device_memory.allocated == 0
    assert {value for weight in base_weights(model) for value in distinct_values(weight)} == {7}
    pinned = gpu.pinned_memory.allocated
    second_offload = gpu.to_device(model)
    second_offload()
    del offload, second_offload
    gc.collect()
    adapter_bytes = sum(w.nbytes for n, w in model.module.named_parameters() if "lora" in n)
    assert gpu.pinned_memory.allocated == pinned + adapter_bytes


def test_shared_weights_are_transferred_once() -> None:
    model = new_model(7)
    twice = nn.ModuleList([model.module, model.module])
    gpu = SimulatedGpu()
    offload = gpu.to_device(SingleModule(twice))
    assert gpu.device_memory.allocated == gpu.size_bytes(model)
    offload()
    assert weight_values(model) == {7}
