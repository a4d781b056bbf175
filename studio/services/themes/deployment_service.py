"""Deployments of themes: preflight, canary, schedule, rollback, undeployment, and version
resolution."""

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
from studio.services.themes.check_result import CheckResult
from studio.services.themes.preflight import PreflightChecker
from studio.store.deployments import DeploymentStore
from studio.store.themes import ThemeStore

log = logging.getLogger(__name__)
Acknowledged = Mapping[int, Collection[str]]
"""By version, the texts of the check results that somebody has acknowledged."""


@dataclass(frozen=True)
class ActiveDeployment:
    """The deployment of a theme that is active in a channel, and its version."""

    deployment: Deployment
    version: ThemeVersion


@dataclass(frozen=True)
class DeploymentService:
    """Appends to the deployment log; what is active follows from the log and the time."""

    themes: ThemeStore
    deployments: DeploymentStore
    preflight: PreflightChecker

    def list_deployments(
        self, slug: Slug | None = None, channel: Slug | None = None
    ) -> Sequence[Deployment]:
        """The deployment log, latest first, of all themes or channels where None is given."""
        return self.deployments.list_all(slug, channel)

    def run_checks(self, slug: Slug, number: int | None = None) -> tuple[CheckResult, ...]:
        """The preflight results of a version; None: the latest."""
        return self.preflight.check(self.themes.get_version(slug, number))

    def deploy(
        self,
        spec: DeploymentSpec,
        expected_latest_id: int | None = None,
        acknowledged: Acknowledged | None = None,
    ) -> Deployment:
        """Deploys a version after its preflight.

        Args:
            spec: what to deploy; with `bypassed_checks` failed checks do not prevent it.
            expected_latest_id: the theme's latest deployment that the operator knew of, 0 for none
                (optimistic concurrency); None skips that check.
            acknowledged: what a person has confirmed on a page. Every warning, and with
                `bypassed_checks` every error, must be among it.

        Raises:
            PreflightFailedError: a check has found an error.
            InvalidInputError: a result is not acknowledged.
            VersionConflictError: there is a later deployment than the expected one.
        """
        for number in (spec.version, spec.canary_version):
            if number is not None and (acknowledged is not None or not spec.bypassed_checks):
                results = self.run_checks(spec.slug, number)
                if not spec.bypassed_checks:
                    _require_checks_pass(spec.slug, number, results)
                if acknowledged is not None:
                    _require_acknowledged(results, number, acknowledged.get(number, ()))
        return self.deployments.add(spec, expected_latest_id)

    def rollback(
        self, slug: Slug, channel: Slug, author: str = "", expected_latest_id: int | None = None
    ) -> Deployment:
        """Deploys the previous version again, at once and without preflight, since it was live
        before.

        Raises NotFoundError when there is none, VersionConflictError as `deploy` does.
        """
        log = self.deployments.list_all(slug, channel)
        now = datetime.now(UTC)
        number = previous_version(log, now)
        if number is None:
            raise NotFoundError("deployment.no_previous_version", channel=channel, slug=slug)
        active = active_deployment(log, now)
        note = f"rolled back from version {active.spec.version}" if active else "rolled back"
        spec = DeploymentSpec(
            channel=channel,
            slug=slug,
            version=number,
            author=author,
            note=note,
            bypassed_checks=True,
        )
        return self.deployments.add(spec, expected_latest_id)

    def undeploy(self, slug: Slug, channel: Slug, author: str = "", note: str = "") -> Deployment:
        """The kill switch: ends a theme's deployment in a channel at once, whatever was
        scheduled."""
        spec = DeploymentSpec(channel=channel, slug=slug, version=None, author=author, note=note)
        return self.deployments.add(spec)

    def archive(self, slug: Slug, archived: bool = True) -> None:
        """Removes a theme from the lists, or puts it back.

        Raises NotFoundError, and InvalidInputError while the theme is deployed in a channel.
        """
        channels = sorted({one.spec.channel for one in self.deployments.list_all(slug)})
        active = [channel for channel in channels if self._is_active(slug, channel)]
        if archived and active:
            raise InvalidInputError("deployment.still_live", slug=slug, channels=active)
        self.themes.archive(slug, archived)

    def _is_active(self, slug: Slug, channel: Slug) -> bool:
        active = self.active_deployments(channel)
        return any(one.deployment.spec.slug == slug for one in active)

    def active_deployments(
        self, channel: Slug, at: datetime | None = None
    ) -> Sequence[ActiveDeployment]:
        """The deployments that are active in a channel at a time (None: now), by slug."""
        time = at or datetime.now(UTC)
        log = self.deployments.list_all(channel=channel)
        active = []
        for slug in sorted({one.spec.slug for one in log}):
            current = active_deployment([one for one in log if one.spec.slug == slug], time)
            if current is not None and current.spec.version is not None:
                version = self.themes.get_version(slug, current.spec.version)
                active.append(ActiveDeployment(current, version))
        return active

    def resolve_version(self, slug: Slug, channel: Slug, request_id: str) -> ThemeVersion:
        """The version for a request: the deployed one, or the canary by a hash of the request's id.

        Where a model of it is missing and the deployment allows a fallback, the last version whose
        models are all installed. Raises NotFoundError when the theme is not deployed.
        """
        log_entries = self.deployments.list_all(slug, channel)
        active = active_deployment(log_entries, datetime.now(UTC))
        number = None if active is None else active.spec.resolve_version(request_id)
        if active is None or number is None:
            raise NotFoundError("deployment.not_live", channel=channel, slug=slug)
        version = self.themes.get_version(slug, number)
        missing = active.spec.fallback_to_previous and self.preflight.missing_models(version.preset)
        if missing:
            earlier = [entry for entry in log_entries if entry.id < active.id]
            healthy = self._last_healthy_version(slug, earlier)
            if healthy is not None:
                log.warning("%s falls back to version %d: %s", slug, healthy.version, missing[0])
                return healthy
        return version

    def unhealthy(self, channel: Slug) -> Mapping[Slug, tuple[Message, ...]]:
        """The active themes of a channel with missing models, and the reasons."""
        missing = {
            active.deployment.spec.slug: self.preflight.missing_models(active.version.preset)
            for active in self.active_deployments(channel)
        }
        return {slug: reasons for slug, reasons in missing.items() if reasons}

    def _last_healthy_version(
        self, slug: Slug, earlier: Sequence[Deployment]
    ) -> ThemeVersion | None:
        numbers = dict.fromkeys(
            entry.spec.version for entry in earlier if entry.spec.version is not None
        )
        versions = (self.themes.get_version(slug, number) for number in numbers)
        missing_models = self.preflight.missing_models
        return next((one for one in versions if not missing_models(one.preset)), None)


def _require_checks_pass(slug: Slug, number: int, results: Sequence[CheckResult]) -> None:
    errors = [result for result in results if result.level == "error"]
    if errors:
        hint = errors[0].hint or ""
        reason = message("deployment.finding", what=errors[0].message, remedy=hint)
        if len(errors) > 1:
            reason = message("deployment.and_more", first=reason, count=len(errors) - 1)
        raise PreflightFailedError(
            "deployment.checks_failed", number=number, slug=slug, reason=reason
        )


def _require_acknowledged(
    results: Sequence[CheckResult], number: int, acknowledged: Collection[str]
) -> None:
    """`acknowledged` are the texts of results as a page has shown them, in any language."""
    missing = [
        result.message
        for result in results
        if result.level != "pass" and not _is_among(result.message, acknowledged)
    ]
    if missing:
        raise InvalidInputError(
            "deployment.confirm_findings", number=number, findings=join_messages(missing)
        )


def _is_among(text: Message, acknowledged: Collection[str]) -> bool:
    return any(text.text(language) in acknowledged for language in LANGUAGES)
