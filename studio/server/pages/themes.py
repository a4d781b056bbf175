"""The page Themes: list, versions and their differences, names, branches, archive, files."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.diff import diff_themes
from studio.recipes.text_fields import LINE, Author, Name
from studio.recipes.themes.deployment import VersionNumber
from studio.server.auth.session import CurrentUser
from studio.server.bodies import RawBody
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Container, Deployments, Language, Themes, ThemeTransfer
from studio.server.pages.theme_json import active_by_theme, theme_details
from studio.server.plain_pages import plain_page

MAX_RESULTS = 200
"""Themes that the list shows; a search finds the rest."""

router = APIRouter(prefix="/themes")


class RenameTheme(FrozenModel):
    name: Name
    author: Author = ""


class BranchTheme(FrozenModel):
    """A new theme from a version; without a slug it gets one made of its name."""

    version: VersionNumber
    slug: Slug | None = None
    name: Name
    author: Author = ""


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("themes", request)


@router.get("/list")
def list_themes(
    studio: Container,
    text: Annotated[str, Query(max_length=80), LINE] = "",
    archived: bool = False,
) -> list[dict[str, Any]]:
    """Themes whose name or slug contains `text`, with what is deployed of each."""
    active = active_by_theme(studio.authoring.deployments)
    return [
        {
            "slug": theme.slug,
            "name": theme.name,
            "latest": theme.latest_version,
            "archived": theme.archived,
            "served": active.get(theme.slug, []),
        }
        for theme in studio.stores.themes.list_summaries(text, archived, MAX_RESULTS)
    ]


@router.get("/{slug}")
def get_theme(slug: Slug, studio: Container, language: Language) -> dict[str, Any]:
    """A theme with its versions, deployments, evaluations and blind tests."""
    return theme_details(studio, slug, language)


@router.get("/{slug}/diff")
def diff_versions(
    slug: Slug, before: VersionNumber, after: VersionNumber, themes: Themes, language: Language
) -> list[dict[str, str]]:
    """The fields that differ between two versions."""
    old, new = (themes.get_version(slug, version).preset for version in (before, after))
    changes = (change.texts(language) for change in diff_themes(old, new))
    return [{"place": path, "before": b, "after": a} for path, b, a in changes]


@router.post("/{slug}/rename", dependencies=[CSRF_HEADER])
def rename_theme(
    slug: Slug, body: RenameTheme, user: CurrentUser, themes: Themes
) -> dict[str, int]:
    """Renames a theme, by a new version; its slug stays."""
    return {"number": themes.rename(slug, body.name, user or body.author).version}


@router.post("/{slug}/branch", dependencies=[CSRF_HEADER])
def branch_theme(
    slug: Slug, body: BranchTheme, user: CurrentUser, themes: Themes
) -> dict[str, str]:
    """Creates a new theme from a version."""
    new_slug = body.slug or themes.slug_for(body.name.strip())
    created = themes.branch(slug, body.version, new_slug, body.name, user or body.author)
    return {"slug": created.preset.slug}


@router.post("/{slug}/archive", dependencies=[CSRF_HEADER])
def archive_theme(slug: Slug, deployments: Deployments, archived: bool = True) -> dict[str, bool]:
    """Archives a theme, or restores it to the list; a deployed theme cannot be archived."""
    deployments.archive(slug, archived)
    return {"archived": archived}


@router.get("/{slug}/{version}/export")
def export_theme(
    slug: Slug, version: VersionNumber, transfer: ThemeTransfer, bases: bool = False
) -> Response:
    """A version as a file, with its base images where `bases` asks for them."""
    return Response(
        transfer.export(slug, version, bases),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{slug}-v{version}.json"'},
    )


@router.post("/import/file", dependencies=[CSRF_HEADER])
def import_theme(
    data: RawBody,
    user: CurrentUser,
    transfer: ThemeTransfer,
    language: Language,
    name: Annotated[str, Query(max_length=200), LINE],
    author: Author = "",
) -> dict[str, Any]:
    """Imports a theme file as the next version of its theme; `name` is the file's, for errors."""
    imported = transfer.import_theme(data, name, user or author)
    return {
        "slug": imported.version.preset.slug,
        "number": imported.version.version,
        "base_images": imported.base_images,
        "missing": in_language(imported.missing, language),
    }
