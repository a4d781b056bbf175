"""A graphics card is found without torch. Issue 20, 7."""

import platform
from pathlib import Path

import pytest

from studio.engine.graphics_cards import has_graphics_card, has_nvidia_card


@pytest.fixture(autouse=True)
def on_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")


def add_pci_device(root: Path, vendor: str, device_class: str) -> None:
    device = root / "sys/bus/pci/devices/0000:01:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text(f"{vendor}\n")
    (device / "class").write_text(f"{device_class}\n")


@pytest.mark.parametrize(
    ("vendor", "device_class", "found"),
    [
        ("0x10de", "0x030000", True),
        ("0x10de", "0x030200", True),
        ("0x10de", "0x040300", False),  # Its sound device.
        ("0x1af4", "0x030000", False),
    ],
)
def test_nvidia_card_without_a_driver_is_found_on_the_bus(
    tmp_path: Path, vendor: str, device_class: str, found: bool
) -> None:
    add_pci_device(tmp_path, vendor, device_class)
    assert has_nvidia_card(tmp_path) is found


@pytest.mark.parametrize("file", ["nvidia0", "dxg", "kfd"])
def test_card_of_a_container_is_found_by_its_device_file(tmp_path: Path, file: str) -> None:
    assert not has_graphics_card(tmp_path)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / file).touch()
    assert has_graphics_card(tmp_path)


def test_elsewhere_torch_has_to_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    assert has_graphics_card(tmp_path)
