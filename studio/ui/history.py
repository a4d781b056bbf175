"""The history page and what it asks for: every variant made, filtered, page by page."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse

from studio.bootstrap import Studio
from studio.recipes.canvas import Sha256
from studio.recipes.history import Chosen, HistoryFilter, KeptVariant, RowId
from studio.recipes.recipe import ModelKind
from studio.service.history import export
from studio.ui.doors import OwnPage
from studio.ui.plain import plain_page

_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Pictures are named by their hash: what has come once need not be asked for again."""


class _Asked(HistoryFilter):
    before: RowId | None = None


def history_routes(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/history")

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("history", request)

    @routes.get("/choices")
    def choices() -> dict[str, Any]:
        kinds: tuple[ModelKind, ...] = ("checkpoint", "controlnet", "lora")
        return {
            "presets": [[each.slug, each.name] for each in studio.presets.summaries()],
            "models": [name for kind in kinds for name in studio.catalogue.names(kind)],
        }

    @routes.get("/variants")
    def variants(asked: Annotated[_Asked, Query()]) -> dict[str, Any]:
        found = studio.variants.page(asked, asked.before)
        return {"rows": [_row(row) for row in found.rows], "next": found.next}

    @routes.get("/pictures/{sha256}.png")
    def picture(sha256: Sha256) -> Response:
        return Response(studio.variants.picture(sha256), media_type="image/png", headers=_FOREVER)

    @routes.get("/export")
    def archive(wanted: Annotated[HistoryFilter, Query()]) -> StreamingResponse:
        told = {"Content-Disposition": 'attachment; filename="variants.zip"'}
        packed = export(studio.variants, wanted)
        return StreamingResponse(packed, media_type="application/zip", headers=told)

    @routes.post("/delete")
    def delete(chosen: Chosen, x_studio: OwnPage) -> dict[str, int]:
        return {"deleted": studio.variants.delete(chosen.ids)}

    return routes


def _row(row: KeptVariant) -> dict[str, Any]:
    variant = row.variant
    return {
        "id": row.id,
        "letter": variant.letter,
        "preset": variant.preset,
        "version": variant.preset_version,
        "prompt": variant.prompt,
        "negative": variant.negative_prompt,
        "seed": variant.seed,
        "models": [model.name for model in variant.models],
        "recipe": variant.recipe.model_dump(mode="json"),
        "run": variant.request_id,
        "seconds": round(variant.timings.render, 1),
        "created": variant.created.isoformat(),
        "picture": f"/history/pictures/{variant.picture_sha256}.png",
    }
