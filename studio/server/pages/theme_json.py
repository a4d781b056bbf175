"""What the page Themes shows of a theme, as JSON: versions with their evaluations, deployments, health."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from studio.app import AppContainer
from studio.messages import in_language
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.themes.deployment import Deployment, previous_version
from studio.recipes.themes.preset import Slot
from studio.services.evaluation.blind_test_service import BlindTestService
from studio.services.themes.deployment_service import DeploymentService
from studio.store.themes import VersionSummary


def theme_details(studio: AppContainer, slug: Slug, language: str) -> dict[str, Any]:
    """Everything that the page shows of one theme. Raises NotFoundError."""
    deployments = studio.authoring.deployments
    log = deployments.list_deployments(slug)
    return {
        "slug": slug,
        "name": studio.stores.themes.get_version(slug).preset.name,
        "versions": _versions_json(studio, slug),
        "served": active_by_theme(deployments).get(slug, []),
        "ailing": {
            channel: in_language(deployments.unhealthy(channel).get(slug, ()), language)
            for channel in _channels(log)
        },
        "contests": [
            _ranking_json(studio.evaluation.blind_tests, stored.id, stored.blind_test.title)
            for stored in studio.evaluation.blind_tests.list_for_theme(slug)
        ],
        "log": [deployment_json(deployment) for deployment in log],
    }


def active_by_theme(deployments: DeploymentService) -> dict[str, list[dict[str, Any]]]:
    """What every channel serves now, by theme."""
    active: dict[str, list[dict[str, Any]]] = {}
    now = datetime.now(UTC)
    for channel in _channels(deployments.list_deployments()):
        for deployment in deployments.active_deployments(channel):
            spec = deployment.deployment.spec
            log = deployments.list_deployments(spec.slug, channel)
            active.setdefault(spec.slug, []).append(
                {
                    "channel": channel,
                    "number": spec.version,
                    "trial": spec.canary_version,
                    "share": spec.canary_percent,
                    "before": previous_version(log, now),
                }
            )
    return active


def deployment_json(deployment: Deployment) -> dict[str, Any]:
    """An entry of the deployment log."""
    return {
        "id": deployment.id,
        "created": deployment.created_at.isoformat(),
        **deployment.spec.model_dump(mode="json"),
    }


def _channels(log: Sequence[Deployment]) -> list[str]:
    return sorted({deployment.spec.channel for deployment in log})


def _versions_json(studio: AppContainer, slug: Slug) -> list[dict[str, Any]]:
    robustness = studio.evaluation.suites.robustness_reports(slug)
    regression = studio.evaluation.suites.regression_reports(slug)
    selections = studio.serving.requests.selection_counts(slug)
    return [
        {
            **_summary_json(summary, selections.get(summary.version)),
            "robustness": _robustness_json(robustness.get(summary.version)),
            "sheet": _regression_json(regression.get(summary.version)),
        }
        for summary in studio.stores.themes.list_version_summaries(slug)
    ]


def _summary_json(summary: VersionSummary, selections: Mapping[Slot, int] | None) -> dict[str, Any]:
    return {
        "number": summary.version,
        "author": summary.author,
        "note": summary.message,
        "created": summary.created_at.isoformat(),
        "picks": selections,
    }


def _robustness_json(report: RobustnessReport | None) -> dict[str, Any] | None:
    return None if report is None else {"share": report.pass_rate, "passed": report.passed}


def _regression_json(report: RegressionReport | None) -> dict[str, Any] | None:
    if report is None:
        return None
    return {
        "against": report.baseline_version,
        "difference": report.median_delta_e,
        "reviewed_by": report.reviewed_by,
        **report.metrics.model_dump(),
    }


def _ranking_json(blind_tests: BlindTestService, test_id: int, title: str) -> dict[str, Any]:
    """A blind test with the theme among its candidates, and its ranking so far."""
    ranking = blind_tests.ranking(test_id)
    return {
        "id": test_id,
        "title": title,
        "settled": ranking.is_significant,
        "places": [
            {
                "label": candidate.label,
                "chance": candidate.win_probability,
                "votes": candidate.votes,
            }
            for candidate in ranking.candidates
        ],
    }
