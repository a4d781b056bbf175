"""What leaves the device, by tables and for any residents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.engine.memory.eviction import DeviceLimits, Resident, plan_evictions

NO_LIMITS = DeviceLimits()
UNET = Resident("unet", "denoiser", 50, last_used=1)
OTHER_UNET = Resident("other unet", "denoiser", 50, last_used=5)
TEXT = Resident("text", "text_encoder", 20, last_used=9)
VAE = Resident("vae", "vae", 10, last_used=0)
RESIDENTS = (UNET, OTHER_UNET, TEXT, VAE)
NEW = Resident("new", "denoiser", 30)


@pytest.mark.parametrize(
    ("free", "reserve", "victims", "missing"),
    [
        (30, 0, [], 0),
        (None, 1000, [], 0),
        (10, 0, ["text"], 0),
        (5, 0, ["text", "vae"], 0),
        (0, 20, ["unet"], 0),  # The text encoder and the VAE may stay beside the reserve.
        (0, 200, ["text", "vae", "unet", "other unet"], 0),  # A reserve is an estimate.
    ],
)
def test_least_recently_used_leave_but_idle_text_encoders_before_them(
    free: int | None, reserve: int, victims: list[str], missing: int
) -> None:
    plan = plan_evictions(RESIDENTS, [NEW], NO_LIMITS, free, reserve)
    assert list(plan.victims) == victims
    assert (plan.missing_bytes, plan.exceeds_limits) == (missing, False)


def test_pinned_entries_stay_and_the_missing_bytes_are_counted() -> None:
    pinned = Resident("pinned", "denoiser", 50, pinned=True)
    plan = plan_evictions([pinned, VAE], [NEW], NO_LIMITS, 5)
    assert (plan.victims, plan.missing_bytes) == (("vae",), 15)


def test_limits_by_count_evict_the_same_kind_only() -> None:
    limits = DeviceLimits(counts={"denoiser": 2})
    assert plan_evictions(RESIDENTS, [NEW], limits, None).victims == ("unet",)
    assert plan_evictions(RESIDENTS, [Resident("v", "vae", 1)], limits, None).victims == ()
    one = DeviceLimits(counts={"controlnet": 1})
    nets = [Resident(name, "controlnet", 1) for name in "ab"]
    assert plan_evictions([], nets, one, None).exceeds_limits


def test_limit_in_bytes_holds_whatever_the_device_has_free() -> None:
    plan = plan_evictions(RESIDENTS, [NEW], DeviceLimits(bytes=100), 10**9)
    assert (
        plan.victims == ("unet",)
        or sum(r.size for r in RESIDENTS if r.key not in plan.victims) <= 100 - NEW.size
    )
    assert plan_evictions([], [NEW], DeviceLimits(bytes=29), None).exceeds_limits


residents = st.lists(
    st.builds(
        Resident,
        st.uuids(),
        st.sampled_from(["text_encoder", "vae", "controlnet", "denoiser"]),
        st.integers(1, 50),
        st.integers(0, 99),
        st.booleans(),
    ),
    max_size=8,
)


@given(residents, residents, st.integers(0, 200), st.integers(0, 80), st.integers(0, 300))
def test_plan_fits_or_has_evicted_everything_and_none_of_its_victims_is_idle(
    held: list[Resident], incoming: list[Resident], free: int, reserve: int, limit: int
) -> None:
    limits = DeviceLimits(limit, {"denoiser": 2})
    plan = plan_evictions(held, incoming, limits, free, reserve)
    victims = [resident for resident in held if resident.key in plan.victims]
    assert not any(victim.pinned for victim in victims)
    needed = sum(component.size for component in incoming)
    freed = sum(victim.size for victim in victims)
    kept = [resident for resident in held if resident not in victims]
    fits = needed + reserve <= free + freed
    within = sum(r.size for r in kept) + needed <= limit
    if not (fits and within):
        assert {r.key for r in held if not r.pinned} == set(plan.victims)
    assert plan.missing_bytes == max(0, needed - free - freed)
    denoisers = sum(r.kind == "denoiser" for r in (*kept, *incoming))
    assert plan.exceeds_limits == (not within or denoisers > 2)
    if fits and within:
        for victim in victims:
            left = freed - victim.size
            if (
                needed + reserve <= free + left
                and sum(r.size for r in kept) + victim.size + needed <= limit
            ):
                assert victim.kind == "denoiser"
                assert denoisers + 1 > 2
