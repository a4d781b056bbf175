"""The page Themes: versions and what changed, what was found out about them, what is served."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from studio.bodies import RawBody
from studio.bootstrap import Studio
from studio.errors import InputError, NotFound
from studio.messages import in_language
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.deployment import Deployment, Number, Order, Seen, before
from studio.recipes.differing import differences
from studio.recipes.preset import Letter
from studio.recipes.reports import Regression, ReportKind, Robustness
from studio.recipes.text import LINE, TEXT, Author, Name
from studio.service.sheet_files import sheet_html
from studio.store.presets import VersionSummary
from studio.ui.doors import Language, OwnPage
from studio.ui.plain import plain_page
from studio.ui.sign_in import user_of

MOST = 200
"""Themes that the list shows; a search finds the rest."""


class _Rename(Frozen):
    name: Name
    author: Author = ""


class _Branch(Frozen):
    """A new theme; without a slug it gets one of its name."""

    number: Number
    slug: Slug | None = None
    name: Name
    author: Author = ""


_Confirmed = Annotated[
    tuple[Annotated[str, Field(max_length=2000), TEXT], ...], Field(max_length=200)
]
"""What the checks said of one version."""


class _Deploy(Frozen):
    """An order for the theme of the address; `over` is the newest deployment the operator saw, `seen`
    what the operator has confirmed of the checks of each version."""

    order: Order
    over: Seen | None = None
    seen: Annotated[Mapping[Number, _Confirmed], Field(max_length=2)] = {}


class _Seen(Frozen):
    by: Author = ""


class _Back(Frozen):
    channel: Slug = "live"
    author: Author = ""
    over: Seen | None = None


def theme_routes(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/themes")
    presets, deploying = studio.presets, studio.deploying

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("themes", request)

    @routes.get("/list")
    def listed(
        text: Annotated[str, Query(max_length=80), LINE] = "", archived: bool = False
    ) -> list[dict[str, Any]]:
        served = _served(studio)
        return [
            {"slug": each.slug, "name": each.name, "latest": each.latest, "archived": each.archived, "served": served.get(each.slug, [])}
            for each in presets.summaries(text, archived, MOST)
        ]  # fmt: skip

    @routes.get("/{slug}")
    def theme(slug: Slug, language: Language) -> dict[str, Any]:
        latest = presets.version(slug)
        reports = studio.reviewing.reports
        packs = reports.all_newest(slug, "robustness", Robustness)
        sheets = reports.all_newest(slug, "regression", Regression)
        picks = studio.serving.jobs.picks(slug)
        return {
            "slug": slug,
            "name": latest.preset.name,
            "versions": [
                _version(
                    each, packs.get(each.number), sheets.get(each.number), picks.get(each.number)
                )
                for each in presets.history(slug)
            ],
            "served": _served(studio).get(slug, []),
            "ailing": {
                c: in_language(deploying.ailing(c).get(slug, ()), language)
                for c in _channels(studio, slug)
            },
            "contests": [
                _contest(studio, each.id, each.contest.title) for each in studio.voting.about(slug)
            ],
            "log": [_logged(each) for each in deploying.deployments.log(slug)],
        }

    @routes.get("/{slug}/diff")
    def diff(slug: Slug, before: Number, after: Number, language: Language) -> list[dict[str, str]]:
        old, new = (presets.version(slug, number).preset for number in (before, after))
        return [
            dict(zip(("place", "before", "after"), change.texts(language), strict=True))
            for change in differences(old, new)
        ]

    @routes.get("/{slug}/{number}/check")
    def check(slug: Slug, number: Number, language: Language) -> list[dict[str, Any]]:
        return [in_language(each, language) for each in deploying.check(slug, number)]

    @routes.post("/{slug}/deploy")
    def deploy(slug: Slug, wish: _Deploy, request: Request, x_studio: OwnPage) -> dict[str, Any]:
        author = _author(request, wish.order.author)
        order = wish.order.model_copy(update={"slug": slug, "author": author})
        return _logged(deploying.deploy(order, wish.over, wish.seen))

    @routes.post("/{slug}/rollback")
    def roll_back(slug: Slug, wish: _Back, request: Request, x_studio: OwnPage) -> dict[str, Any]:
        author = _author(request, wish.author)
        return _logged(deploying.roll_back(slug, wish.channel, author, wish.over))

    @routes.post("/{slug}/stop")
    def stop(slug: Slug, wish: _Back, request: Request, x_studio: OwnPage) -> dict[str, Any]:
        author = _author(request, wish.author)
        return _logged(deploying.take_down(slug, wish.channel, author))

    @routes.post("/{slug}/rename")
    def rename(slug: Slug, wish: _Rename, request: Request, x_studio: OwnPage) -> dict[str, int]:
        return {"number": presets.rename(slug, wish.name, user_of(request) or wish.author).number}

    @routes.post("/{slug}/branch")
    def branch(slug: Slug, wish: _Branch, request: Request, x_studio: OwnPage) -> dict[str, str]:
        author = user_of(request) or wish.author
        new = wish.slug or presets.slug_for(wish.name.strip())
        made = presets.branch(slug, wish.number, new, wish.name, author)
        return {"slug": made.preset.slug}

    @routes.post("/{slug}/archive")
    def archive(slug: Slug, x_studio: OwnPage, archived: bool = True) -> dict[str, bool]:
        deploying.archive(slug, archived)
        return {"archived": archived}

    _add_reviews(routes, studio)
    _add_files(routes, studio)
    return routes


def _add_reviews(routes: APIRouter, studio: Studio) -> None:
    """Robustness packs and regression sheets: what they cost, begun, watched, stopped, looked at."""
    reviewing = studio.reviewing

    @routes.get("/{slug}/{number}/reviews/{kind}/cost")
    def cost(slug: Slug, number: Number, kind: ReportKind) -> dict[str, Any]:
        return asdict(reviewing.cost(slug, number, kind))

    @routes.post("/{slug}/{number}/reviews/{kind}")
    def begin(slug: Slug, number: Number, kind: ReportKind, x_studio: OwnPage) -> dict[str, str]:
        reviewing.begin(slug, number, kind)
        return {"state": "running"}

    @routes.get("/{slug}/{number}/reviews/{kind}")
    def progress(
        slug: Slug, number: Number, kind: ReportKind, language: Language
    ) -> dict[str, Any]:
        found = reviewing.progress(slug, number, kind)
        return {"state": "none"} if found is None else in_language(found, language)

    @routes.post("/{slug}/{number}/reviews/{kind}/stop")
    def stop(slug: Slug, number: Number, kind: ReportKind, x_studio: OwnPage) -> dict[str, str]:
        reviewing.stop(slug, number, kind)
        return {"state": "stopping"}

    @routes.get("/{slug}/{number}/sheet")
    def sheet(slug: Slug, number: Number, language: Language) -> HTMLResponse:
        """The sheet to look at; its pictures are in the album. Whoever has looked says so."""
        report = reviewing.regression(slug, number)
        if report is None:
            raise NotFound("theme.no_regression_sheet", number=number, theme=slug)
        version = studio.presets.version(slug, number)
        drawn = reviewing.drawn(version, report)
        return HTMLResponse(sheet_html(drawn, version, language))

    @routes.post("/{slug}/{number}/sheet/seen")
    def seen(slug: Slug, number: Number, wish: _Seen, request: Request, x_studio: OwnPage) -> dict[str, str]:  # fmt: skip
        """Notes who has looked at the sheet, which the gate asks for."""
        by = _author(request, wish.by)
        reviewing.mark_seen(slug, number, by)
        return {"by": by}


def _add_files(routes: APIRouter, studio: Studio) -> None:
    """Themes as files, out and in."""

    @routes.get("/{slug}/{number}/export")
    def export(slug: Slug, number: Number, bases: bool = False) -> Response:
        document = studio.packaging.export(slug, number, bases)
        told = {"Content-Disposition": f'attachment; filename="{slug}-v{number}.json"'}
        return Response(document, media_type="application/json", headers=told)

    @routes.post("/import/file")
    def take_in(
        request: Request, data: RawBody, x_studio: OwnPage, language: Language,
        name: Annotated[str, Query(max_length=200), LINE], author: Author = "",
    ) -> dict[str, Any]:  # fmt: skip
        taken = studio.packaging.take_in(data, name, user_of(request) or author)
        return {
            "slug": taken.version.preset.slug, "number": taken.version.number,
            "base_images": taken.base_images, "missing": in_language(taken.missing, language),
        }  # fmt: skip


def _author(request: Request, typed: str) -> str:
    """Whoever is signed in, else the name that was typed. Raises InputError for neither."""
    author = user_of(request) or typed.strip()
    if not author:
        raise InputError("theme.who_does_this")
    return author


def _channels(studio: Studio, slug: Slug) -> list[str]:
    return sorted({each.order.channel for each in studio.deploying.deployments.log(slug)})


def _served(studio: Studio) -> dict[str, list[dict[str, Any]]]:
    """What every channel serves now, by theme."""
    found: dict[str, list[dict[str, Any]]] = {}
    now = datetime.now(UTC)
    for channel in sorted({each.order.channel for each in studio.deploying.deployments.log()}):
        for each in studio.deploying.serving(channel):
            order = each.deployment.order
            found.setdefault(order.slug, []).append(
                {
                    "channel": channel, "number": order.number, "trial": order.trial, "share": order.trial_share,
                    "before": before(studio.deploying.deployments.log(order.slug, channel), now),
                }
            )  # fmt: skip
    return found


def _contest(studio: Studio, contest_id: int, title: str) -> dict[str, Any]:
    """A contest in which the theme stands, and how it stands."""
    standing = studio.voting.standing(contest_id)
    places = [{"label": p.label, "chance": p.chance, "votes": p.votes} for p in standing.places]
    return {"id": contest_id, "title": title, "settled": standing.settled, "places": places}


def _version(
    each: VersionSummary,
    pack: Robustness | None,
    sheet: Regression | None,
    picks: Mapping[Letter, int] | None,
) -> dict[str, Any]:
    return {
        "number": each.number, "author": each.author, "note": each.note,
        "created": each.created.isoformat(), "picks": picks,
        "robustness": None if pack is None else {"share": pack.share, "passed": pack.passed},
        "sheet": None if sheet is None else {
            "against": sheet.against, "difference": sheet.difference, "seen_by": sheet.seen_by,
            **sheet.looks.model_dump(),
        },
    }  # fmt: skip


def _logged(each: Deployment) -> dict[str, Any]:
    return {
        "id": each.id,
        "created": each.created.isoformat(),
        **each.order.model_dump(mode="json"),
    }
