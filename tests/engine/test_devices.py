"""The device is chosen among those that torch can use, and a card that it cannot use is named. Issue 20, 7."""

import logging
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from studio.engine.devices import (
    attention_kernel,
    describe_setting,
    log_device,
    resolve_device,
    supports_capability,
)
from studio.errors import RenderError

BUILT = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120")
TOO_OLD = "The NVIDIA driver on your system is too old (found version 11040)."


@pytest.mark.parametrize(
    ("capability", "architectures", "supported"),
    [
        ((8, 9), BUILT, True),
        ((8, 0), BUILT, True),
        ((12, 0), BUILT, True),
        ((7, 0), BUILT, False),
        ((6, 1), BUILT, False),
        ((11, 0), BUILT, False),
        ((13, 0), (*BUILT, "compute_120"), True),
        ((9, 0), ("sm_90a",), True),
        ((8, 0), ("gfx90a",), False),
    ],
)
def test_a_card_needs_kernels_of_its_generation(
    capability: tuple[int, int], architectures: tuple[str, ...], supported: bool
) -> None:
    assert supports_capability(capability, architectures) is supported


@pytest.fixture
def with_cards(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes torch find CUDA devices of these compute capabilities; without any, an old driver."""

    def set_cards(*capabilities: tuple[int, int]) -> None:
        cuda = {
            "is_available": lambda: bool(capabilities),
            "device_count": lambda: len(capabilities),
            "get_device_capability": lambda index: capabilities[index],
            "get_arch_list": lambda: list(BUILT),
            "get_device_name": lambda index: f"card {index}",
            "get_device_properties": lambda device: SimpleNamespace(
                name=f"card {device.index or 0}", total_memory=24 * 2**30
            ),
            "init": raise_too_old,
        }
        for name, function in cuda.items():
            monkeypatch.setattr(torch.cuda, name, function)
        monkeypatch.setattr("studio.engine.devices.has_nvidia_card", lambda: True)

    def raise_too_old() -> None:
        raise RuntimeError(TOO_OLD)

    return set_cards


@pytest.mark.parametrize(
    ("cards", "setting", "device"),
    [
        ([(8, 6)], "auto", "cuda"),
        ([(8, 6), (9, 0)], "cuda:1", "cuda:1"),
        ([(6, 1), (9, 0)], "auto", "cuda:1"),
        ([(6, 1)], "auto", "cpu"),
        ([], "auto", "cpu"),
        ([(8, 6)], "cpu", "cpu"),
    ],
)
def test_auto_is_the_first_card_that_torch_can_use(
    with_cards: Callable[..., None], cards: list[tuple[int, int]], setting: str, device: str
) -> None:
    with_cards(*cards)
    assert str(resolve_device(setting)) == device


@pytest.mark.parametrize(
    ("cards", "setting", "reason"),
    [
        ([], "cuda", "driver on your system is too old"),
        ([(6, 1)], "cuda", r"no kernels for card 0 \(compute capability 6.1\)"),
        ([(9, 0)], "cuda:1", "only 1 found, numbered from cuda:0"),
    ],
)
def test_a_chosen_device_is_never_replaced(
    with_cards: Callable[..., None], cards: list[tuple[int, int]], setting: str, reason: str
) -> None:
    with_cards(*cards)
    with pytest.raises(
        RenderError, match=f"Device “{setting}” cannot be used: .*{reason}.* STUDIO_DEVICE to auto"
    ):
        resolve_device(setting)


@pytest.mark.parametrize(
    ("cards", "problem"),
    [([], "driver on your system is too old"), ([(6, 1)], "no kernels for card 0")],
)
def test_a_card_that_auto_leaves_out_is_named(
    with_cards: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
    cards: list[tuple[int, int]],
    problem: str,
) -> None:
    with_cards(*cards)
    info = describe_setting("auto", "auto")
    assert info.device == "cpu"
    assert problem in str(info.problem)
    with caplog.at_level(logging.INFO, "studio"):
        log_device(info)
    first, second = caplog.records
    assert first.getMessage().startswith("rendering on cpu (")
    assert (second.levelname, problem in second.getMessage()) == ("WARNING", True)
    assert describe_setting("cpu", "auto").problem is None


def test_a_card_is_named_that_auto_leaves_out_for_the_second(
    with_cards: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_cards((6, 1), (9, 0))
    monkeypatch.setattr("studio.engine.devices.attention_kernel", lambda *_: "flash")
    info = describe_setting("auto", "auto")
    assert info.device == "cuda:1"
    assert "no kernels for card 0" in str(info.problem)
    assert describe_setting("cuda:1", "auto").problem is None


def test_a_card_is_described_with_its_memory(
    with_cards: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_cards((8, 6), (8, 6))
    monkeypatch.setattr("studio.engine.devices.attention_kernel", lambda *_: "flash")
    info = describe_setting("cuda:1", "auto")
    assert (info.device, info.name, info.memory_bytes) == ("cuda:1", "card 1", 24 * 2**30)
    assert (info.precision, info.attention, info.problem) == ("fp16", "flash", None)


def test_attention_kernel_is_torchs_own_choice() -> None:
    assert attention_kernel(torch.device("cpu"), torch.float32) == "flash"
