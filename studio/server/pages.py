"""The plain pages: HTML at addresses that do not change. Their scripts use the API like any client."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from studio.errors import NotFoundError
from studio.recipes.base_image import Slug
from studio.recipes.themes.deployment import VersionNumber
from studio.server.dependencies import Evaluations, Language, Themes
from studio.server.places import MOVED, PLAIN_PAGES, ROOTS
from studio.server.plain_pages import plain_page
from studio.services.evaluation.regression_report import render_html

router = APIRouter(include_in_schema=False)


def _show(template: str) -> Callable[[Request], HTMLResponse]:
    def show_page(request: Request) -> HTMLResponse:
        return plain_page(template, request)

    return show_page


def _redirect(address: str, status: int) -> Callable[[Request], RedirectResponse]:
    def redirect(request: Request) -> RedirectResponse:
        query = request.url.query.replace("contest=", "test=")
        return RedirectResponse(f"{address}?{query}" if query else address, status)

    return redirect


for _page in PLAIN_PAGES:
    router.get(_page.address)(_show(_page.template))
for _old, _new in MOVED.items():
    router.get(_old)(_redirect(_new, 308))
for _root, _first in ROOTS.items():
    router.get(_root)(_redirect(_first, 307))


@router.get("/themes/{slug}/{version}/sheet")
def show_regression_report(
    slug: Slug, version: VersionNumber, evaluations: Evaluations, themes: Themes, language: Language
) -> HTMLResponse:
    """The regression report as a page to look at, with its images from the render cache."""
    report = evaluations.regression(slug, version)
    if report is None:
        raise NotFoundError("theme.no_regression_suite", number=version, theme=slug)
    theme_version = themes.get_version(slug, version)
    run = evaluations.load_images(theme_version, report)
    return HTMLResponse(render_html(run, theme_version, language))
