"""Routes for editors of recipes, for operators (scope `admin`): fields, checks while editing, control images."""

from functools import partial

from fastapi import APIRouter, Depends, Response

from studio.messages import message
from studio.recipes.base_image import Sha256
from studio.server.base64_images import decode_base64
from studio.server.bodies import RawBody
from studio.server.dependencies import (
    BaseImages,
    Container,
    Language,
    Rendering,
    require_admin,
)
from studio.server.openapi import PNG_FILE
from studio.server.recipe_schemas import (
    CheckPresetRequest,
    CheckPresetResponse,
    ControlImageResponse,
    MaskPreviewRequest,
    RecipeFieldsResponse,
)
from studio.server.schemas import API_PREFIX
from studio.server.thumbnail_responses import IfNoneMatch, ThumbnailSize, thumbnail_response
from studio.services.rendering.mask_preview import render_mask
from studio.services.themes.preset_check import check_preset, seconds_per_step
from studio.services.themes.token_counter import CHUNK_TOKENS
from studio.services.thumbnails import tagged

router = APIRouter(prefix=API_PREFIX, tags=["recipes"], dependencies=[Depends(require_admin)])


@router.get("/recipe-fields")
def get_recipe_fields(language: Language) -> RecipeFieldsResponse:
    """The fields of a recipe: labels, ranges, choices, and which are without effect when."""
    return RecipeFieldsResponse.in_language(language)


@router.post("/preset-checks")
def check_edited_preset(
    body: CheckPresetRequest, studio: Container, language: Language
) -> CheckPresetResponse:
    """Checks a preset while it is edited, without saving it."""
    check = check_preset(body.preset, body.user_prompt, studio.models.token_counter)
    return CheckPresetResponse(
        errors={path: reason.text(language) for path, reason in check.errors.items()},
        tokens=check.tokens,
        chunk_tokens=CHUNK_TOKENS,
        seconds_per_step=seconds_per_step(studio.stores.variants),
    )


@router.post("/mask-previews", response_class=Response)
def preview_mask(body: MaskPreviewRequest, base_images: BaseImages) -> Response:
    """What a render may change: a PNG of the recipe's size, white where it is the recipe's, black where it
    is the base image's. Refused where the recipe has no mask, or none can be made."""
    doodle = body.doodle and decode_base64(body.doodle, message("image.doodle"))
    mask = render_mask(base_images, body.base_image, body.recipe, body.slot, doodle or None)
    return Response(mask, media_type="image/png")


@router.post("/control-images", status_code=201, openapi_extra=PNG_FILE)
def upload_control_image(png: RawBody, rendering: Rendering) -> ControlImageResponse:
    """Stores an image for references, and for control units that read a custom image."""
    return ControlImageResponse(sha256=rendering.request_factory.store_control_image(png))


@router.get("/control-images/{sha256}.webp", response_class=Response)
def get_control_image(
    sha256: Sha256, studio: Container, size: ThumbnailSize = 192, if_none_match: IfNoneMatch = ""
) -> Response:
    """A small WebP copy of such an image; `size` is its longest side in pixels at least."""
    stores = studio.stores
    thumbnail = tagged(stores.thumbnails.get(sha256, size, partial(stores.images.get, sha256)))
    return thumbnail_response(thumbnail, if_none_match, immutable=True)
