"""Deployments: which version of a theme a channel serves, and when. Pure rules over an append-only log."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import Slug
from studio.recipes.text_fields import Author, Note

VersionNumber = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""Number of a theme version."""
ExpectedDeploymentId = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""Id of the latest deployment that the client has seen, for optimistic concurrency; 0 means none."""


class DeploymentSpec(StoredModel):
    """What an operator deploys.

    Attributes:
        version: None undeploys the theme.
        canary_version: a second version that gets `canary_percent` of the requests.
        starts_at: start of the deployment, None for at once. Outside its time span the deployment
            before it is active.
        ends_at: end of the deployment (exclusive), None for never.
        bypassed_checks: the operator deployed in spite of failed preflight checks.
        fallback_to_previous: the previous version may serve while a model of this one is missing.
    """

    channel: Slug = "live"
    slug: Slug
    version: VersionNumber | None
    canary_version: VersionNumber | None = None
    canary_percent: Annotated[int, Field(ge=0, le=100)] = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    author: Author = ""
    note: Note = ""
    bypassed_checks: bool = False
    fallback_to_previous: bool = False

    @model_validator(mode="after")
    def _validate_canary_and_times(self) -> Self:
        if (self.canary_version is None) != (self.canary_percent == 0):
            raise invalid("deployment.canary_incomplete")
        if self.version is None and self.canary_version is not None:
            raise invalid("deployment.canary_without_version")
        for time in (self.starts_at, self.ends_at):
            if time is not None and time.tzinfo is None:
                raise invalid("deployment.time_zone_missing")
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise invalid("deployment.ends_before_start")
        return self

    def is_active_at(self, now: datetime) -> bool:
        """Whether `now` (with time zone) is within the deployment's time span."""
        return (self.starts_at is None or self.starts_at <= now) and (
            self.ends_at is None or now < self.ends_at
        )

    def resolve_version(self, request_id: str) -> int | None:
        """The version that serves a request; the same one every time it is called.

        Requests are assigned to the canary by a hash of their id, so that a request that got the
        canary keeps it when `canary_percent` grows.
        """
        if self.canary_version is None:
            return self.version
        bucket = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:8], "big") % 100
        return self.canary_version if bucket < self.canary_percent else self.version


class Deployment(FrozenModel):
    """One entry of the deployment log, which is append-only."""

    id: int
    spec: DeploymentSpec
    created_at: datetime


def active_deployment(log: Sequence[Deployment], now: datetime) -> Deployment | None:
    """The deployment that is active at `now`: the newest one whose time span contains it.

    Args:
        log: one theme's deployments in one channel, newest first.
    """
    return next((entry for entry in log if entry.spec.is_active_at(now)), None)


def previous_version(log: Sequence[Deployment], now: datetime) -> int | None:
    """The version to roll back to: the last other one before the active deployment, or None."""
    active = active_deployment(log, now)
    if active is None:
        return None
    older = (entry.spec.version for entry in log if entry.id < active.id)
    return next((version for version in older if version not in (None, active.spec.version)), None)
