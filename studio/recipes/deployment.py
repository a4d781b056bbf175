"""Which version of a theme a channel serves, and since when: pure rules over an append-only log."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.text import Author, Note

Number = Annotated[int, Field(ge=1, le=1_000_000_000)]
"""Of a version."""
Seen = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""The newest deployment that somebody saw, by its number; 0: there was none."""


class Order(Frozen):
    """What an operator wants served: `number` None takes the theme down.

    `trial` is a second version that `trial_share` percent of the requests get. The order holds
    from `starts` until `ends`, always where they are None; outside, the order before it holds.
    `fallback` allows the version served before to answer while a model of this one is missing.
    """

    channel: Slug = "live"
    slug: Slug
    number: Number | None
    trial: Number | None = None
    trial_share: Annotated[int, Field(ge=0, le=100)] = 0
    starts: datetime | None = None
    ends: datetime | None = None
    author: Author = ""
    note: Note = ""
    forced: bool = False
    fallback: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.trial is None) != (self.trial_share == 0):
            raise invalid("deployment.trial_incomplete")
        if self.number is None and self.trial is not None:
            raise invalid("deployment.trial_without_version")
        for moment in (self.starts, self.ends):
            if moment is not None and moment.tzinfo is None:
                raise invalid("deployment.time_zone_missing")
        if self.starts and self.ends and self.starts >= self.ends:
            raise invalid("deployment.ends_before_start")
        return self

    def holds(self, at: datetime) -> bool:
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)

    def version_for(self, request_id: str) -> int | None:
        """The version that serves a request: the same each time it is asked."""
        if self.trial is None:
            return self.number
        place = int.from_bytes(hashlib.sha256(request_id.encode()).digest()[:8], "big") % 100
        return self.trial if place < self.trial_share else self.number


class Deployment(Frozen):
    """An order as it was given. Deployments are only ever added: together they are the log."""

    id: int
    order: Order
    created: datetime


def in_force(log: Sequence[Deployment], at: datetime) -> Deployment | None:
    """Of one theme's deployments in a channel, the newest first, the one that counts at `at`."""
    return next((each for each in log if each.order.holds(at)), None)


def before(log: Sequence[Deployment], at: datetime) -> int | None:
    """The version that was served before the one in force, for a way back; None if there is none."""
    now = in_force(log, at)
    if now is None:
        return None
    older = (each.order.number for each in log if each.id < now.id)
    return next((number for number in older if number not in (None, now.order.number)), None)
