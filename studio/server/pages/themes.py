"""The page Themes: versions and what changed, what was found out about them, what is served."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from studio.app import AppContainer
from studio.errors import InvalidInputError, NotFoundError
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, ReportType, RobustnessReport
from studio.recipes.generation.diff import diff_themes
from studio.recipes.text_fields import LINE, TEXT, Author, Name
from studio.recipes.themes.deployment import (
    Deployment,
    DeploymentSpec,
    Number,
    Seen,
    previous_version,
)
from studio.recipes.themes.preset import Slot
from studio.server.auth.session import current_user
from studio.server.bodies import RawBody
from studio.server.csrf import CsrfHeader, Language
from studio.server.plain_pages import plain_page
from studio.services.evaluation.regression_report import render_html
from studio.store.themes import VersionSummary

MOST = 200
"""Themes that the list shows; a search finds the rest."""


class _Rename(FrozenModel):
    name: Name
    author: Author = ""


class _Branch(FrozenModel):
    """A new theme; without a slug it gets one of its name."""

    version: Number
    slug: Slug | None = None
    name: Name
    author: Author = ""


_Confirmed = Annotated[
    tuple[Annotated[str, Field(max_length=2000), TEXT], ...], Field(max_length=200)
]
"""What the checks said of one version."""


class _Deploy(FrozenModel):
    """An order for the theme of the address; `over` is the newest deployment the operator saw, `seen`
    what the operator has confirmed of the checks of each version."""

    spec: DeploymentSpec
    expected_deployment: Seen | None = None
    acknowledged: Annotated[Mapping[Number, _Confirmed], Field(max_length=2)] = {}


class _Seen(FrozenModel):
    reviewer: Author = ""


class RollbackRequest(FrozenModel):
    channel: Slug = "live"
    author: Author = ""
    expected_deployment: Seen | None = None


def theme_routes(studio: AppContainer) -> APIRouter:
    routes = APIRouter(prefix="/themes")
    presets, deploying = studio.themes, studio.deployments

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("themes", request)

    @routes.get("/list")
    def listed(
        text: Annotated[str, Query(max_length=80), LINE] = "", archived: bool = False
    ) -> list[dict[str, Any]]:
        served = _active_by_theme(studio)
        return [
            {"slug": each.slug, "name": each.name, "latest": each.latest_version, "archived": each.archived, "served": served.get(each.slug, [])}
            for each in presets.list_summaries(text, archived, MOST)
        ]  # fmt: skip

    @routes.get("/{slug}")
    def theme(slug: Slug, language: Language) -> dict[str, Any]:
        latest = presets.get_version(slug)
        reports = studio.evaluations.reports
        packs = reports.latest_by_version(slug, "robustness", RobustnessReport)
        sheets = reports.latest_by_version(slug, "regression", RegressionReport)
        picks = studio.requests.jobs.selection_counts(slug)
        return {
            "slug": slug,
            "name": latest.preset.name,
            "versions": [
                _version(
                    each, packs.get(each.version), sheets.get(each.version), picks.get(each.version)
                )
                for each in presets.list_version_summaries(slug)
            ],
            "served": _active_by_theme(studio).get(slug, []),
            "ailing": {
                c: in_language(deploying.unhealthy(c).get(slug, ()), language)
                for c in _channels(studio, slug)
            },
            "contests": [
                _contest(studio, each.id, each.contest.title)
                for each in studio.blind_tests.list_for_theme(slug)
            ],
            "log": [_deployment_json(each) for each in deploying.deployments.list_all(slug)],
        }

    @routes.get("/{slug}/diff")
    def diff(slug: Slug, before: Number, after: Number, language: Language) -> list[dict[str, str]]:
        old, new = (presets.get_version(slug, number).preset for number in (before, after))
        return [
            dict(zip(("place", "before", "after"), change.texts(language), strict=True))
            for change in diff_themes(old, new)
        ]

    @routes.get("/{slug}/{number}/check")
    def check(slug: Slug, number: Number, language: Language) -> list[dict[str, Any]]:
        return [in_language(each, language) for each in deploying.run_checks(slug, number)]

    @routes.post("/{slug}/deploy")
    def deploy(slug: Slug, wish: _Deploy, request: Request, x_studio: CsrfHeader) -> dict[str, Any]:
        author = _author(request, wish.spec.author)
        order = wish.spec.model_copy(update={"slug": slug, "author": author})
        return _deployment_json(
            deploying.deploy(order, wish.expected_deployment, wish.acknowledged)
        )

    @routes.post("/{slug}/rollback")
    def roll_back(
        slug: Slug, wish: RollbackRequest, request: Request, x_studio: CsrfHeader
    ) -> dict[str, Any]:
        author = _author(request, wish.author)
        return _deployment_json(
            deploying.rollback(slug, wish.channel, author, wish.expected_deployment)
        )

    @routes.post("/{slug}/stop")
    def stop(
        slug: Slug, wish: RollbackRequest, request: Request, x_studio: CsrfHeader
    ) -> dict[str, Any]:
        author = _author(request, wish.author)
        return _deployment_json(deploying.undeploy(slug, wish.channel, author))

    @routes.post("/{slug}/rename")
    def rename(slug: Slug, wish: _Rename, request: Request, x_studio: CsrfHeader) -> dict[str, int]:
        return {
            "number": presets.rename(slug, wish.name, current_user(request) or wish.author).version
        }

    @routes.post("/{slug}/branch")
    def branch(slug: Slug, wish: _Branch, request: Request, x_studio: CsrfHeader) -> dict[str, str]:
        author = current_user(request) or wish.author
        new = wish.slug or presets.slug_for(wish.name.strip())
        made = presets.branch(slug, wish.version, new, wish.name, author)
        return {"slug": made.preset.slug}

    @routes.post("/{slug}/archive")
    def archive(slug: Slug, x_studio: CsrfHeader, archived: bool = True) -> dict[str, bool]:
        deploying.archive(slug, archived)
        return {"archived": archived}

    _add_reviews(routes, studio)
    _add_files(routes, studio)
    return routes


def _add_reviews(routes: APIRouter, studio: AppContainer) -> None:
    """Robustness packs and regression sheets: what they cost, begun, watched, stopped, looked at."""
    reviewing = studio.evaluations

    @routes.get("/{slug}/{number}/reviews/{kind}/cost")
    def cost(slug: Slug, number: Number, kind: ReportType) -> dict[str, Any]:
        return asdict(reviewing.cost(slug, number, kind))

    @routes.post("/{slug}/{number}/reviews/{kind}")
    def begin(slug: Slug, number: Number, kind: ReportType, x_studio: CsrfHeader) -> dict[str, str]:
        reviewing.start(slug, number, kind)
        return {"state": "running"}

    @routes.get("/{slug}/{number}/reviews/{kind}")
    def progress(
        slug: Slug, number: Number, kind: ReportType, language: Language
    ) -> dict[str, Any]:
        found = reviewing.progress(slug, number, kind)
        return {"state": "none"} if found is None else in_language(found, language)

    @routes.post("/{slug}/{number}/reviews/{kind}/stop")
    def stop(slug: Slug, number: Number, kind: ReportType, x_studio: CsrfHeader) -> dict[str, str]:
        reviewing.stop(slug, number, kind)
        return {"state": "stopping"}

    @routes.get("/{slug}/{number}/sheet")
    def sheet(slug: Slug, number: Number, language: Language) -> HTMLResponse:
        """The sheet to look at; its pictures are in the album. Whoever has looked says so."""
        report = reviewing.regression(slug, number)
        if report is None:
            raise NotFoundError("theme.no_regression_sheet", number=number, theme=slug)
        version = studio.themes.get_version(slug, number)
        drawn = reviewing.load_images(version, report)
        return HTMLResponse(render_html(drawn, version, language))

    @routes.post("/{slug}/{number}/sheet/seen")
    def seen(slug: Slug, number: Number, wish: _Seen, request: Request, x_studio: CsrfHeader) -> dict[str, str]:  # fmt: skip
        """Notes who has looked at the sheet, which the gate asks for."""
        by = _author(request, wish.reviewer)
        reviewing.mark_reviewed(slug, number, by)
        return {"by": by}


def _add_files(routes: APIRouter, studio: AppContainer) -> None:
    """Themes as files, out and in."""

    @routes.get("/{slug}/{number}/export")
    def export(slug: Slug, number: Number, bases: bool = False) -> Response:
        document = studio.theme_transfer.export(slug, number, bases)
        told = {"Content-Disposition": f'attachment; filename="{slug}-v{number}.json"'}
        return Response(document, media_type="application/json", headers=told)

    @routes.post("/import/file")
    def take_in(
        request: Request, data: RawBody, x_studio: CsrfHeader, language: Language,
        name: Annotated[str, Query(max_length=200), LINE], author: Author = "",
    ) -> dict[str, Any]:  # fmt: skip
        taken = studio.theme_transfer.import_theme(data, name, current_user(request) or author)
        return {
            "slug": taken.version.preset.slug, "number": taken.version.version,
            "base_images": taken.base_images, "missing": in_language(taken.missing, language),
        }  # fmt: skip


def _author(request: Request, typed: str) -> str:
    """Whoever is signed in, else the name that was typed. Raises InputError for neither."""
    author = current_user(request) or typed.strip()
    if not author:
        raise InvalidInputError("theme.who_does_this")
    return author


def _channels(studio: AppContainer, slug: Slug) -> list[str]:
    return sorted({each.spec.channel for each in studio.deployments.deployments.list_all(slug)})


def _active_by_theme(studio: AppContainer) -> dict[str, list[dict[str, Any]]]:
    """What every channel serves now, by theme."""
    found: dict[str, list[dict[str, Any]]] = {}
    now = datetime.now(UTC)
    for channel in sorted(
        {each.spec.channel for each in studio.deployments.deployments.list_all()}
    ):
        for each in studio.deployments.active_deployments(channel):
            order = each.deployment.spec
            found.setdefault(order.slug, []).append(
                {
                    "channel": channel, "number": order.version, "trial": order.canary_version, "share": order.canary_percent,
                    "before": previous_version(studio.deployments.deployments.list_all(order.slug, channel), now),
                }
            )  # fmt: skip
    return found


def _contest(studio: AppContainer, contest_id: int, title: str) -> dict[str, Any]:
    """A contest in which the theme stands, and how it stands."""
    standing = studio.blind_tests.ranking(contest_id)
    places = [
        {"label": p.label, "chance": p.win_probability, "votes": p.votes}
        for p in standing.candidates
    ]
    return {"id": contest_id, "title": title, "settled": standing.is_significant, "places": places}


def _version(
    each: VersionSummary,
    pack: RobustnessReport | None,
    sheet: RegressionReport | None,
    picks: Mapping[Slot, int] | None,
) -> dict[str, Any]:
    return {
        "number": each.version, "author": each.author, "note": each.message,
        "created": each.created_at.isoformat(), "picks": picks,
        "robustness": None if pack is None else {"share": pack.pass_rate, "passed": pack.passed},
        "sheet": None if sheet is None else {
            "against": sheet.baseline_version, "difference": sheet.median_delta_e, "reviewed_by": sheet.reviewed_by,
            **sheet.metrics.model_dump(),
        },
    }  # fmt: skip


def _deployment_json(each: Deployment) -> dict[str, Any]:
    return {
        "id": each.id,
        "created": each.created_at.isoformat(),
        **each.spec.model_dump(mode="json"),
    }
