"""Plans what leaves the device so that the components of a job fit. Free of torch."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

ComponentKind = Literal[
    "text_encoder", "vae", "controlnet", "denoiser", "ip_adapter", "image_encoder"
]
"""What a component of a model is."""


@dataclass(frozen=True)
class DeviceLimits:
    """Limits of the device. Bytes of None: only what the device itself has free counts."""

    bytes: int | None = None
    """Bytes of all components."""

    counts: Mapping[ComponentKind, int] = field(default_factory=dict)
    """How many components of a kind; kinds that are left out have no limit."""


@dataclass(frozen=True)
class Resident:
    """A component on the device, or one that is to go there."""

    key: Hashable
    kind: ComponentKind
    size: int
    last_used: int = 0
    pinned: bool = False


@dataclass(frozen=True)
class EvictionPlan:
    """What must leave, in this order, and what is missing even then."""

    victims: tuple[Hashable, ...]

    missing_bytes: int
    """Bytes by which the incoming components exceed the device's free memory; 0: they fit."""

    exceeds_limits: bool
    """Whether the limits that the operator set forbid it."""

    lacks_reserve: bool = False
    """Whether less than the reserve stays free."""


def plan_evictions(
    residents: Sequence[Resident],
    incoming: Sequence[Resident],
    limits: DeviceLimits,
    free_bytes: int | None,
    reserve_bytes: int = 0,
) -> EvictionPlan:
    """Chooses the fewest victims among the unpinned residents, the least recently used first.

    Args:
        residents: what is on the device.
        incoming: what is to be uploaded.
        limits: the operator's limits.
        free_bytes: what can be allocated on the device now; None: unknown.
        reserve_bytes: for activations. Room is made for them as far as there are victims; they
            alone never make a plan fail, since they are an estimate.
    """
    needed = sum(component.size for component in incoming)
    queue = sorted(
        (resident for resident in residents if not resident.pinned),
        # Idle encoders leave first: the embeddings that they make are cached.
        key=lambda resident: (
            resident.kind not in ("text_encoder", "image_encoder"),
            resident.last_used,
        ),
    )

    def fits(victims: Sequence[Resident], reserve: int) -> bool:
        """Whether bytes suffice when the victims have left."""
        freed = sum(victim.size for victim in victims)
        return _missing(needed + reserve, free_bytes, freed) == 0 and _within_bytes(
            residents, needed, freed, limits
        )

    victims = _over_count(queue, residents, incoming, limits)
    for resident in queue:
        if fits(victims, reserve_bytes):
            break
        if resident not in victims:
            victims.append(resident)
    required = _over_count(queue, residents, incoming, limits)
    if fits(victims, reserve_bytes):
        # What was taken early may not be needed beside a larger one that was taken later.
        for victim in list(victims):
            others = [other for other in victims if other is not victim]
            if victim not in required and fits(others, reserve_bytes):
                victims = others
    freed = sum(victim.size for victim in victims)
    remaining = [resident for resident in residents if resident not in victims]
    return EvictionPlan(
        tuple(victim.key for victim in victims),
        _missing(needed, free_bytes, freed),
        not _within_bytes(residents, needed, freed, limits)
        or any(_excess(kind, remaining, incoming, limits) > 0 for kind in limits.counts),
        _missing(needed + reserve_bytes, free_bytes, freed) > 0,
    )


def _missing(needed: int, free_bytes: int | None, freed: int) -> int:
    return 0 if free_bytes is None else max(0, needed - free_bytes - freed)


def _within_bytes(
    residents: Sequence[Resident], needed: int, freed: int, limits: DeviceLimits
) -> bool:
    resident_bytes = sum(resident.size for resident in residents)
    return limits.bytes is None or resident_bytes - freed + needed <= limits.bytes


def _excess(
    kind: ComponentKind,
    residents: Sequence[Resident],
    incoming: Sequence[Resident],
    limits: DeviceLimits,
) -> int:
    """How many components of the kind are too many; negative: how many more are allowed."""
    count = sum(component.kind == kind for component in (*residents, *incoming))
    return count - limits.counts.get(kind, count)


def _over_count(
    queue: Sequence[Resident],
    residents: Sequence[Resident],
    incoming: Sequence[Resident],
    limits: DeviceLimits,
) -> list[Resident]:
    """The victims that the limits by count demand. Without incoming of a kind none of it leaves."""
    victims: list[Resident] = []
    for kind in limits.counts:
        excess = _excess(kind, residents, incoming, limits)
        if excess > 0:
            victims += [resident for resident in queue if resident.kind == kind][:excess]
    return victims
