"""The page History: every stored variant, filtered, page by page; export and deletion."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from studio.recipes.base_image import Sha256
from studio.recipes.generation.recipe import ModelType
from studio.recipes.history import HistoryFilter, RowId, StoredVariant, VariantSelection
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Container
from studio.server.plain_pages import plain_page
from studio.services.history import export_zip

IMMUTABLE_CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Image URLs contain the image's hash: a cached image never has to be fetched again."""
FILTERED_MODEL_TYPES: tuple[ModelType, ...] = ("checkpoint", "controlnet", "lora")

router = APIRouter(prefix="/history")


class _HistoryQuery(HistoryFilter):
    before: RowId | None = None


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("history", request)


@router.get("/choices")
def list_filter_choices(studio: Container) -> dict[str, Any]:
    """The themes and models that the page's filter offers."""
    return {
        "presets": [[theme.slug, theme.name] for theme in studio.stores.themes.list_summaries()],
        "models": [
            name for kind in FILTERED_MODEL_TYPES for name in studio.models.catalog.list_names(kind)
        ],
    }


@router.get("/variants")
def list_variants(query: Annotated[_HistoryQuery, Query()], studio: Container) -> dict[str, Any]:
    """One page of variants, latest first; `next` is the `before` of the following page."""
    page = studio.stores.variants.query(query, query.before)
    return {"rows": [_to_json(stored) for stored in page.rows], "next": page.next_cursor}


@router.get("/pictures/{sha256}.png")
def get_image(sha256: Sha256, studio: Container) -> Response:
    return Response(
        studio.stores.variants.read_image(sha256),
        media_type="image/png",
        headers=IMMUTABLE_CACHE_HEADERS,
    )


@router.get("/export")
def export_variants(
    filters: Annotated[HistoryFilter, Query()], studio: Container
) -> StreamingResponse:
    """The matching variants as a ZIP file, streamed."""
    return StreamingResponse(
        export_zip(studio.stores.variants, filters),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="variants.zip"'},
    )


@router.post("/delete", dependencies=[CSRF_HEADER])
def delete_variants(selection: VariantSelection, studio: Container) -> dict[str, int]:
    """Deletes variants with their images; the answer is how many."""
    return {"deleted": studio.stores.variants.delete(selection.ids)}


def _to_json(stored: StoredVariant) -> dict[str, Any]:
    variant = stored.variant
    return {
        "id": stored.id,
        "slot": variant.slot,
        "preset": variant.theme_slug,
        "version": variant.theme_version,
        "prompt": variant.prompt,
        "negative": variant.negative_prompt,
        "seed": variant.seed,
        "models": [model.name for model in variant.models],
        "recipe": variant.recipe.model_dump(mode="json"),
        "run": variant.request_id,
        "seconds": round(variant.timings.render_seconds, 1),
        "created": variant.created_at.isoformat(),
        "image": f"/history/pictures/{variant.image_sha256}.png",
    }
