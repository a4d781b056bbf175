"""Transfers to a simulated card: all of a component or nothing, whatever goes wrong."""

import gc
import threading
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from studio.engine.memory.component import Component
from studio.engine.memory.component_mover import DeviceFullError
from studio.engine.memory.device_ledger import DeviceLedger, LedgerEntry
from studio.engine.memory.device_transfer import RESERVE_BYTES, DeviceTransfer
from studio.engine.memory.eviction import DeviceLimits
from studio.engine.memory.host_slab import HostSlab
from studio.engine.memory.tiered_cache import TierCapacity, TieredModelCache
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
        self.eval()

    def forward(self, sample: torch.Tensor) -> torch.Tensor:
        """(batch, 6), shape unchanged."""
        output: torch.Tensor = self.layers(sample)
        return output


def new_component(number: int) -> Component:
    return Component(NumberedModule(number))


def weight_values(component: Component) -> set[float]:
    return {value for weight in component.weights for value in distinct_values(weight)}


# Issue 18, 3.
def test_many_failing_transfers_never_mix_models_nor_leak_memory() -> None:
    gpu, rng = SimulatedGpu(), Random(18)
    ledger: DeviceLedger[Component] = DeviceLedger(gpu, DeviceLimits(counts={"denoiser": 2}))
    cache: TieredModelCache[int, Component] = TieredModelCache(ledger, TierCapacity(3))
    refused = failed = succeeded = 0
    for index in range(NUM_ACQUIRES):
        number, fail_at = rng.randrange(8), gpu.transfers + rng.randrange(2)
        failure = rng.choice(["once", "always", "error"]) if index % 4 == 3 else "never"
        gpu.fail_on = lambda transfers, failure=failure, fail_at=fail_at: {  # type: ignore[misc]
            "once": out_of_memory() if transfers == fail_at else None,
            "always": out_of_memory() if transfers >= fail_at else None,
            "error": RuntimeError("CUDA error: illegal address") if transfers == fail_at else None,
        }.get(failure)

        def load(number: int = number) -> tuple[int, list[LedgerEntry[Component]]]:
            component = new_component(number)
            gpu.prepare(component)
            return number, [ledger.intern(component, "denoiser", Component.equals)]

        try:
            with cache.acquire(number, 1, load) as model, ledger.pinned(model.entries):
                succeeded += 1
                assert weight_values(model.entries[0].component) == {number}
        except DeviceFullError:
            refused += 1
        except RuntimeError:
            failed += 1
        residents = cache.status().residents
        assert gpu.device_memory.allocated == cache.status().bytes("device")
        assert not any(entry.pinned for entry in residents)
        if index % 4 == 3:
            assert all(len(weight_values(entry.component)) == 1 for entry in ledger.entries)
    assert min(refused, failed) > 5
    assert succeeded > NUM_ACQUIRES * 3 // 4
    cache.evict()
    del model
    gc.collect()
    assert (gpu.device_memory.allocated, gpu.pinned_bytes) == (0, 0)


# Issue 20, 5.
def test_component_goes_up_in_one_transfer_from_memory_of_its_size() -> None:
    gpu, component = SimulatedGpu(), new_component(7)
    offload = gpu.to_device(component)
    assert gpu.transfers == 1
    assert gpu.device_memory.allocated == gpu.pinned_bytes == gpu.size_bytes(component)
    offload()
    gpu.to_device(component)()
    assert gpu.pinned_bytes == gpu.size_bytes(component)


# Review of issue 20: one thread reads ahead what the other is to upload.
def test_two_threads_make_one_ram_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    component, made = new_component(7), []
    uploads = threading.Thread(target=SimulatedGpu().to_device, args=[component])

    def make(*args: Any) -> HostSlab:
        made.append(args)
        if len(made) == 1:
            uploads.start()
            uploads.join(0.05)  # With the fault it has made another by then.
        return HostSlab(*args)

    monkeypatch.setattr("studio.engine.memory.component.HostSlab", make)
    slab = component.make_slab(channels_last=False)
    uploads.join(60)
    assert len(made) == 1
    assert component.slab is slab


# Review of issue 20.
@pytest.mark.parametrize(("graph_bytes", "free"), [(0, 350), (30, 320), (300, 300)])
def test_pools_of_recorded_steps_are_not_free(
    monkeypatch: pytest.MonkeyPatch, graph_bytes: int, free: int
) -> None:
    """Of 150 bytes that torch holds 100 are allocated."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (RESERVE_BYTES + 300, 0))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: 150)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 100)
    transfer = DeviceTransfer(torch.device("cuda"))
    transfer.graph_bytes = lambda: graph_bytes
    assert transfer.free_bytes() == free


# Issue 20, 5.
def test_on_a_cpu_nothing_is_copied() -> None:
    transfer, component = DeviceTransfer(torch.device("cpu")), new_component(7)
    addresses = [weight.data_ptr() for weight in component.weights]
    transfer.prepare(component)
    transfer.to_device(component)()
    assert [weight.data_ptr() for weight in component.weights] == addresses
    assert component.slab is None
    assert not transfer.fuses_loras


@pytest.mark.parametrize("fail_at", range(3))
def test_failed_transfer_leaves_the_component_unchanged_in_ram(fail_at: int) -> None:
    """The third transfer is an adapter's."""
    gpu, component = SimulatedGpu(), new_component(7)
    attach_lora(component)
    gpu.fail_on = lambda transfers: out_of_memory() if transfers == fail_at else None
    with pytest.raises(DeviceFullError):
        gpu.to_device(component)
    assert weight_values(component) == {7}
    assert gpu.device_memory.allocated == 0
    offload = gpu.to_device(component)
    assert gpu.device_memory.allocated == gpu.size_bytes(component)
    offload()
    assert weight_values(component) == {7}
    assert gpu.device_memory.allocated == 0


def test_other_errors_of_a_transfer_are_raised_unchanged() -> None:
    gpu, component = SimulatedGpu(), new_component(7)
    gpu.fail_on = lambda transfers: KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        gpu.to_device(component)
    assert weight_values(component) == {7}
    assert gpu.device_memory.allocated == 0


def attach_lora(component: Component, name: str = "bright") -> None:
    config = LoraConfig(r=2, target_modules=["layers.0", "layers.1"], init_lora_weights=False)
    inject_adapter_in_model(config, component.module, name)


def adapter_bytes(component: Component) -> int:
    return sum(tensor.nbytes for tensor in component.adapter_tensors())


def test_adapters_attached_on_the_device_are_counted_and_come_back_with_the_component() -> None:
    """Attaching a LoRA renames the weights that it wraps."""
    gpu, component = SimulatedGpu(), new_component(7)
    gpu.prepare(component)
    before = gpu.size_bytes(component)
    offload = gpu.to_device(component)
    attach_lora(component)
    assert any("base_layer" in name for name, _ in component.module.named_parameters())
    offload()
    assert gpu.device_memory.allocated == 0
    assert weight_values(component) == {7}
    assert gpu.size_bytes(component) == before + adapter_bytes(component)
    gpu.to_device(component)
    assert gpu.device_memory.allocated == before + adapter_bytes(component)


def sample() -> torch.Tensor:
    """(4, 6)"""
    return torch.linspace(-1, 1, 24).view(4, 6)


# Issue 20, 5.
@pytest.mark.parametrize("undo", ["unfuse", "offload"])
@torch.no_grad()
def test_fused_loras_act_as_beside_the_weights_and_are_undone_bit_by_bit(undo: str) -> None:
    gpu, component = SimulatedGpu(fuses_loras=True), Component(NumberedModule(0))
    for weight in component.weights:
        weight.copy_(torch.linspace(0.1, 1, weight.numel()).view(weight.shape))
    plain = component.module(sample())
    attach_lora(component)
    beside = component.module(sample())
    offload = gpu.to_device(component)
    on_device = [weight.data.clone() for weight in component.weights]
    component.fuse()
    component.fuse()
    fused = component.module(sample())
    assert not any(layer.merged is False for layer in component._lora_layers())
    assert not torch.equal(fused, plain)
    torch.testing.assert_close(fused, beside)
    if undo == "unfuse":
        addresses = [weight.data_ptr() for weight in component.weights]
        gpu.unfuse(component)
        assert [weight.data_ptr() for weight in component.weights] == addresses
    else:
        offload()
        gpu.to_device(component)
    assert all(map(torch.equal, (weight.data for weight in component.weights), on_device))
    assert torch.equal(component.module(sample()), beside)
    for layer in component._lora_layers():
        layer.enable_adapters(False)
    assert torch.equal(component.module(sample()), plain)


# Issue 20, 5.
@pytest.mark.parametrize("way", ["in_turn", "by_blocks"])
@torch.no_grad()
def test_component_that_is_on_the_device_only_while_it_runs(way: str) -> None:
    gpu, module = SimulatedGpu(), NumberedModule(1)
    component = Component(module)
    expected = module(sample())
    gpu.prepare(component)
    seen: list[int] = []
    module.layers[1].register_forward_hook(lambda *_: seen.append(gpu.device_memory.allocated))
    with getattr(gpu, way)(component):
        for _ in range(2):
            assert torch.equal(component.module(sample()), expected)
            assert gpu.device_memory.allocated == 0
        assert 0 < seen[0] <= gpu.size_bytes(component)
        gpu.fail_on = lambda transfers: out_of_memory()
        with pytest.raises((DeviceFullError, torch.OutOfMemoryError)):
            component.module(sample())
        assert gpu.device_memory.allocated == 0
    assert weight_values(component) == {1}
    assert torch.equal(component.module(sample()), expected)


def test_blocks_are_on_the_device_one_by_one() -> None:
    gpu = SimulatedGpu()
    blocks = nn.ModuleList(nn.Linear(9, 9) for _ in "abc")
    component = Component(nn.ModuleDict({"blocks": blocks}))
    gpu.prepare(component)
    with gpu.by_blocks(component):
        for block in blocks:
            block(torch.zeros(1, 9))
    assert gpu.device_memory.peak == 9 * 9 * 4 + 9 * 4
    assert gpu.device_memory.allocated == 0


def test_shared_weights_are_transferred_once() -> None:
    component = new_component(7)
    twice = Component(nn.ModuleList([component.module, component.module]))
    gpu = SimulatedGpu()
    offload = gpu.to_device(twice)
    assert gpu.device_memory.allocated == gpu.size_bytes(twice) == gpu.size_bytes(component)
    offload()
    assert weight_values(component) == {7}


# Issue 20, 5.
def equal_pairs() -> Iterator[tuple[str, Component, bool]]:
    yield "equal", new_component(3), True
    yield "other weights", new_component(4), False
    wrapped = new_component(3)
    attach_lora(wrapped)
    yield "with a LoRA", wrapped, True
    on_device = new_component(3)
    gpu = SimulatedGpu()
    gpu.to_device(on_device)
    for weight in on_device.weights:
        weight.data.fill_(5)  # As fusing does.
    yield "changed on the device", on_device, True
    half = Component(NumberedModule(3).half())
    yield "another type", half, False
    last = new_component(3)
    last.weights[0].view(-1)[-1] = -0.0
    yield "one bit", last, False
    yield "another class", Component(nn.Sequential(NumberedModule(3))), False


@pytest.mark.parametrize(("name", "other", "is_equal"), list(equal_pairs()))
def test_components_are_equal_bit_by_bit_as_they_were_loaded(
    name: str, other: Component, is_equal: bool
) -> None:
    assert other.equals(new_component(3)) == is_equal
    assert new_component(3).equals(other) == is_equal


def test_what_is_plugged_in_for_a_render_stays_where_it_is() -> None:
    """The weights of an IP-Adapter are another component's: these bring them back."""
    gpu, component = SimulatedGpu(), new_component(7)
    gpu.prepare(component)
    offload = gpu.to_device(component)
    component.module.plugged_in = nn.Linear(2, 2)
    weight = component.module.plugged_in.weight.data
    assert adapter_bytes(component) == 0
    offload()
    assert component.module.plugged_in.weight.data is weight or (
        component.module.plugged_in.weight.data.data_ptr() == weight.data_ptr()
    )
