"""Routes that manage themes and their versions, for operators (scope `admin`).

They lie under /admin/themes: /themes lists what is deployed, for apps.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from studio.recipes.base_image import Slug
from studio.recipes.generation.diff import diff_themes
from studio.recipes.text_fields import LINE, Author, Name
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Preset, Slot
from studio.server.admin_schemas import (
    BranchRequest,
    ChangeResponse,
    ImportResponse,
    SelectionCountsResponse,
    ThemeVersionResponse,
)
from studio.server.bodies import RawBody
from studio.server.dependencies import (
    Admin,
    Container,
    Deployments,
    Language,
    Requests,
    ThemeReviews,
    Themes,
    ThemeThumbnails,
    ThemeTransfer,
    require_admin,
)
from studio.server.openapi import THEME_FILE
from studio.server.schemas import API_PREFIX
from studio.server.theme_details import active_by_theme, scheduled_by_theme, theme_details
from studio.server.theme_schemas import TagsRequest, ThemeDetailsResponse, ThemeResponse
from studio.server.thumbnail_responses import IfNoneMatch, ThumbnailSize, thumbnail_response
from studio.store.theme_summaries import ThemeSummary

MAX_RESULTS = 200
"""Themes that one answer lists; a search finds the rest."""
ADMIN_THEMES = f"{API_PREFIX}/admin/themes"

router = APIRouter(
    prefix=ADMIN_THEMES, tags=["theme management"], dependencies=[Depends(require_admin)]
)


@router.get("")
def list_themes(
    themes: Themes,
    studio: Container,
    reviews: ThemeReviews,
    text: Annotated[str, Query(max_length=80), LINE] = "",
    archived: bool = False,
) -> list[ThemeResponse]:
    """Themes whose name or slug contains `text`, with what is active and scheduled of each; archived ones, too,
    with `archived`."""
    log = studio.stores.deployments.list_all()
    active = active_by_theme(studio, log)
    scheduled = scheduled_by_theme(log)
    deployed = {deployment.spec.slug for deployment in log}
    states = reviews.states()
    return [
        _to_response(theme).model_copy(
            update={
                "review": states.get((theme.slug, theme.latest_version), "none"),
                "was_deployed": theme.slug in deployed,
                "active": tuple(active.get(theme.slug, ())),
                "scheduled": scheduled.get(theme.slug, ()),
            }
        )
        for theme in themes.list_summaries(text, archived, MAX_RESULTS)
    ]


@router.get("/{slug}")
def get_theme(slug: Slug, studio: Container, language: Language) -> ThemeDetailsResponse:
    """A theme with its versions, deployments, evaluations and blind tests."""
    return theme_details(studio, slug, language)


@router.post("", status_code=201, openapi_extra=THEME_FILE)
def import_theme(
    data: RawBody,
    operator: Admin,
    transfer: ThemeTransfer,
    language: Language,
    name: Annotated[str, Query(max_length=200), LINE] = "the preset file",
    author: Author = "",
) -> ImportResponse:
    """Imports a theme file, as `studio themes export` writes it, as the next version of its theme.

    `name` is the file's, for errors; `author` counts where nobody signs in.
    """
    imported = transfer.import_theme(data, name, operator.author(author))
    return ImportResponse(
        slug=imported.version.preset.slug,
        version=imported.version.version,
        base_images=tuple(imported.base_images),
        missing=tuple(reason.text(language) for reason in imported.missing),
    )


@router.get("/{slug}/thumbnails/{slot}.webp", response_class=Response)
def get_thumbnail(
    slug: Slug,
    slot: Slot,
    themes: Themes,
    images: ThemeThumbnails,
    version: VersionNumber | None = None,
    size: ThumbnailSize = 192,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """What a recipe makes, reduced: of an operator's newest run, of the regression suite, or the shipped example.
    With `version`, of that version alone. 404 where nothing was rendered yet."""
    themes.get_version(slug, version)  # Raises NotFoundError.
    return thumbnail_response(images.theme(slug, slot, size, version), if_none_match)


@router.put("/{slug}/tags")
def set_tags(slug: Slug, body: TagsRequest, themes: Themes) -> TagsRequest:
    """Replaces the tags of a theme."""
    return TagsRequest(tags=tuple(themes.set_tags(slug, body.tags)))


@router.get("/{slug}/versions")
def list_versions(slug: Slug, themes: Themes) -> list[ThemeVersionResponse]:
    """The versions of a theme, without their presets."""
    return [ThemeVersionResponse.of(version) for version in themes.list_version_summaries(slug)]


@router.get("/{slug}/versions/{version}")
def get_preset(slug: Slug, version: VersionNumber, themes: Themes) -> Preset:
    """The preset of a version: four recipes with what they share."""
    return themes.get_version(slug, version).preset


@router.get("/{slug}/versions/{version}/file", response_class=Response)
def export_theme(
    slug: Slug, version: VersionNumber, transfer: ThemeTransfer, bases: bool = False
) -> Response:
    """A version as a file that another studio can import, with its base images where `bases` asks for
    them."""
    return Response(
        transfer.export(slug, version, bases),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{slug}-v{version}.json"'},
    )


@router.get("/{slug}/diff")
def diff_versions(
    slug: Slug, before: VersionNumber, after: VersionNumber, themes: Themes, language: Language
) -> list[ChangeResponse]:
    """The fields that differ between two versions of a theme."""
    old, new = (themes.get_version(slug, version).preset for version in (before, after))
    changes = (change.texts(language) for change in diff_themes(old, new))
    return [ChangeResponse(field_path=path, before=b, after=a) for path, b, a in changes]


@router.post("/{slug}/versions/{version}/branch", status_code=201)
def branch_theme(
    slug: Slug, version: VersionNumber, body: BranchRequest, operator: Admin, themes: Themes
) -> ThemeResponse:
    """Creates a new theme from a version."""
    new_slug = body.slug or themes.slug_for(body.name.strip())
    author = operator.author(body.author)
    created = themes.branch(slug, version, new_slug, body.name, author)
    return _to_response(themes.get_summary(created.preset.slug))


@router.put("/{slug}/name")
def rename_theme(
    slug: Slug,
    name: Annotated[Name, Query()],
    operator: Admin,
    themes: Themes,
    author: Author = "",
) -> ThemeVersionResponse:
    """Renames a theme, by a new version; its slug stays. `author` counts where nobody signs in."""
    return ThemeVersionResponse.of(themes.rename(slug, name, operator.author(author)))


@router.put("/{slug}/archived")
def archive_theme(slug: Slug, archived: bool, deployments: Deployments) -> dict[str, bool]:
    """Archives a theme, or restores it to the lists; a deployed theme cannot be archived."""
    deployments.archive(slug, archived)
    return {"archived": archived}


@router.get("/{slug}/selections")
def count_selections(
    slug: Slug, themes: Themes, requests: Requests
) -> list[SelectionCountsResponse]:
    """How often users of apps chose each slot's variant, latest version first."""
    themes.get_version(slug)  # Raises NotFoundError.
    counts = sorted(requests.selection_counts(slug).items(), reverse=True)
    return [
        SelectionCountsResponse(version=version, selections=by_slot) for version, by_slot in counts
    ]


def _to_response(theme: ThemeSummary) -> ThemeResponse:
    """A theme that is neither reviewed nor deployed."""
    return ThemeResponse(
        slug=theme.slug,
        name=theme.name,
        latest=theme.latest_version,
        archived=theme.archived,
        tags=theme.tags,
        author=theme.author,
        updated_at=theme.updated_at,
    )
