"""Weights side by side in one block."""

import mmap
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from studio.engine.memory.host_slab import ALIGNMENT, HostSlab, _unregister


def test_views_have_the_weights_values_types_and_layouts() -> None:
    conv = torch.randn(8, 4, 3, 3).to(memory_format=torch.channels_last)
    weights = [
        torch.randn(3, 5),
        conv,
        torch.arange(7),
        torch.tensor(2.5, dtype=torch.float16),
        torch.randn(6, 9).to(torch.bfloat16).t(),
        torch.randn(4, 10)[:, ::2],  # Not dense: it takes up its elements only.
        torch.empty(0, 3),
        torch.tensor([True, False]),
    ]
    slab = HostSlab(weights)
    for view, weight in zip(slab.views, weights, strict=True):
        assert view.dtype == weight.dtype
        assert torch.equal(view, weight)
    assert slab.views[1].is_contiguous(memory_format=torch.channels_last)
    assert slab.views[4].stride() == weights[4].stride()
    assert slab.nbytes % ALIGNMENT == 0
    payload = sum(weight.numel() * weight.element_size() for weight in weights)
    assert payload <= slab.nbytes < payload + ALIGNMENT * len(weights)
    copies = slab.views_of(slab.block.clone())
    assert all(torch.equal(a, b) for a, b in zip(copies, weights, strict=True))
    slab.block.zero_()
    assert not any(view.any() for view in slab.views)


def test_convolutions_in_the_memory_format_that_cards_like() -> None:
    weights = [torch.randn(8, 4, 3, 3), torch.randn(5, 6), torch.randn(8, 4, 1, 1)]
    slab = HostSlab(weights, channels_last=True)
    assert all(torch.equal(view, weight) for view, weight in zip(slab.views, weights, strict=True))
    assert slab.views[0].is_contiguous(memory_format=torch.channels_last)
    assert slab.views[1].is_contiguous()
    slab.views_of(slab.block.clone())[0].copy_(weights[0])


def test_tied_weights_have_one_place() -> None:
    weight = torch.randn(100, 100)
    slab = HostSlab([weight, weight.view(100, 100)])
    assert slab.views[0].data_ptr() == slab.views[1].data_ptr()
    assert slab.nbytes < 1.1 * weight.nbytes


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_block_is_no_shared_memory() -> None:
    """Containers limit shared memory apart from RAM."""
    slab = HostSlab([torch.ones(9)])
    mappings = (line.split() for line in Path("/proc/self/maps").read_text().splitlines())
    assert [
        mode
        for addresses, mode, *_ in mappings
        if int(addresses.split("-")[0], 16) <= slab.block.data_ptr()
        if slab.block.data_ptr() < int(addresses.split("-")[1], 16)
    ] == ["rw-p"]


def test_pages_are_unlocked_even_if_the_device_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    unregistered: list[int] = []

    def fail(_device: torch.device) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    cudart = SimpleNamespace(cudaHostUnregister=unregistered.append)
    monkeypatch.setattr(torch.cuda, "synchronize", fail)
    monkeypatch.setattr(torch.cuda, "cudart", lambda: cudart)
    with mmap.mmap(-1, 4096) as buffer, pytest.raises(RuntimeError, match="launch failure"):
        _unregister(buffer, 4096, torch.device("cuda"))
    assert unregistered == [4096]


def test_no_weights_are_fine() -> None:
    assert HostSlab([]).views == []
