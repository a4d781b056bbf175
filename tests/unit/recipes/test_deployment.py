"""Which version a deployment log serves: time spans, canaries and rollback."""

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


def spec(version: int | None = 1, **changes: Any) -> DeploymentSpec:
    return DeploymentSpec(**({"slug": "spring", "version": version} | changes))


def log(*specs: DeploymentSpec) -> list[Deployment]:
    """The deployments as the store returns them: newest first."""
    entries = [Deployment(id=i + 1, spec=entry, created_at=NOW) for i, entry in enumerate(specs)]
    return entries[::-1]


def served_version(*specs: DeploymentSpec) -> int | None:
    active = active_deployment(log(*specs), NOW)
    return None if active is None else active.spec.version


@pytest.mark.parametrize(
    ("specs", "version"),
    [
        ([], None),
        ([spec(1)], 1),
        ([spec(1), spec(2)], 2),
        ([spec(1), spec(None)], None),
        ([spec(1), spec(2, starts_at=NOW + DAY)], 1),
        ([spec(1), spec(2, starts_at=NOW)], 2),
        ([spec(1), spec(2, starts_at=NOW - DAY, ends_at=NOW + DAY)], 2),
        ([spec(1), spec(2, ends_at=NOW)], 1),
        ([spec(2, starts_at=NOW - DAY, ends_at=NOW + DAY), spec(3)], 3),
    ],
)
def test_newest_active_deployment_is_served(
    specs: list[DeploymentSpec], version: int | None
) -> None:
    assert served_version(*specs) == version


@pytest.mark.parametrize(
    ("specs", "version"),
    [
        ([], None),
        ([spec(1)], None),
        ([spec(1), spec(2)], 1),
        ([spec(1), spec(1)], None),
        ([spec(1), spec(2), spec(2, canary_version=3, canary_percent=5)], 1),
        ([spec(1), spec(None)], 1),
        ([spec(1), spec(None), spec(2)], 1),
    ],
)
def test_rollback_version_is_the_previous_other_version(
    specs: list[DeploymentSpec], version: int | None
) -> None:
    assert previous_version(log(*specs), NOW) == version


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"canary_version": 2}, "a canary needs a version and at least 1% of traffic"),
        ({"canary_percent": 5}, "a canary needs a version and at least 1% of traffic"),
        (
            {"version": None, "canary_version": 2, "canary_percent": 5},
            "an undeployed theme cannot have a canary",
        ),
        ({"starts_at": datetime(2026, 12, 1)}, "time zone missing"),
        ({"starts_at": NOW, "ends_at": NOW}, "the deployment ends before it starts"),
        ({"version": 0}, "greater than or equal to 1"),
        ({"slug": "../up"}, "pattern"),
        ({"canary_version": 2, "canary_percent": 101}, "less than or equal to 100"),
    ],
)
def test_invalid_deployments_are_refused(changes: dict[str, Any], error: str) -> None:
    with pytest.raises(ValidationError, match=error):
        spec(**changes)


@given(st.uuids(), st.integers(1, 100))
def test_request_keeps_its_version_while_the_canary_grows(request: object, percent: int) -> None:
    request_id = str(request)
    canary = spec(1, canary_version=2, canary_percent=percent)
    assert canary.resolve_version(request_id) == canary.resolve_version(request_id)
    if canary.resolve_version(request_id) == 2:
        assert spec(1, canary_version=2, canary_percent=100).resolve_version(request_id) == 2


def test_canary_gets_about_its_percentage() -> None:
    deployment = spec(1, canary_version=2, canary_percent=25)
    versions = [deployment.resolve_version(f"request-{index}") for index in range(2000)]
    assert 420 < versions.count(2) < 580
