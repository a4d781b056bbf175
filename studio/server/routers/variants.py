"""Routes of the history, for operators (scope `admin`): every stored variant, by run or by image, filtered;
thumbnails, export and deletion."""

from functools import partial
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse

from studio.recipes.base_image import Sha256
from studio.recipes.generation.job import RequestId
from studio.recipes.generation.recipe import ModelType
from studio.recipes.generation.samplers import Sampler
from studio.recipes.history import HistoryFilter, VariantSelection
from studio.server.dependencies import (
    BaseImages,
    Catalog,
    Evaluations,
    Language,
    Themes,
    Thumbnails,
    VariantLabels,
    Variants,
    require_admin,
)
from studio.server.history_schemas import (
    VARIANTS,
    DeletedResponse,
    FilterOptions,
    RunPageResponse,
    RunResponse,
    StoredVariantResponse,
    ThemeName,
    VariantPageResponse,
    VariantQuery,
)
from studio.server.routers.base_images import base_image_url
from studio.services.evaluation.run_metrics import RunMetric, stored_run_metrics
from studio.services.history import export_zip

IMMUTABLE_CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
"""Image URLs contain the image's hash: a cached image never has to be fetched again."""
DEFAULT_THUMBNAIL_SIZE = 192
"""Pixels of a thumbnail's longest side."""
DEFAULT_VARIANTS, DEFAULT_RUNS = 60, 20
"""Length of a page."""
FILTERED_MODEL_TYPES: tuple[ModelType, ...] = ("checkpoint", "controlnet", "lora", "ip_adapter")

router = APIRouter(prefix=VARIANTS, tags=["history"], dependencies=[Depends(require_admin)])


@router.get("")
def list_variants(
    query: Annotated[VariantQuery, Query()], variants: Variants, language: Language
) -> VariantPageResponse:
    """One page of variants, latest first."""
    page = variants.query(query, query.before, query.limit or DEFAULT_VARIANTS)
    return VariantPageResponse(
        variants=tuple(StoredVariantResponse.of(row, language) for row in page.rows),
        next_cursor=page.next_cursor,
    )


@router.get("/runs")
def list_runs(
    query: Annotated[VariantQuery, Query()], variants: Variants, language: Language
) -> RunPageResponse:
    """One page of the runs of which a variant matches, latest first, each with all of its variants."""
    page = variants.query_runs(query, query.before, query.limit or DEFAULT_RUNS)
    return RunPageResponse(
        runs=tuple(RunResponse.of(run, language) for run in page.runs),
        next_cursor=page.next_cursor,
    )


@router.get("/runs/{request_id}/metrics")
def get_run_metrics(
    request_id: RequestId, variants: Variants, evaluations: Evaluations
) -> list[RunMetric]:
    """The quality metrics of a run, computed from its stored images; none where one of the four is missing."""
    return stored_run_metrics(evaluations, variants, request_id)


@router.get("/filter-options")
def list_filter_options(
    themes: Themes, catalog: Catalog, labels: VariantLabels, base_images: BaseImages
) -> FilterOptions:
    """What variants can be filtered by."""
    return FilterOptions(
        themes=tuple(
            ThemeName(slug=theme.slug, name=theme.name) for theme in themes.list_summaries()
        ),
        models=tuple(name for kind in FILTERED_MODEL_TYPES for name in catalog.list_names(kind)),
        samplers=get_args(Sampler),
        tags=tuple(labels.names("tag")),
        collections=tuple(labels.names("collection")),
        base_images={
            image.id: base_image_url(image) for image in base_images.list_all(include_retired=True)
        },
    )


@router.get("/images/{sha256}.png", response_class=Response)
def get_image(sha256: Sha256, variants: Variants) -> Response:
    """A variant's image with its metadata."""
    return Response(
        variants.read_image(sha256),
        media_type="image/png",
        headers=IMMUTABLE_CACHE_HEADERS,
    )


@router.get("/images/{sha256}.webp", response_class=Response)
def get_thumbnail(
    sha256: Sha256,
    variants: Variants,
    thumbnails: Thumbnails,
    size: Annotated[int, Query(ge=16, le=768)] = DEFAULT_THUMBNAIL_SIZE,
) -> Response:
    """A small WebP copy of a variant's image or doodle; `size` is its longest side in pixels at least."""
    webp = thumbnails.get(sha256, size, partial(variants.read_image, sha256))
    return Response(webp, media_type="image/webp", headers=IMMUTABLE_CACHE_HEADERS)


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
