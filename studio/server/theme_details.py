"""Collects what the API says of a theme from the services: versions with reports, deployments, blind tests."""

from collections.abc import Sequence
from datetime import UTC, datetime

from studio.app import AppContainer
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.themes.deployment import Deployment, previous_version
from studio.server.admin_schemas import ThemeVersionResponse
from studio.server.theme_schemas import (
    ActiveDeploymentResponse,
    BlindTestStanding,
    RegressionSummary,
    RobustnessSummary,
    ThemeDetailsResponse,
    VersionDetailsResponse,
)
from studio.store.selections import add_counts


def theme_details(studio: AppContainer, slug: Slug, language: str) -> ThemeDetailsResponse:
    """One theme, with messages in `language`. Raises NotFoundError."""
    deployments = studio.authoring.deployments
    log = studio.stores.deployments.list_all(slug)
    name = studio.stores.themes.get_version(slug).preset.name
    summaries = studio.stores.themes.list_summaries(slug, include_archived=True)
    return ThemeDetailsResponse(
        slug=slug,
        name=name,
        archived=any(theme.archived for theme in summaries if theme.slug == slug),
        versions=_versions(studio, slug),
        active=tuple(active_by_theme(studio).get(slug, ())),
        unhealthy={
            channel: tuple(
                reason.text(language) for reason in deployments.unhealthy(channel).get(slug, ())
            )
            for channel in _channels(log)
        },
        deployments=tuple(log),
        blind_tests=tuple(
            BlindTestStanding.of(stored, studio.evaluation.blind_tests.ranking(stored.id))
            for stored in studio.evaluation.blind_tests.list_for_theme(slug)
        ),
    )


def active_by_theme(studio: AppContainer) -> dict[Slug, list[ActiveDeploymentResponse]]:
    """What every channel serves now, by theme."""
    active: dict[Slug, list[ActiveDeploymentResponse]] = {}
    now = datetime.now(UTC)
    for channel in _channels(studio.stores.deployments.list_all()):
        for deployment in studio.authoring.deployments.active_deployments(channel):
            spec = deployment.deployment.spec
            log = studio.stores.deployments.list_all(spec.slug, channel)
            active.setdefault(spec.slug, []).append(
                ActiveDeploymentResponse(
                    channel=channel,
                    version=deployment.version.version,
                    canary_version=spec.canary_version,
                    canary_percent=spec.canary_percent,
                    previous_version=previous_version(log, now),
                )
            )
    return active


def _channels(log: Sequence[Deployment]) -> list[Slug]:
    return sorted({deployment.spec.channel for deployment in log})


def _versions(studio: AppContainer, slug: Slug) -> tuple[VersionDetailsResponse, ...]:
    reports = studio.stores.reports
    robustness = reports.latest_by_version(slug, "robustness", RobustnessReport)
    regression = reports.latest_by_version(slug, "regression", RegressionReport)
    of_users = studio.stores.jobs.requests.selection_counts(slug)
    selections = add_counts(of_users, studio.stores.selections.counts(slug))
    return tuple(
        VersionDetailsResponse(
            **ThemeVersionResponse.of(summary).model_dump(),
            selections=selections.get(summary.version),
            robustness=None if tested is None else RobustnessSummary.of(tested),
            regression=None if compared is None else RegressionSummary.of(compared),
        )
        for summary, tested, compared in (
            (summary, robustness.get(summary.version), regression.get(summary.version))
            for summary in studio.stores.themes.list_version_summaries(slug)
        )
    )
