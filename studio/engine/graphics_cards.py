"""Whether this machine has a graphics card, without torch: importing it takes seconds."""

import os
import platform
from pathlib import Path

_NVIDIA_VENDOR = "0x10de"
_DISPLAY_CLASS = "0x03"
"""Beginning of a PCI device's class, for display controllers."""


def has_graphics_card(root: Path = Path("/")) -> bool:
    """Whether there may be a device for torch beside the CPU.

    On Linux and WSL that is a driver's device file, or an NVIDIA card on the PCI bus, also without a
    driver. Elsewhere it is not known, so that torch has to be asked.

    Args:
        root: directory that stands for `/`, for tests.
    """
    if platform.system() != "Linux":
        return True
    return has_nvidia_card(root) or (root / "dev" / "kfd").exists()


def has_nvidia_card(root: Path = Path("/")) -> bool:
    """Whether there is an NVIDIA card, as far as Linux shows it."""
    device_files = [*(root / "dev").glob("nvidia[0-9]*"), *(root / "dev").glob("dxg")]
    return bool(device_files) or any(map(_is_nvidia_card, _pci_devices(root)))


def machine_memory() -> int | None:
    """Bytes of RAM of this machine; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _pci_devices(root: Path) -> list[Path]:
    return sorted((root / "sys" / "bus" / "pci" / "devices").glob("*"))


def _is_nvidia_card(device: Path) -> bool:
    try:
        vendor, kind = ((device / name).read_text().strip() for name in ("vendor", "class"))
    except OSError:
        return False
    return vendor == _NVIDIA_VENDOR and kind.startswith(_DISPLAY_CLASS)
