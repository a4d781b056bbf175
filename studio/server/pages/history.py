"""The history page and what it asks for: every variant made, filtered, page by page."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from studio.app import AppContainer
from studio.recipes.base_image import Sha256
from studio.recipes.generation.recipe import ModelType
from studio.recipes.history import HistoryFilter, RowId, StoredVariant, VariantSelection
from studio.server.csrf import CsrfHeader
from studio.server.plain_pages import plain_page
from studio.services.history import export_zip

IMMUTABLE_CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Pictures are named by their hash: what has come once need not be asked for again."""


class _HistoryQuery(HistoryFilter):
    before: RowId | None = None


def history_routes(studio: AppContainer) -> APIRouter:
    routes = APIRouter(prefix="/history")

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("history", request)

    @routes.get("/choices")
    def choices() -> dict[str, Any]:
        kinds: tuple[ModelType, ...] = ("checkpoint", "controlnet", "lora")
        return {
            "presets": [[each.slug, each.name] for each in studio.themes.list_summaries()],
            "models": [name for kind in kinds for name in studio.catalog.list_names(kind)],
        }

    @routes.get("/variants")
    def variants(asked: Annotated[_HistoryQuery, Query()]) -> dict[str, Any]:
        found = studio.variants.query(asked, asked.before)
        return {"rows": [_row(row) for row in found.rows], "next": found.next_cursor}

    @routes.get("/pictures/{sha256}.png")
    def image(sha256: Sha256) -> Response:
        return Response(
            studio.variants.read_image(sha256),
            media_type="image/png",
            headers=IMMUTABLE_CACHE_HEADERS,
        )

    @routes.get("/export")
    def archive(wanted: Annotated[HistoryFilter, Query()]) -> StreamingResponse:
        told = {"Content-Disposition": 'attachment; filename="variants.zip"'}
        packed = export_zip(studio.variants, wanted)
        return StreamingResponse(packed, media_type="application/zip", headers=told)

    @routes.post("/delete")
    def delete(chosen: VariantSelection, x_studio: CsrfHeader) -> dict[str, int]:
        return {"deleted": studio.variants.delete(chosen.ids)}

    return routes


def _row(row: StoredVariant) -> dict[str, Any]:
    variant = row.variant
    return {
        "id": row.id,
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
