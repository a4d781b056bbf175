"""Moves components between RAM and a device. RAM keeps a copy, so that offloading copies nothing."""

import ctypes
import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain

import torch
from torch import nn
from torch.utils.weak import WeakTensorKeyDictionary

from studio.engine.device_errors import is_out_of_memory
from studio.engine.diffusion.device_streams import SideStream
from studio.engine.memory.component import Component
from studio.engine.memory.component_mover import DeviceFullError
from studio.engine.memory.host_slab import HostSlab

TensorCopy = Callable[[torch.Tensor], torch.Tensor]
RESERVE_BYTES = 256 * 2**20
"""Of the device's memory, left for what no ledger sees: cuBLAS's and cuDNN's workspaces."""


class DeviceTransfer:
    """The `ComponentMover` of one torch device.

    To the device, a component's slab is copied at once and the weights become views of the copy;
    the slab stays, on CUDA pinned. Offloading makes them views of the slab again. On the CPU both
    tiers are the same memory: there is no slab and nothing moves.
    """

    def __init__(
        self,
        device: torch.device,
        fuses_loras: bool | None = None,
        channels_last: bool | None = None,
    ) -> None:
        """Args:
        device: where models are moved to.
        fuses_loras: whether LoRAs are fused into the weights on the device; None: on CUDA.
        channels_last: whether weights of convolutions have this memory format, in which tensor
            cores convolve fastest; None: on CUDA.
        """
        self._device, self._side_stream = device, SideStream(device)
        is_cuda = device.type == "cuda"
        self.fuses_loras = is_cuda if fuses_loras is None else fuses_loras
        self._channels_last = is_cuda if channels_last is None else channels_last
        self.graph_bytes: Callable[[], int] = lambda: 0
        """The bytes that recorded steps hold: what of them is not allocated serves their replays alone."""

    @property
    def device_is_ram(self) -> bool:
        return self._device.type == "cpu"

    def size_bytes(self, component: Component) -> int:
        """Bytes of the component's weights, those of adapters included; shared storage counts once."""
        if component.slab is None:
            return _storage_bytes(chain(component.weights, component.adapter_tensors()))
        return component.slab.nbytes + _storage_bytes(component.adapter_tensors())

    def prepare(self, component: Component) -> None:
        """Makes the component's RAM copy, after it was loaded. Raises MemoryError."""
        if not self.device_is_ram:
            component.make_slab(self._channels_last)

    def to_device(self, component: Component) -> Callable[[], None]:
        """Moves the component to the device and returns the function that offloads it.

        Whatever goes wrong, weights that had moved are back in RAM. Raises DeviceFullError when the
        device is out of memory.
        """
        return self._upload(component, self.device_copy)

    def to_device_on_side_stream(self, component: Component) -> Callable[[], None]:
        """As `to_device`, on a stream of its own while the device works on; returns when the
        component has arrived."""
        return self._upload(component, self.copy_on_side_stream)

    def _upload(self, component: Component, copy: TensorCopy) -> Callable[[], None]:
        """`copy` makes the copies on the device, of tensors of any shape."""
        if self.device_is_ram:
            return _do_nothing
        slab = component.make_slab(self._channels_last)
        adapters = WeakTensorKeyDictionary()
        offload = partial(_offload, component, slab, adapters)
        try:
            self.pin(slab)
            component.use(slab.views_of(copy(slab.block)))
            for tensor in component.adapter_tensors():
                adapters[tensor] = tensor.data.to("cpu")
                tensor.data = copy(adapters[tensor])
        except BaseException as error:
            offload()
            if is_out_of_memory(error):
                raise DeviceFullError from error
            raise
        return offload

    @contextmanager
    def in_turn(self, component: Component) -> Iterator[None]:
        """For the block, the component is on the device only while it runs. It must be in RAM."""
        offloads: list[Callable[[], None]] = []

        def upload() -> None:
            offloads.append(self.to_device(component))

        def offload() -> None:
            while offloads:
                offloads.pop()()

        with _around_calls(component.module, upload, offload):
            yield

    @contextmanager
    def by_blocks(self, component: Component) -> Iterator[None]:
        """For the block, each part of the component is on the device only while it runs.

        Parts are the module's children and the elements of its lists; the module's own weights are
        on the device while it runs. The component must be in RAM.
        """
        self.prepare(component)
        with ExitStack() as stack:
            for part, recurse in _parts(component.module):
                uploaded: list[tuple[torch.Tensor, torch.Tensor]] = []
                upload = partial(self._upload_part, part, recurse, uploaded)
                stack.enter_context(_around_calls(part, upload, partial(_swap_back, uploaded)))
            yield

    def _upload_part(
        self, part: nn.Module, recurse: bool, uploaded: list[tuple[torch.Tensor, torch.Tensor]]
    ) -> None:
        """Adds each of the part's tensors, of any shape, with its RAM copy, once it is moved."""
        for tensor in chain(part.parameters(recurse), part.buffers(recurse)):
            host = tensor.data
            tensor.data = self.device_copy(host)
            uploaded.append((tensor, host))

    def unfuse(self, component: Component) -> None:
        """Undoes fusing on the device, bit by bit, by copying the touched weights from RAM."""
        if component.slab is None or not component.is_fused:
            return
        hosts = dict(zip(map(id, component.weights), component.slab.views, strict=True))
        for layer in component.adapted_layers():
            for weight in layer.parameters():
                weight.data.copy_(hosts[id(weight)], non_blocking=True)
        component.forget_fusing()

    def pin(self, slab: HostSlab) -> None:
        """Page-locks a RAM copy, on CUDA."""
        if self._device.type == "cuda":
            slab.pin(self._device)

    def device_copy(self, host: torch.Tensor) -> torch.Tensor:
        """A copy on the device, of the same shape (any) and type."""
        return host.to(self._device, non_blocking=True)

    def copy_on_side_stream(self, host: torch.Tensor) -> torch.Tensor:
        """As `device_copy`, of any shape, while the device works on; returns when it has arrived."""
        # Of the memory that this thread's stream, the lane's, allocates from: the side stream's own
        # would be lost to all else.
        target = torch.empty_like(host, device=self._device)
        with self._side_stream.use():
            target.copy_(host, non_blocking=True)
        return target

    def free_bytes(self) -> int | None:
        """What can be allocated on CUDA less a reserve; None elsewhere.

        What torch holds without using it counts, but for the pools of recorded steps.
        """
        if self._device.type != "cuda":
            return None
        free, _ = torch.cuda.mem_get_info(self._device)
        cached = torch.cuda.memory_reserved(self._device) - torch.cuda.memory_allocated(
            self._device
        )
        return max(0, free + max(0, cached - self.graph_bytes()) - RESERVE_BYTES)

    def start_measuring(self) -> int:
        """Resets the peak, and returns the bytes that are allocated now."""
        if self._device.type != "cuda":
            return 0
        torch.cuda.reset_peak_memory_stats(self._device)
        return torch.cuda.memory_allocated(self._device)

    def peak_bytes(self) -> int:
        """The most bytes that were allocated at once since the peak was reset."""
        return torch.cuda.max_memory_allocated(self._device) if self._device.type == "cuda" else 0

    def release_device_memory(self) -> None:
        """Returns what torch holds without using it to the device."""
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def release_host_memory(self) -> None:
        """Collects garbage, empties CUDA's cache and trims the C library's heap."""
        gc.collect()
        self.release_device_memory()
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _do_nothing() -> None:
    """Offloads from a device whose memory is RAM."""


def _offload(component: Component, slab: HostSlab, adapters: WeakTensorKeyDictionary) -> None:
    """Puts the RAM copies (of any shape) in place of the weights on the device."""
    component.use(slab.views)
    component.forget_fusing()
    for tensor in component.adapter_tensors():
        # Adapters that were attached while the component was on the device have no RAM copy yet.
        tensor.data = adapters[tensor] if tensor in adapters else tensor.data.to("cpu")


@contextmanager
def _around_calls(
    module: nn.Module, before: Callable[[], None], after: Callable[[], None]
) -> Iterator[None]:
    """For the block, calls `before` and `after` around each call of the module, also a failed one."""
    pre = module.register_forward_pre_hook(lambda *_: before())
    post = module.register_forward_hook(lambda *_: after(), always_call=True)
    try:
        yield
    finally:
        pre.remove()
        post.remove()
        after()


def _parts(module: nn.Module) -> Iterator[tuple[nn.Module, bool]]:
    """The modules to move one by one, and whether with all they contain; the root first, without."""
    yield module, False
    for child in module.children():
        if isinstance(child, nn.ModuleList | nn.ModuleDict):
            for element in child.children():
                yield element, True
        else:
            yield child, True


def _swap_back(uploaded: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    """Puts RAM copies (of any shape) back in place of what was uploaded."""
    while uploaded:
        tensor, host = uploaded.pop()
        tensor.data = host


def _storage_bytes(tensors: Iterable[torch.Tensor]) -> int:
    """Bytes of the storages of tensors of any shape."""
    storages = (tensor.untyped_storage() for tensor in tensors)
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())
