"""Deploys themes and takes them back: every order passes the gate or is recorded as forced."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from studio.errors import GateClosed, InputError, NotFound
from studio.locales import LANGUAGES
from studio.messages import Message, message
from studio.recipes.base import one_line
from studio.recipes.canvas import Slug
from studio.recipes.deployment import Deployment, Order, before, in_force
from studio.recipes.preset import PresetVersion
from studio.service.gate import Finding, Gate
from studio.store.deployments import DeploymentStore
from studio.store.presets import PresetStore

log = logging.getLogger(__name__)
Seen = Mapping[int, Collection[str]]
"""By version, what each finding of the gate was that somebody has confirmed to know of."""


@dataclass(frozen=True)
class Serving:
    """A theme as a channel serves it now."""

    deployment: Deployment
    version: PresetVersion


@dataclass(frozen=True)
class Deploying:
    presets: PresetStore
    deployments: DeploymentStore
    gate: Gate

    def check(self, slug: Slug, number: int | None = None) -> tuple[Finding, ...]:
        """What the gate says of a version, the latest unless numbered."""
        return self.gate.check(self.presets.version(slug, number))

    def deploy(self, order: Order, over: int | None = None, seen: Seen | None = None) -> Deployment:
        """Gives an order. Raises GateClosed where the gate says stop, unless it is forced.

        With `seen`, as from a page where somebody reviews the order, nothing may be served that
        this somebody was not told of: raises InputError for a warning, or with force for a stop, that
        is not among what was seen of its version.
        """
        for number in (order.number, order.trial):
            if number is not None and (seen is not None or not order.forced):
                found = self.check(order.slug, number)
                if not order.forced:
                    self._pass_gate(order.slug, number, found)
                if seen is not None:
                    _expect_seen(found, number, seen.get(number, ()))
        return self.deployments.add(order, over)

    def roll_back(
        self, slug: Slug, channel: Slug, author: str = "", over: int | None = None
    ) -> Deployment:
        """Back to the version served before, at once and past the gate: it has been served.

        Raises NotFound when there is none.
        """
        log = self.deployments.log(slug, channel)
        now = datetime.now(UTC)
        number = before(log, now)
        if number is None:
            raise NotFound("deployment.nothing_before", channel=channel, slug=slug)
        left = in_force(log, now)
        note = f"rolled back from version {left.order.number}" if left else "rolled back"
        order = Order(channel=channel, slug=slug, number=number, author=author, note=note, forced=True)  # fmt: skip
        return self.deployments.add(order, over)

    def take_down(self, slug: Slug, channel: Slug, author: str = "", note: str = "") -> Deployment:
        """The kill switch: the theme is served no more, at once, whatever was scheduled."""
        order = Order(channel=channel, slug=slug, number=None, author=author, note=note)
        return self.deployments.add(order)

    def archive(self, slug: Slug, archived: bool = True) -> None:
        """Takes a theme out of the lists, or back in. Raises NotFound, and InputError while some
        channel serves it."""
        log = self.deployments.log(slug)
        channels = sorted({each.order.channel for each in log})
        served = [
            c for c in channels if any(s.deployment.order.slug == slug for s in self.serving(c))
        ]
        if archived and served:
            raise InputError("deployment.still_served", slug=slug, channels=served)
        self.presets.archive(slug, archived)

    def serving(self, channel: Slug, at: datetime | None = None) -> Sequence[Serving]:
        """The themes a channel serves at a moment, now unless told, by slug."""
        moment = at or datetime.now(UTC)
        log = self.deployments.log(channel=channel)
        found = []
        for slug in sorted({each.order.slug for each in log}):
            now = in_force([each for each in log if each.order.slug == slug], moment)
            if now is not None and now.order.number is not None:
                found.append(Serving(now, self.presets.version(slug, now.order.number)))
        return found

    def version_for(self, slug: Slug, channel: Slug, request_id: str) -> PresetVersion:
        """The version that answers a request.

        Where a model of it is missing, the version served before, if its order allows that. Raises
        NotFound when the theme is not served.
        """
        deployments, moment = self.deployments.log(slug, channel), datetime.now(UTC)
        now = in_force(deployments, moment)
        number = None if now is None else now.order.version_for(request_id)
        if now is None or number is None:
            raise NotFound("deployment.not_served", channel=channel, slug=slug)
        version = self.presets.version(slug, number)
        if now.order.fallback and (missing := self.gate.missing(version.preset)):
            last_good = self._last_good(slug, [each for each in deployments if each.id < now.id])
            if last_good is not None:
                log.warning("%s falls back to version %d: %s", slug, last_good.number, missing[0])
                return last_good
        return version

    def ailing(self, channel: Slug) -> Mapping[Slug, tuple[Message, ...]]:
        """The themes that a channel serves and whose models are not all here, with the reasons."""
        found = {
            each.deployment.order.slug: self.gate.missing(each.version.preset)
            for each in self.serving(channel)
        }
        return {slug: reasons for slug, reasons in found.items() if reasons}

    def _last_good(self, slug: Slug, older: Sequence[Deployment]) -> PresetVersion | None:
        numbers = dict.fromkeys(
            each.order.number for each in older if each.order.number is not None
        )
        versions = (self.presets.version(slug, number) for number in numbers)
        return next((each for each in versions if not self.gate.missing(each.preset)), None)

    def _pass_gate(self, slug: Slug, number: int, found: Sequence[Finding]) -> None:
        stops = [finding for finding in found if finding.level == "stop"]
        if stops:
            first = message("deployment.finding", what=stops[0].what, remedy=stops[0].remedy or "")
            if len(stops) > 1:
                first = message("deployment.and_more", first=first, count=len(stops) - 1)
            raise GateClosed("deployment.gate_closed", number=number, slug=slug, reason=first)


def _expect_seen(found: Sequence[Finding], number: int, seen: Collection[str]) -> None:
    """`seen` are findings as a page has shown them, in any language."""
    unseen = [each.what for each in found if each.level != "pass" and not _is_in(each.what, seen)]
    if unseen:
        raise InputError("deployment.confirm_findings", number=number, findings=one_line(unseen))


def _is_in(what: Message, seen: Collection[str]) -> bool:
    return any(what.text(language) in seen for language in LANGUAGES)
