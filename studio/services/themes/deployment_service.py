"""Deploys themes and takes them back: every order passes the gate or is recorded as forced."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from studio.errors import InvalidInputError, NotFoundError, PreflightFailedError
from studio.locales import LANGUAGES
from studio.messages import Message, message
from studio.recipes.base import join_messages
from studio.recipes.base_image import Slug
from studio.recipes.themes.deployment import (
    Deployment,
    DeploymentSpec,
    active_deployment,
    previous_version,
)
from studio.recipes.themes.preset import ThemeVersion
from studio.services.themes.preflight import CheckResult, PreflightChecker
from studio.store.deployments import DeploymentStore
from studio.store.themes import ThemeStore

log = logging.getLogger(__name__)
Seen = Mapping[int, Collection[str]]
"""By version, what each finding of the gate was that somebody has confirmed to know of."""


@dataclass(frozen=True)
class ActiveDeployment:
    """A theme as a channel serves it now."""

    deployment: Deployment
    version: ThemeVersion


@dataclass(frozen=True)
class DeploymentService:
    themes: ThemeStore
    deployments: DeploymentStore
    gate: PreflightChecker

    def run_checks(self, slug: Slug, number: int | None = None) -> tuple[CheckResult, ...]:
        """What the gate says of a version, the latest unless numbered."""
        return self.gate.check(self.themes.get_version(slug, number))

    def deploy(
        self, order: DeploymentSpec, over: int | None = None, seen: Seen | None = None
    ) -> Deployment:
        """Gives an order. Raises GateClosed where the gate says stop, unless it is forced.

        With `seen`, as from a page where somebody reviews the order, nothing may be served that
        this somebody was not told of: raises InputError for a warning, or with force for a stop, that
        is not among what was seen of its version.
        """
        for number in (order.version, order.canary_version):
            if number is not None and (seen is not None or not order.bypassed_checks):
                found = self.run_checks(order.slug, number)
                if not order.bypassed_checks:
                    self._require_checks_pass(order.slug, number, found)
                if seen is not None:
                    _expect_seen(found, number, seen.get(number, ()))
        return self.deployments.add(order, over)

    def roll_back(
        self, slug: Slug, channel: Slug, author: str = "", over: int | None = None
    ) -> Deployment:
        """Back to the version served before, at once and past the gate: it has been served.

        Raises NotFound when there is none.
        """
        log = self.deployments.list_all(slug, channel)
        now = datetime.now(UTC)
        number = previous_version(log, now)
        if number is None:
            raise NotFoundError("deployment.nothing_before", channel=channel, slug=slug)
        left = active_deployment(log, now)
        note = f"rolled back from version {left.spec.version}" if left else "rolled back"
        order = DeploymentSpec(channel=channel, slug=slug, version=number, author=author, note=note, bypassed_checks=True)  # fmt: skip
        return self.deployments.add(order, over)

    def undeploy(self, slug: Slug, channel: Slug, author: str = "", note: str = "") -> Deployment:
        """The kill switch: the theme is served no more, at once, whatever was scheduled."""
        order = DeploymentSpec(channel=channel, slug=slug, version=None, author=author, note=note)
        return self.deployments.add(order)

    def archive(self, slug: Slug, archived: bool = True) -> None:
        """Takes a theme out of the lists, or back in. Raises NotFound, and InputError while some
        channel serves it."""
        log = self.deployments.list_all(slug)
        channels = sorted({each.spec.channel for each in log})
        served = [
            c
            for c in channels
            if any(s.deployment.spec.slug == slug for s in self.active_deployments(c))
        ]
        if archived and served:
            raise InvalidInputError("deployment.still_served", slug=slug, channels=served)
        self.themes.archive(slug, archived)

    def active_deployments(
        self, channel: Slug, at: datetime | None = None
    ) -> Sequence[ActiveDeployment]:
        """The themes a channel serves at a moment, now unless told, by slug."""
        moment = at or datetime.now(UTC)
        log = self.deployments.list_all(channel=channel)
        found = []
        for slug in sorted({each.spec.slug for each in log}):
            now = active_deployment([each for each in log if each.spec.slug == slug], moment)
            if now is not None and now.spec.version is not None:
                found.append(ActiveDeployment(now, self.themes.get_version(slug, now.spec.version)))
        return found

    def resolve_version(self, slug: Slug, channel: Slug, request_id: str) -> ThemeVersion:
        """The version that answers a request.

        Where a model of it is missing, the version served before, if its order allows that. Raises
        NotFound when the theme is not served.
        """
        deployments, moment = self.deployments.list_all(slug, channel), datetime.now(UTC)
        now = active_deployment(deployments, moment)
        number = None if now is None else now.spec.resolve_version(request_id)
        if now is None or number is None:
            raise NotFoundError("deployment.not_served", channel=channel, slug=slug)
        version = self.themes.get_version(slug, number)
        if now.spec.fallback_to_previous and (missing := self.gate.missing_models(version.preset)):
            last_good = self._last_healthy_version(
                slug, [each for each in deployments if each.id < now.id]
            )
            if last_good is not None:
                log.warning("%s falls back to version %d: %s", slug, last_good.version, missing[0])
                return last_good
        return version

    def unhealthy(self, channel: Slug) -> Mapping[Slug, tuple[Message, ...]]:
        """The themes that a channel serves and whose models are not all here, with the reasons."""
        found = {
            each.deployment.spec.slug: self.gate.missing_models(each.version.preset)
            for each in self.active_deployments(channel)
        }
        return {slug: reasons for slug, reasons in found.items() if reasons}

    def _last_healthy_version(self, slug: Slug, older: Sequence[Deployment]) -> ThemeVersion | None:
        numbers = dict.fromkeys(
            each.spec.version for each in older if each.spec.version is not None
        )
        versions = (self.themes.get_version(slug, number) for number in numbers)
        return next((each for each in versions if not self.gate.missing_models(each.preset)), None)

    def _require_checks_pass(self, slug: Slug, number: int, found: Sequence[CheckResult]) -> None:
        stops = [finding for finding in found if finding.level == "stop"]
        if stops:
            first = message("deployment.finding", what=stops[0].message, remedy=stops[0].hint or "")
            if len(stops) > 1:
                first = message("deployment.and_more", first=first, count=len(stops) - 1)
            raise PreflightFailedError(
                "deployment.gate_closed", number=number, slug=slug, reason=first
            )


def _expect_seen(found: Sequence[CheckResult], number: int, seen: Collection[str]) -> None:
    """`seen` are findings as a page has shown them, in any language."""
    unseen = [
        each.message for each in found if each.level != "pass" and not _is_in(each.message, seen)
    ]
    if unseen:
        raise InvalidInputError(
            "deployment.confirm_findings", number=number, findings=join_messages(unseen)
        )


def _is_in(what: Message, seen: Collection[str]) -> bool:
    return any(what.text(language) in seen for language in LANGUAGES)
