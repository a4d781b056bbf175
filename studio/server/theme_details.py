"""Collects what the API says of a theme from the services: versions with reports, deployments, blind tests."""

from collections.abc import Sequence
from datetime import UTC, datetime

from studio.app import AppContainer
from studio.optional_dependencies import is_installed
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.themes.deployment import Deployment, previous_version
from studio.server.admin_schemas import ThemeVersionResponse
from studio.server.theme_schemas import (
    ActiveDeploymentResponse,
    BlindTestStanding,
    RegressionSummary,
    RobustnessSummary,
    ScheduledDeploymentResponse,
    ThemeDetailsResponse,
    VersionDetailsResponse,
)
from studio.store.selections import add_counts


def theme_details(studio: AppContainer, slug: Slug, language: str) -> ThemeDetailsResponse:
    """One theme, with messages in `language`. Raises NotFoundError."""
    deployments = studio.authoring.deployments
    complete_log = studio.stores.deployments.list_all()
    log = [deployment for deployment in complete_log if deployment.spec.slug == slug]
    summary = studio.stores.themes.get_summary(slug)
    return ThemeDetailsResponse(
        slug=slug,
        name=summary.name,
        archived=summary.archived,
        tags=summary.tags,
        versions=_versions(studio, slug),
        active=tuple(active_by_theme(studio, complete_log).get(slug, ())),
        scheduled=scheduled_by_theme(log).get(slug, ()),
        unhealthy={
            channel: tuple(
                reason.text(language) for reason in deployments.unhealthy(channel).get(slug, ())
            )
            for channel in _channels(log)
        },
        deployments=tuple(log),
        blind_tests=_standings(studio, slug),
    )


def active_by_theme(
    studio: AppContainer, log: Sequence[Deployment]
) -> dict[Slug, list[ActiveDeploymentResponse]]:
    """What every channel serves now, by theme; `log` is that of all deployments, newest first."""
    active: dict[Slug, list[ActiveDeploymentResponse]] = {}
    now = datetime.now(UTC)
    by_channel: dict[tuple[Slug, Slug], list[Deployment]] = {}
    for entry in log:
        by_channel.setdefault((entry.spec.slug, entry.spec.channel), []).append(entry)
    for channel in _channels(log):
        for deployment in studio.authoring.deployments.active_deployments(channel):
            spec = deployment.deployment.spec
            active.setdefault(spec.slug, []).append(
                ActiveDeploymentResponse(
                    channel=channel,
                    version=deployment.version.version,
                    canary_version=spec.canary_version,
                    canary_percent=spec.canary_percent,
                    previous_version=previous_version(
                        by_channel.get((spec.slug, channel), ()), now
                    ),
                )
            )
    return active


def scheduled_by_theme(
    log: Sequence[Deployment],
) -> dict[Slug, tuple[ScheduledDeploymentResponse, ...]]:
    """What begins later, by theme, the next first.

    A deployment to the same channel that was made afterwards and has no end replaces what was scheduled.
    """
    now = datetime.now(UTC)
    scheduled: dict[Slug, list[ScheduledDeploymentResponse]] = {}
    replaced: set[tuple[Slug, Slug]] = set()
    for deployment in log:
        spec = deployment.spec
        if (spec.slug, spec.channel) in replaced:
            continue
        if spec.starts_at is None or spec.starts_at <= now:
            if spec.ends_at is None:
                replaced.add((spec.slug, spec.channel))
        elif spec.version is not None:
            scheduled.setdefault(spec.slug, []).append(
                ScheduledDeploymentResponse(
                    channel=spec.channel, version=spec.version, starts_at=spec.starts_at
                )
            )
    return {
        slug: tuple(sorted(entries, key=lambda entry: entry.starts_at))
        for slug, entries in scheduled.items()
    }


def _channels(log: Sequence[Deployment]) -> list[Slug]:
    return sorted({deployment.spec.channel for deployment in log})


def _standings(studio: AppContainer, slug: Slug) -> tuple[BlindTestStanding, ...]:
    """The blind tests of a theme; none where what ranks them, an extra, is not installed."""
    if not is_installed("statsmodels"):
        return ()
    blind_tests = studio.evaluation.blind_tests
    return tuple(
        BlindTestStanding.of(stored, blind_tests.ranking(stored.id))
        for stored in blind_tests.list_for_theme(slug)
    )


def _versions(studio: AppContainer, slug: Slug) -> tuple[VersionDetailsResponse, ...]:
    reports = studio.stores.reports
    robustness = reports.latest_by_version(slug, "robustness", RobustnessReport)
    regression = reports.latest_by_version(slug, "regression", RegressionReport)
    of_users = studio.stores.jobs.requests.selection_counts(slug)
    selections = add_counts(of_users, studio.stores.selections.counts(slug))
    requests = studio.stores.jobs.requests.request_counts(slug)
    reviews = studio.stores.theme_reviews.states(slug)
    return tuple(
        VersionDetailsResponse(
            **ThemeVersionResponse.of(summary).model_dump(),
            review=reviews.get((slug, summary.version), "none"),
            requests=requests.get(summary.version, 0),
            selections=selections.get(summary.version),
            robustness=None if tested is None else RobustnessSummary.of(tested),
            regression=None if compared is None else RegressionSummary.of(compared),
        )
        for summary, tested, compared in (
            (summary, robustness.get(summary.version), regression.get(summary.version))
            for summary in studio.stores.themes.list_version_summaries(slug)
        )
    )
