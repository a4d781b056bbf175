"""Routes of the history, for operators (scope `admin`): every stored variant, filtered; export and deletion."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Sha256, Slug
from studio.recipes.generation.job import RequestId
from studio.recipes.generation.recipe import ModelType, Recipe
from studio.recipes.history import HistoryFilter, RowId, StoredVariant, VariantSelection
from studio.recipes.themes.preset import Slot
from studio.server.dependencies import Catalog, Themes, Variants, require_admin
from studio.server.schemas import API_PREFIX
from studio.services.history import export_zip

VARIANTS = f"{API_PREFIX}/variants"
IMMUTABLE_CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Image URLs contain the image's hash: a cached image never has to be fetched again."""
FILTERED_MODEL_TYPES: tuple[ModelType, ...] = ("checkpoint", "controlnet", "lora")

router = APIRouter(prefix=VARIANTS, tags=["history"], dependencies=[Depends(require_admin)])


def image_url(sha256: str) -> str:
    """Where the image of a stored variant is served."""
    return f"{VARIANTS}/images/{sha256}.png"


class VariantQuery(HistoryFilter):
    before: RowId | None = None


class StoredVariantResponse(FrozenModel):
    """A stored variant with what made it; `version` is null where the theme was not saved."""

    id: int
    slot: Slot
    theme: Slug
    version: int | None
    prompt: str
    negative_prompt: str
    seed: int
    models: tuple[str, ...]
    recipe: Recipe
    request_id: RequestId
    render_seconds: float
    created_at: datetime
    image: str

    @classmethod
    def of(cls, stored: StoredVariant) -> Self:
        variant = stored.variant
        return cls(
            id=stored.id,
            slot=variant.slot,
            theme=variant.theme_slug,
            version=variant.theme_version,
            prompt=variant.prompt,
            negative_prompt=variant.negative_prompt,
            seed=variant.seed,
            models=tuple(model.name for model in variant.models),
            recipe=variant.recipe,
            request_id=variant.request_id,
            render_seconds=round(variant.timings.render_seconds, 1),
            created_at=variant.created_at,
            image=image_url(variant.image_sha256),
        )


class VariantPageResponse(FrozenModel):
    """One page of variants; `next_cursor` is the `before` of the following page, null on the last."""

    variants: tuple[StoredVariantResponse, ...]
    next_cursor: int | None


class ThemeName(FrozenModel):
    slug: Slug
    name: str


class FilterOptions(FrozenModel):
    """The themes and models by which the history can be filtered."""

    themes: tuple[ThemeName, ...]
    models: tuple[str, ...]


class DeletedResponse(FrozenModel):
    deleted: int


@router.get("")
def list_variants(
    query: Annotated[VariantQuery, Query()], variants: Variants
) -> VariantPageResponse:
    """One page of variants, latest first."""
    page = variants.query(query, query.before)
    return VariantPageResponse(
        variants=tuple(map(StoredVariantResponse.of, page.rows)), next_cursor=page.next_cursor
    )


@router.get("/filter-options")
def list_filter_options(themes: Themes, catalog: Catalog) -> FilterOptions:
    """The themes and models by which variants can be filtered."""
    return FilterOptions(
        themes=tuple(
            ThemeName(slug=theme.slug, name=theme.name) for theme in themes.list_summaries()
        ),
        models=tuple(name for kind in FILTERED_MODEL_TYPES for name in catalog.list_names(kind)),
    )


@router.get("/images/{sha256}.png", response_class=Response)
def get_image(sha256: Sha256, variants: Variants) -> Response:
    """A variant's image with its metadata."""
    return Response(
        variants.read_image(sha256),
        media_type="image/png",
        headers=IMMUTABLE_CACHE_HEADERS,
    )


@router.get("/export.zip", response_class=StreamingResponse)
def export_variants(
    filters: Annotated[HistoryFilter, Query()], variants: Variants
) -> StreamingResponse:
    """The matching variants as a ZIP file, streamed."""
    return StreamingResponse(
        export_zip(variants, filters),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="variants.zip"'},
    )


@router.post("/delete")
def delete_variants(selection: VariantSelection, variants: Variants) -> DeletedResponse:
    """Deletes variants with their images; the answer is how many."""
    return DeletedResponse(deleted=variants.delete(selection.ids))
