"""Which version of a theme a channel serves, and since when: pure rules over an append-only log."""

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
"""Of a version."""
ExpectedDeploymentId = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""The newest deployment that somebody saw, by its number; 0: there was none."""


class DeploymentSpec(StoredModel):
    """What an operator wants served: `number` None takes the theme down.

    `trial` is a second version that `trial_share` percent of the requests get. The order holds
    from `starts` until `ends`, always where they are None; outside, the order before it holds.
    `fallback` allows the version served before to answer while a model of this one is missing.
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
    def _consistent(self) -> Self:
        if (self.canary_version is None) != (self.canary_percent == 0):
            raise invalid("deployment.trial_incomplete")
        if self.version is None and self.canary_version is not None:
            raise invalid("deployment.trial_without_version")
        for moment in (self.starts_at, self.ends_at):
            if moment is not None and moment.tzinfo is None:
                raise invalid("deployment.time_zone_missing")
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise invalid("deployment.ends_before_start")
        return self

    def is_active_at(self, at: datetime) -> bool:
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )

    def resolve_version(self, request_id: str) -> int | None:
        """The version that serves a request: the same each time it is asked."""
        if self.canary_version is None:
            return self.version
        place = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:8], "big") % 100
        return self.canary_version if place < self.canary_percent else self.version


class Deployment(FrozenModel):
    """An order as it was given. Deployments are only ever added: together they are the log."""

    id: int
    spec: DeploymentSpec
    created_at: datetime


def active_deployment(log: Sequence[Deployment], at: datetime) -> Deployment | None:
    """Of one theme's deployments in a channel, the newest first, the one that counts at `at`."""
    return next((each for each in log if each.spec.is_active_at(at)), None)


def previous_version(log: Sequence[Deployment], at: datetime) -> int | None:
    """The version that was served before the one in force, for a way back; None if there is none."""
    now = active_deployment(log, at)
    if now is None:
        return None
    older = (each.spec.version for each in log if each.id < now.id)
    return next((number for number in older if number not in (None, now.spec.version)), None)
