"""Which version is served: seasons, trials, and the way back, as rules over the log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from studio.recipes.themes.deployment import (
    Deployment,
    DeploymentSpec,
    active_deployment,
    previous_version,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def order(number: int | None = 1, **changes: Any) -> DeploymentSpec:
    return DeploymentSpec(**({"slug": "spring", "number": number} | changes))


def log(*orders: DeploymentSpec) -> list[Deployment]:
    """As the store gives it: the order that was given last comes first."""
    numbered = [Deployment(id=i + 1, spec=each, created_at=NOW) for i, each in enumerate(orders)]
    return numbered[::-1]


def served(*orders: DeploymentSpec, at: datetime = NOW) -> int | None:
    now = active_deployment(log(*orders), at)
    return None if now is None else now.spec.version


@pytest.mark.parametrize(
    ("orders", "serves"),
    [
        ([], None),
        ([order(1)], 1),
        ([order(1), order(2)], 2),
        ([order(1), order(None)], None),
        ([order(1), order(2, starts=NOW + DAY)], 1),
        ([order(1), order(2, starts=NOW)], 2),
        ([order(1), order(2, starts=NOW - DAY, ends=NOW + DAY)], 2),
        ([order(1), order(2, ends=NOW)], 1),
        ([order(2, starts=NOW - DAY, ends=NOW + DAY), order(3)], 3),
    ],
)
def test_the_newest_order_that_holds_is_served(
    orders: list[DeploymentSpec], serves: int | None
) -> None:
    assert served(*orders) == serves


@pytest.mark.parametrize(
    ("orders", "back_to"),
    [
        ([], None),
        ([order(1)], None),
        ([order(1), order(2)], 1),
        ([order(1), order(1)], None),
        ([order(1), order(2), order(2, trial=3, trial_share=5)], 1),
        ([order(1), order(None)], 1),
        ([order(1), order(None), order(2)], 1),
    ],
)
def test_the_way_back_leads_to_the_other_version_served_before(
    orders: list[DeploymentSpec], back_to: int | None
) -> None:
    assert previous_version(log(*orders), NOW) == back_to


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"trial": 2}, "a trial needs a version and a share"),
        ({"canary_percent": 5}, "a trial needs a version and a share"),
        ({"number": None, "trial": 2, "canary_percent": 5}, "taken down has no trial"),
        ({"starts": datetime(2026, 12, 1)}, "needs its time zone"),
        ({"starts": NOW, "ends": NOW}, "end before it starts"),
        ({"number": 0}, "greater than or equal to 1"),
        ({"slug": "../up"}, "pattern"),
        ({"trial": 2, "canary_percent": 101}, "less than or equal to 100"),
    ],
)
def test_orders_that_make_no_sense_are_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        order(**changes)


@given(st.uuids(), st.integers(1, 100))
def test_a_request_gets_the_same_version_each_time_and_keeps_it_as_the_trial_grows(
    request: object, share: int
) -> None:
    name = str(request)
    small = order(1, trial=2, trial_share=share)
    assert small.resolve_version(name) == small.resolve_version(name)
    if small.resolve_version(name) == 2:
        assert order(1, trial=2, trial_share=100).resolve_version(name) == 2


def test_a_trial_gets_about_its_share() -> None:
    split = order(1, trial=2, trial_share=25)
    got = [split.resolve_version(f"request-{index}") for index in range(2000)]
    assert 420 < got.count(2) < 580
