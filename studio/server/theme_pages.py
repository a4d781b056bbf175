"""The pages of one theme: overview, versions, releases, moderation policy, and the review of a version."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from studio.recipes.base_image import Slug
from studio.recipes.themes.deployment import VersionNumber
from studio.server.dependencies import Themes
from studio.server.plain_pages import plain_page

router = APIRouter(prefix="/themes/{slug}", include_in_schema=False)


@router.get("")
def show_overview(slug: Slug, request: Request, themes: Themes) -> HTMLResponse:
    return _theme_page("overview", slug, request, themes)


@router.get("/versions")
def show_versions(slug: Slug, request: Request, themes: Themes) -> HTMLResponse:
    return _theme_page("versions", slug, request, themes)


@router.get("/releases")
def show_releases(slug: Slug, request: Request, themes: Themes) -> HTMLResponse:
    return _theme_page("releases", slug, request, themes)


@router.get("/policy")
def show_policy(slug: Slug, request: Request, themes: Themes) -> HTMLResponse:
    return _theme_page("policy", slug, request, themes, template="theme-policy")


@router.get("/review")
def show_latest_review(slug: Slug, themes: Themes) -> RedirectResponse:
    """Leads to the review of the latest version."""
    latest = themes.get_version(slug).version
    return RedirectResponse(f"/themes/{slug}/versions/{latest}/review", 307)


@router.get("/versions/{version}/review")
def show_review(
    slug: Slug, version: VersionNumber, request: Request, themes: Themes
) -> HTMLResponse:
    """Raises NotFoundError."""
    themes.get_version(slug, version)
    name = themes.get_version(slug).preset.name  # A version keeps the name that the theme had.
    return plain_page("theme-review", request, slug=slug, theme=name, version=version, tab="review")


@router.get("/{version}/sheet")
def redirect_report(slug: Slug, version: VersionNumber) -> RedirectResponse:
    """The regression report's former address; links to it may be stored anywhere."""
    return RedirectResponse(f"/themes/{slug}/versions/{version}/review", 308)


def _theme_page(
    tab: str, slug: Slug, request: Request, themes: Themes, template: str = "theme"
) -> HTMLResponse:
    """Raises NotFoundError."""
    latest = themes.get_version(slug)
    return plain_page(
        template, request, slug=slug, theme=latest.preset.name, version=latest.version, tab=tab
    )
