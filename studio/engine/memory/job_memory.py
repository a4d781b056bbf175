"""The device memory of one job or batch: what it has there, and what is given up when memory runs out."""

import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from types import MappingProxyType, TracebackType
from typing import Protocol, Self, TypeVar, cast

from studio.engine.device_errors import is_out_of_memory
from studio.engine.memory.activation_reserve import ActivationKey
from studio.engine.memory.component import Component
from studio.engine.memory.component_mover import DeviceFullError
from studio.engine.memory.device_ledger import LimitExceededError
from studio.engine.memory.job_components import Entry, JobDescription
from studio.engine.memory.memory_errors import lack_of_memory_error
from studio.engine.memory.memory_service import MemoryService
from studio.engine.memory.oom_ladder import LadderStep, MemoryState, Stage, next_step
from studio.messages import Message, message

ResultT = TypeVar("ResultT")
_NOTES: Mapping[LadderStep, str] = MappingProxyType(
    {
        "evict": "engine.memory_evict",
        "text_encoders_off": "engine.memory_text_encoders_off",
        "vae_tiling": "engine.memory_vae_tiling",
        "smaller_batch": "engine.memory_smaller_batch",
        "controlnets_in_turn": "engine.memory_controlnets_in_turn",
        "denoiser_by_blocks": "engine.memory_denoiser_by_blocks",
    }
)
"""What the variant's notes say of each step."""


class BatchTooLargeError(Exception):
    """The batch must be rendered in halves."""


class Tileable(Protocol):
    """A VAE that encodes and decodes in tiles if told to."""

    def enable_tiling(self) -> None: ...

    def disable_tiling(self) -> None: ...


class JobMemory:
    """A context manager for the time of one batch; what was given up is given back at its end."""

    def __init__(self, service: MemoryService, job: JobDescription) -> None:
        self._service, self._job = service, job
        self.batch_size = job.activations.batch_size
        """How many jobs are rendered at once: a part of the batch where it is too large."""
        self._taken: list[LadderStep] = []
        self._given_up = ExitStack()
        self.upload_seconds = 0.0
        """How long uploads took."""

    def __enter__(self) -> Self:
        self._service.running = self._job
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._service.running = None
        self._given_up.close()

    @property
    def notes(self) -> tuple[Message, ...]:
        """A note for each step that was taken, in order."""
        return tuple(message(_NOTES[step]) for step in dict.fromkeys(self._taken))

    @property
    def max_batch_size(self) -> int:
        """The largest batch that is not known to be too large."""
        whole = self._job.activations
        return self._service.max_batch.get(_batch_key(whole), whole.batch_size)

    def run(self, stage: Stage, func: Callable[[], ResultT]) -> ResultT:
        """Calls `func`, and again after each step of the ladder while memory runs out.

        Raises BatchTooLargeError, or when no step is left InsufficientMemoryError (uploading) or
        RenderError.
        """
        service = self._service
        while True:
            try:
                return func()
            except Exception as error:
                if not isinstance(
                    error, DeviceFullError | LimitExceededError
                ) and not is_out_of_memory(error):
                    raise
                failure = _without_frames(error)
            # Outside of `except`: only here is the memory of the failed attempt free again.
            step = next_step(stage, self._state())
            if step is None:
                activations = service.reserve.estimate(self._activation_key())
                raise lack_of_memory_error(
                    stage,
                    self._job,
                    service.mover.free_bytes(),
                    activations,
                    service.ledger.limits if isinstance(failure, LimitExceededError) else None,
                ) from failure
            self._take(step)

    @contextmanager
    def text_encoders(self) -> Iterator[None]:
        """The text encoders on the device for the block; afterwards they are first to leave."""
        with self._encoders(self._job.components.text_encoders):
            yield

    @contextmanager
    def image_encoders(self) -> Iterator[None]:
        """As `text_encoders`, those of the references."""
        with self._encoders(self._job.components.image_encoders):
            yield

    @contextmanager
    def _encoders(self, entries: Sequence[Entry]) -> Iterator[None]:
        with self._resident(entries, 0):
            yield
        if "text_encoders_off" in self._taken:
            self._service.ledger.evict(entries)

    @contextmanager
    def models(self) -> Iterator[None]:
        """Everything but the text encoders on the device for the block, and room for the
        activations of `batch_size` jobs, which are measured."""
        entries, key = self._job.components.drawing, self._activation_key()
        with self._resident(entries, self._service.reserve.estimate(key)):
            steps, allocations = len(self._taken), self._service.ledger.allocations
            mover = self._service.mover
            before = mover.start_measuring()
            yield
            is_alone = allocations == self._service.ledger.allocations
            if is_alone and len(self._taken) == steps and not any(e.in_turn for e in entries):
                self._service.reserve.record(key, mover.peak_bytes() - before)

    @property
    def lora_lock(self) -> AbstractContextManager[object]:
        """Held while adapters are attached, enabled or disabled."""
        return self._service.lora_lock

    @property
    def fuses_loras(self) -> bool:
        """Whether LoRAs are fused into the weights on the device."""
        return self._service.mover.fuses_loras

    def switch_loras(self, active: Hashable) -> bool:
        """Undoes all LoRAs but those of `active`; False if just these are enabled already.

        `active` stands for a set of adapters with their weights, () for none.
        """
        entries = self._job.components.with_loras
        if all(entry.component.active_loras == active for entry in entries):
            return False
        for entry in entries:
            if entry.is_on_device:
                self._service.mover.unfuse(entry.component)
            entry.component.active_loras = active
        return True

    def forget_loras(self) -> None:
        """After an error: whatever the next job needs, it enables anew."""
        for entry in self._job.components.with_loras:
            entry.component.active_loras = None

    def recount(self) -> None:
        """Counts the bytes of the adapters that were attached or removed."""
        for entry in self._job.components.with_loras:
            self._service.ledger.resize(entry)

    @contextmanager
    def _resident(self, entries: Sequence[Entry], reserve: int) -> Iterator[None]:
        started_at = time.perf_counter()
        with ExitStack() as stack:
            self.run("upload", lambda: stack.enter_context(self._placed(entries, reserve)))
            self.upload_seconds += time.perf_counter() - started_at
            yield

    @contextmanager
    def _placed(self, entries: Sequence[Entry], reserve: int) -> Iterator[None]:
        with self._service.ledger.pinned(entries, reserve):
            for entry in entries:
                if entry.component.active_loras and entry.is_on_device:
                    self._fuse(entry.component)
            yield

    def _fuse(self, component: Component) -> None:
        try:
            component.fuse()
        except BaseException:
            self._service.mover.unfuse(component)
            raise

    def _state(self) -> MemoryState:
        components = self._job.components
        return MemoryState(
            frozenset(self._taken),
            any(entry.is_on_device and not entry.pins for entry in components.encoders),
            len(components.controlnets),
            self.batch_size,
            self._service.mover.device_is_ram,
        )

    def _take(self, step: LadderStep) -> None:
        service, components = self._service, self._job.components
        self._taken.append(step)
        service.steps[step] += 1
        if step == "evict":
            service.ledger.evict(service.ledger.evictable(spared=components.all))
            service.drop_caches()
        elif step == "text_encoders_off":
            service.ledger.evict(components.encoders)
        elif step == "vae_tiling":
            self._tile(cast(Tileable, components.vae.component.module))
        elif step == "controlnets_in_turn":
            for entry in dict.fromkeys(components.controlnets):
                self._move_in_turn(entry, service.mover.in_turn)
        elif step == "denoiser_by_blocks":
            self._move_in_turn(components.denoiser, service.mover.by_blocks)
        elif step == "smaller_batch":
            larger_half = self.batch_size - self.batch_size // 2
            service.max_batch[_batch_key(self._job.activations)] = larger_half
            raise BatchTooLargeError
        service.mover.release_device_memory()

    def _tile(self, vae: Tileable) -> None:
        vae.enable_tiling()
        self._given_up.callback(vae.disable_tiling)

    def _move_in_turn(
        self, entry: Entry, hooks: Callable[[Component], AbstractContextManager[None]]
    ) -> None:
        self._service.ledger.set_in_turn(entry, in_turn=True)
        self._given_up.callback(self._service.ledger.set_in_turn, entry, in_turn=False)
        self._given_up.enter_context(hooks(entry.component))

    def _activation_key(self) -> ActivationKey:
        return replace(self._job.activations, batch_size=self.batch_size)


def _batch_key(activations: ActivationKey) -> tuple[str, int, int]:
    """What decides how large a batch may be."""
    return activations.family, activations.width, activations.height


def _without_frames(error: BaseException) -> BaseException:
    """The error, and what it was raised from, without the frames that hold activations alive."""
    link: BaseException | None = error
    while link is not None:
        link = link.with_traceback(None).__context__
    return error
