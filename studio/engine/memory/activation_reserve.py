"""How many bytes of activations a job needs beside its models, learned from earlier jobs."""

from dataclasses import dataclass

DEFAULT_BYTES_PER_PIXEL = 4096
"""Before anything was measured: Stable Diffusion 1.5 takes about 1 GiB for 512 x 512 in fp16."""


@dataclass(frozen=True)
class ActivationKey:
    """What activations depend on; `width` and `height` are pixels of the largest pass."""

    family: str
    width: int
    height: int
    batch_size: int

    @property
    def pixels(self) -> int:
        return self.width * self.height * self.batch_size


class ActivationReserve:
    """The largest measured activations of each kind of job, in bytes."""

    def __init__(self) -> None:
        self._measured: dict[ActivationKey, int] = {}

    def record(self, key: ActivationKey, size: int) -> None:
        """Adds a measurement; nothing measured (0 bytes, as on a CPU) teaches nothing."""
        if size > 0:
            self._measured[key] = max(size, self._measured.get(key, 0))

    def estimate(self, key: ActivationKey) -> int:
        """Bytes to keep free: as measured, else in proportion to the pixels of the family's nearest
        measured job, else `DEFAULT_BYTES_PER_PIXEL`."""
        if key in self._measured:
            return self._measured[key]
        known = [other for other in self._measured if other.family == key.family]
        if not known:
            return key.pixels * DEFAULT_BYTES_PER_PIXEL
        nearest = min(known, key=lambda other: abs(other.pixels - key.pixels))
        return self._measured[nearest] * key.pixels // nearest.pixels
