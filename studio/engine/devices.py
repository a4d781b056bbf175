"""Chooses the device that renders, and describes it: name, memory, precision, attention kernel."""

import logging
import platform
import re
from collections.abc import Sequence

import torch
from torch.nn.attention import SDPBackend

from studio.engine.graphics_cards import has_nvidia_card, machine_memory
from studio.engine.options import Precision, precision_name, resolve_dtype
from studio.engine.stats import DeviceInfo
from studio.errors import RenderError, first_line
from studio.messages import Message, message

log = logging.getLogger(__name__)

_HEAD_WIDTH = 64
"""Channels of an attention head of Stable Diffusion XL and 3."""


def resolve_device(name: str) -> torch.device:
    """The torch device for a setting: `auto`, `cpu`, `cuda`, `cuda:1`.

    `auto` is the first CUDA device that torch has kernels for, else the CPU. Apple's MPS is not
    offered: nothing here was ever tried on it.

    Raises RenderError when torch does not find the device, or cannot use it.
    """
    if name == "auto":
        usable = next(
            (index for index in range(_cuda_count()) if _card_problem(index) is None), None
        )
        if usable is not None:
            return torch.device("cuda", usable) if usable else torch.device("cuda")
        return torch.device("cpu")
    device = torch.device(name)
    if (problem := _problem(device)) is not None:
        raise RenderError("engine.device_unusable", device=name, reason=problem)
    return device


def describe_device(device: torch.device, dtype: torch.dtype, setting: str = "auto") -> DeviceInfo:
    """The device as it renders, with the problem of a card that `auto` had to leave out."""
    name, memory = _name_and_memory(device)
    return DeviceInfo(
        device=str(device),
        name=name,
        memory_bytes=memory,
        precision=precision_name(dtype),
        attention=attention_kernel(device, dtype),
        problem=_unused_card() if setting == "auto" else None,
    )


def log_device(info: DeviceInfo) -> None:
    """One line of what renders; the problem of a card that does not, as a warning."""
    memory = "" if info.memory_bytes is None else f", {info.memory_bytes / 2**30:.0f} GiB"
    log.info(
        "rendering on %s (%s%s) in %s, %s attention, with torch %s",
        info.device,
        info.name,
        memory,
        info.precision,
        info.attention,
        torch.__version__,
    )
    if info.problem is not None:
        log.warning("%s", info.problem)


def describe_setting(
    setting: str, precision: Precision, disable_approximations: bool = False
) -> DeviceInfo:
    """What an engine with these settings renders on. Raises RenderError as `resolve_device`."""
    device = resolve_device(setting)
    dtype = resolve_dtype(device, precision, disable_approximations)
    return describe_device(device, dtype, setting)


def attention_kernel(device: torch.device, dtype: torch.dtype) -> str:
    """The kernel that torch's scaled dot product attention chooses, such as `flash` or `math`."""
    query = torch.zeros(1, 1, _HEAD_WIDTH, _HEAD_WIDTH, device=device, dtype=dtype)
    try:
        choice: int = torch._fused_sdp_choice(query, query, query)
    except (RuntimeError, NotImplementedError):
        return SDPBackend.MATH.name.lower()
    return SDPBackend(choice).name.lower().removesuffix("_attention")


def supports_capability(capability: tuple[int, int], architectures: Sequence[str]) -> bool:
    """Whether a torch that was built for these architectures has kernels for a card.

    Args:
        capability: the card's compute capability, such as (8, 6).
        architectures: such as `sm_80` (machine code, for later minor versions, too) and `compute_90`
            (PTX, for every later capability).
    """
    for architecture in architectures:
        match = re.fullmatch(r"(sm|compute)_(\d+)(\d)[a-z]?", architecture)
        if match is None:
            continue
        built = int(match[2]), int(match[3])
        if built <= capability and (match[1] == "compute" or built[0] == capability[0]):
            return True
    return False


def _problem(device: torch.device) -> Message | None:
    """Why a device cannot be used; None when it can."""
    return _cuda_problem(device.index or 0) if device.type == "cuda" else None


def _cuda_problem(index: int) -> Message | None:
    count = _cuda_count()
    if not count:
        return _missing_cuda()
    if index >= count:
        return message("engine.cuda_index", count=count)
    return _card_problem(index)


def _cuda_count() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _card_problem(index: int) -> Message | None:
    """Why a card that CUDA finds cannot be used; None when it can."""
    capability, built = torch.cuda.get_device_capability(index), torch.cuda.get_arch_list()
    if not built or torch.version.hip or supports_capability(capability, built):
        return None
    return message(
        "engine.card_capability",
        name=torch.cuda.get_device_name(index),
        capability=".".join(map(str, capability)),
        version=torch.__version__,
    )


def _missing_cuda() -> Message:
    """Why CUDA finds no device, in torch's words."""
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        return message("engine.cuda_missing", version=torch.__version__, reason=first_line(error))
    return message("engine.cuda_missing", version=torch.__version__, reason="no device")


def _unused_card() -> Message | None:
    """Why the first card of this machine renders nothing; None when it does, or there is none."""
    return _cuda_problem(0) if _cuda_count() or has_nvidia_card() else None


def _name_and_memory(device: torch.device) -> tuple[str, int | None]:
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return properties.name, properties.total_memory
    threads = torch.get_num_threads()
    return f"{platform.machine()}, {threads} threads", machine_memory()
