"""Routes of grids (X/Y/Z plots), for operators (scope `admin`): one recipe over the values of its fields."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from studio.imaging.png_io import encode_png
from studio.messages import message
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.blind_test import Candidate, GridCellRef
from studio.recipes.evaluation.grid import Grid
from studio.recipes.generation.grid_fields import GridField, grid_fields
from studio.server.base64_images import decode_base64
from studio.server.dependencies import (
    Admin,
    BlindTests,
    Catalog,
    Container,
    Grids,
    Language,
    Rendering,
    Themes,
    Thumbnails,
    require_admin,
)
from studio.server.grid_schemas import (
    CellBlindTestRequest,
    ChoiceResponse,
    GridCellDetailsResponse,
    GridDetailsResponse,
    GridFieldResponse,
    GridRequest,
    GridSummaryResponse,
    SaveCellRequest,
    SavedVersionResponse,
)
from studio.server.routers.blind_tests import BlindTestResponse
from studio.server.schemas import API_PREFIX
from studio.server.thumbnail_responses import IfNoneMatch, ThumbnailSize, thumbnail_response
from studio.services.cost_estimates import Cost
from studio.services.evaluation.grid_service import GridCost, GridService, values_text
from studio.store.grids import GridSummary
from studio.store.themes import ThemeStore

MINUTE_CACHE_HEADERS = {"Cache-Control": "private, max-age=60"}
"""Numbers of grids begin at 1 in each data directory: under the same address another studio has other images."""
GridId = Annotated[int, Path(ge=1, le=2**31 - 1)]
CellIndex = Annotated[int, Path(ge=0, le=10**6)]

router = APIRouter(
    prefix=f"{API_PREFIX}/grids", tags=["grids"], dependencies=[Depends(require_admin)]
)


@router.get("")
def list_grids(
    grids: Grids, language: Language, theme: Slug | None = None
) -> list[GridSummaryResponse]:
    """The latest grids, newest first; of one theme where `theme` names it."""
    return [_summary(grids, grid, language) for grid in grids.list_latest(theme)]


@router.get("/fields")
def list_fields(catalog: Catalog, themes: Themes, language: Language) -> list[GridFieldResponse]:
    """The fields that a grid can vary, with their ranges, and the values that are here of the others."""
    return [
        GridFieldResponse.of(field, _choices(field, catalog, themes, language), language)
        for field in grid_fields()
    ]


@router.post("", status_code=201)
def create_grid(
    body: GridRequest, operator: Admin, grids: Grids, studio: Container, language: Language
) -> GridSummaryResponse:
    """Creates a grid and starts it; its images are rendered while no request is queued."""
    created = grids.create(
        _grid(body, studio.rendering, grids, studio.stores.themes), operator.author(body.author)
    )
    return _summary(grids, created, language)


@router.post("/cost")
def estimate_cost(
    body: GridRequest, grids: Grids, rendering: Rendering, themes: Themes
) -> GridCost:
    """What a grid would render; creates none."""
    return grids.cost(_grid(body, rendering, grids, themes))


@router.get("/{grid_id}")
def get_grid(grid_id: GridId, grids: Grids, language: Language) -> GridDetailsResponse:
    """A grid with its cells."""
    summary = _summary(grids, grids.summary(grid_id), language)
    return GridDetailsResponse(grid=summary, cells=tuple(grids.cells(grid_id)))


@router.get("/{grid_id}/progress")
def get_progress(grid_id: GridId, grids: Grids, language: Language) -> GridSummaryResponse:
    """How far a grid is, without its cells: what a page polls."""
    return _summary(grids, grids.summary(grid_id), language)


@router.get("/{grid_id}/cost")
def estimate_remaining_cost(grid_id: GridId, grids: Grids) -> Cost:
    """What a grid has left to render."""
    return grids.cost(grids.get(grid_id))


@router.post("/{grid_id}/render", status_code=202)
def render_missing(grid_id: GridId, grids: Grids, language: Language) -> GridSummaryResponse:
    """Renders the images that are missing, after a restart, a failure or a cancellation."""
    grids.start(grid_id)
    return _summary(grids, grids.summary(grid_id), language)


@router.post("/{grid_id}/cancel", status_code=202)
def cancel(grid_id: GridId, grids: Grids, language: Language) -> GridSummaryResponse:
    """Cancels a grid after the image that is being rendered; finished images stay."""
    grids.stop(grid_id)
    return _summary(grids, grids.summary(grid_id), language)


@router.get("/{grid_id}/sheets/{number}.png", response_class=Response)
def get_sheet(
    grid_id: GridId, number: Annotated[int, Path(ge=0, le=1000)], grids: Grids
) -> Response:
    """The grid as one PNG with labels; of three axes, that of value `number` of the third, from 0."""
    sheet = grids.sheet(grid_id, number)
    name = f'attachment; filename="grid-{grid_id}-{number + 1}.png"'
    headers = {"Content-Disposition": name}
    return Response(encode_png(sheet), media_type="image/png", headers=headers)


@router.get("/{grid_id}/cells/{index}.png", response_class=Response)
def get_cell_image(grid_id: GridId, index: CellIndex, grids: Grids) -> Response:
    """The image of a cell; 404 while it is not rendered."""
    png = grids.cache.read(grids.image_key(grid_id, index))
    return Response(png, media_type="image/png", headers=MINUTE_CACHE_HEADERS)


@router.get("/{grid_id}/cells/{index}.webp", response_class=Response)
def get_cell_thumbnail(
    grid_id: GridId,
    index: CellIndex,
    grids: Grids,
    thumbnails: Thumbnails,
    size: ThumbnailSize = 192,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """The image of a cell, reduced; 404 while it is not rendered."""
    key = grids.image_key(grid_id, index)
    thumbnail = thumbnails.get_tagged(key, size, partial(grids.cache.read, key))
    return thumbnail_response(thumbnail, if_none_match)


@router.get("/{grid_id}/cells/{index}")
def get_cell(grid_id: GridId, index: CellIndex, grids: Grids) -> GridCellDetailsResponse:
    """The recipe, seed and prompts of a cell, and its drift."""
    cell, request = grids.cell(grid_id, index)
    drift = grids.drift(grid_id, index)
    return GridCellDetailsResponse(
        index=index,
        coordinates=cell.coordinates,
        recipe=cell.recipe,
        seed=cell.seed,
        theme_prompt=request.preset.theme_prompt,
        prompt=request.user_prompt,
        drift=drift,
        drift_exceeded=drift.exceeded if drift else (),
    )


@router.post("/{grid_id}/cells/{index}/save", status_code=201)
def save_cell(
    grid_id: GridId, index: CellIndex, body: SaveCellRequest, operator: Admin, grids: Grids
) -> SavedVersionResponse:
    """Saves a cell's recipe as the next version of the theme."""
    author = operator.author(body.author)
    saved = grids.save_cell_as_version(grid_id, index, author)
    return SavedVersionResponse(slug=saved.preset.slug, version=saved.version)


@router.post("/{grid_id}/blind-test", status_code=201)
def create_blind_test(
    grid_id: GridId,
    body: CellBlindTestRequest,
    operator: Admin,
    grids: Grids,
    blind_tests: BlindTests,
    themes: Themes,
) -> BlindTestResponse:
    """Creates a blind test between cells over the test doodles, and starts to render its images."""
    summary = grids.summary(grid_id)
    candidates = _candidates(body, summary, grids, themes)
    created = blind_tests.create(body.title, candidates, operator.author(body.author))
    blind_tests.start_rendering(created.id)
    return BlindTestResponse.of(created)


@router.post("/{grid_id}/blind-test/cost")
def estimate_blind_test_cost(
    grid_id: GridId,
    body: CellBlindTestRequest,
    grids: Grids,
    blind_tests: BlindTests,
    themes: Themes,
) -> Cost:
    """How many images such a blind test needs; creates none."""
    summary = grids.summary(grid_id)
    return blind_tests.cost(_candidates(body, summary, grids, themes))


def _summary(grids: GridService, summary: GridSummary, language: str) -> GridSummaryResponse:
    return GridSummaryResponse.at(summary, grids.progress(summary), language)


def _grid(body: GridRequest, rendering: Rendering, grids: GridService, themes: ThemeStore) -> Grid:
    preset, number = body.preset, None
    if body.theme is not None:
        version = themes.get_version(body.theme.slug, body.theme.version)
        preset, number = version.preset, version.version
    assert preset is not None
    png = None if body.doodle is None else decode_base64(body.doodle, message("image.doodle"))
    request = rendering.request_factory.create(
        preset, body.base_image, png, body.prompt, body.seed, number
    )
    return grids.make(request, body.slot, body.axes)


def _choices(
    field: GridField, catalog: ModelCatalog, themes: ThemeStore, language: str
) -> tuple[ChoiceResponse, ...]:
    if field.kind == "theme":
        summaries = themes.list_summaries()
        return tuple(ChoiceResponse(value=theme.slug, label=theme.name) for theme in summaries)
    if field.model is not None:
        names = catalog.list_names(field.model)
        return tuple(ChoiceResponse(value=name, label=name) for name in names)
    return tuple(
        ChoiceResponse(value=value, label=label.text(language))
        for value, label in field.choices.items()
    )


def _candidates(
    body: CellBlindTestRequest, summary: GridSummary, grids: GridService, themes: ThemeStore
) -> list[Candidate]:
    """The cells as candidates of the version that was varied, or of the latest for an edited preset."""
    number = summary.version or themes.get_version(summary.slug).version
    candidates = []
    for index in body.cells:
        cell, _ = grids.cell(summary.id, index)
        label = values_text(summary.axes, cell)[:120]
        ref = GridCellRef(grid=summary.id, cell=index, label=label)
        candidates.append(Candidate(slug=summary.slug, version=number, slot=summary.slot, cell=ref))
    return candidates
