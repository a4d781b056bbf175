"""Routes of generation requests, for apps (scope `generate`): create, poll, cancel, images, selection."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response

from studio.messages import message
from studio.recipes.base_image import Slug, UploadedBaseImage
from studio.recipes.generation.job import RequestId
from studio.recipes.serving.request_status import IdempotencyKey
from studio.recipes.themes.preset import Slot
from studio.server.base64_images import decode_base64
from studio.server.dependencies import GenerateClient, Language, Requests
from studio.server.image_encoding import encode_webp, strip_metadata
from studio.server.schemas import (
    API_PREFIX,
    GenerationRequestCreate,
    RequestResponse,
    VariantSelection,
    to_request_response,
)
from studio.services.requests.request_spec import GenerationRequestSpec

NO_STORE_HEADERS = {"Cache-Control": "private, no-store"}
"""A review may withdraw an image: no cache on the way may go on serving it."""

router = APIRouter(prefix=f"{API_PREFIX}/requests", tags=["requests"])


@router.post("", status_code=202)
def create_request(
    body: GenerationRequestCreate,
    response: Response,
    client: GenerateClient,
    requests: Requests,
    language: Language,
    idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
) -> RequestResponse:
    """Queues four jobs for a doodle. With an idempotency key it is safe to send the request again."""
    spec = GenerationRequestSpec(
        body.theme,
        _parse_base(body),
        _parse_doodle(body.doodle),
        body.prompt,
        body.seed,
        idempotency_key,
    )
    created = to_request_response(requests.submit(client, spec), language)
    response.headers["Location"] = f"{API_PREFIX}/requests/{created.id}"
    return created


@router.get("/{request_id}")
def get_request(
    request_id: RequestId, client: GenerateClient, requests: Requests, language: Language
) -> RequestResponse:
    """The status of a request and of its four variants."""
    return to_request_response(requests.get(client, request_id), language)


@router.delete("/{request_id}")
def cancel_request(
    request_id: RequestId, client: GenerateClient, requests: Requests, language: Language
) -> RequestResponse:
    """Cancels the jobs that have not ended; finished variants stay."""
    return to_request_response(requests.cancel(client, request_id), language)


@router.post("/{request_id}/selection")
def select_variant(
    request_id: RequestId,
    body: VariantSelection,
    client: GenerateClient,
    requests: Requests,
    language: Language,
) -> RequestResponse:
    """Records which variant the user chose."""
    return to_request_response(requests.select_variant(client, request_id, body.slot), language)


@router.get("/{request_id}/variants/{slot}", response_class=Response)
def get_variant_image(
    request_id: RequestId,
    slot: Slot,
    client: GenerateClient,
    requests: Requests,
    format: Annotated[Literal["png", "webp"], Query()] = "png",
) -> Response:
    """The image of a finished variant, without metadata."""
    png = requests.get_image(client, request_id, slot)
    content = strip_metadata(png) if format == "png" else encode_webp(png)
    return Response(content, media_type=f"image/{format}", headers=NO_STORE_HEADERS)


def _parse_base(body: GenerationRequestCreate) -> Slug | UploadedBaseImage:
    if body.uploaded_base_image is None:
        return body.base_image or ""
    png = decode_base64(body.uploaded_base_image.png, message("image.uploaded_base"))
    return UploadedBaseImage(
        png=png,
        keypoints=body.uploaded_base_image.keypoints,
        zones=body.uploaded_base_image.zones.decode(),
    )


def _parse_doodle(text: str | None) -> bytes | None:
    return None if text is None else decode_base64(text, message("image.doodle"))
