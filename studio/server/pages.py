"""The plain pages: HTML at addresses that do not change. Their scripts use the API like any client."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from studio.errors import NotFoundError
from studio.recipes.base_image import Slug
from studio.recipes.themes.deployment import VersionNumber
from studio.server.dependencies import Evaluations, Language, Themes
from studio.server.plain_pages import plain_page
from studio.services.evaluation.regression_report import render_html

PAGES = (
    "themes",
    "blind-tests",
    "tuning",
    "moderation",
    "history",
    "base-images",
    "models",
    "people",
    "api-keys",
    "audit",
    "log",
    "system",
)
"""Each has the path, the template and the script of its name."""
MOVED = {"votes": "blind-tests", "bases": "base-images", "safety": "moderation"}
"""Pages by their former names; links to these may be stored anywhere."""

router = APIRouter(include_in_schema=False)


def _show(name: str) -> Callable[[Request], HTMLResponse]:
    def show_page(request: Request) -> HTMLResponse:
        return plain_page(name, request)

    return show_page


def _redirect(name: str) -> Callable[[Request], RedirectResponse]:
    def redirect(request: Request) -> RedirectResponse:
        query = request.url.query.replace("contest=", "test=")
        return RedirectResponse(f"/{name}?{query}" if query else f"/{name}", 308)

    return redirect


for _name in PAGES:
    router.get(f"/{_name}")(_show(_name))
for _old, _new in MOVED.items():
    router.get(f"/{_old}")(_redirect(_new))


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
