"""The API's routes: thin, each over one use case of `service/serving.py`."""

import base64
import binascii
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Response
from fastapi.responses import StreamingResponse

from studio.app import AppContainer
from studio.errors import InvalidImageError, NotFoundError
from studio.messages import Message, message
from studio.recipes.base_image import Slug, UploadedBaseImage
from studio.recipes.generation.job import RequestId
from studio.recipes.serving.request_status import ApiClient, IdempotencyKey
from studio.recipes.themes.preset import Slot, ThemeVersion
from studio.server.event_hub import Following, lines_of
from studio.server.image_encoding import encode_webp, strip_metadata
from studio.server.problems import Language
from studio.server.schemas import (
    PREFIX,
    GenerationRequestCreate,
    RequestResponse,
    Theme,
    VariantSelection,
    to_request_response,
    to_theme_response,
)
from studio.services.requests.request_service import GenerationRequestSpec, RequestService

NEVER = {"Cache-Control": "private, no-store"}
"""A picture may be withdrawn by a review: nobody on the way may go on showing it."""
MOST_EVENTS = 10**6
"""Beyond any number that an event has."""


def add_routes(
    app: FastAPI, studio: AppContainer, who: Callable[..., ApiClient], following: Following
) -> None:
    themes, requests = APIRouter(tags=["themes"]), APIRouter(tags=["requests"])
    _add_themes(themes, studio, who)
    _add_requests(requests, studio, who)
    _add_events(requests, studio.requests, who, following)
    app.include_router(themes, prefix=f"{PREFIX}/themes")
    app.include_router(requests, prefix=f"{PREFIX}/requests")


def _add_themes(routes: APIRouter, studio: AppContainer, who: Callable[..., ApiClient]) -> None:
    serving = studio.requests

    def served(client: ApiClient, slug: Slug) -> ThemeVersion:
        for version in serving.list_active_themes(client):
            if version.preset.slug == slug:
                return version
        raise NotFoundError("theme.not_served", slug=slug)

    @routes.get("")
    def themes(client: Annotated[ApiClient, Depends(who)]) -> list[Theme]:
        """The themes that are served now."""
        return [to_theme_response(each, tuple(serving.base_images(each))) for each in serving.list_active_themes(client)]  # fmt: skip

    @routes.get("/{slug}")
    def theme(slug: Slug, client: Annotated[ApiClient, Depends(who)]) -> Theme:
        version = served(client, slug)
        return to_theme_response(version, tuple(serving.base_images(version)))

    @routes.get("/{slug}/base-images/{image_id}.png", response_class=Response)
    def base_image(
        slug: Slug, image_id: Slug, client: Annotated[ApiClient, Depends(who)]
    ) -> Response:
        for image in serving.base_images(served(client, slug)):
            if image.id == image_id:
                return Response(studio.base_images.read_png(image), media_type="image/png")
        raise NotFoundError("theme.without_base_image", slug=slug, id=image_id)


def _add_requests(routes: APIRouter, studio: AppContainer, who: Callable[..., ApiClient]) -> None:
    serving = studio.requests

    @routes.post("", status_code=202)
    def ask(
        wish: GenerationRequestCreate,
        response: Response,
        client: Annotated[ApiClient, Depends(who)],
        language: Language,
        idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
    ) -> RequestResponse:
        """Asks for four pictures. With an idempotency key it is safe to send again."""
        order = GenerationRequestSpec(
            wish.theme,
            _parse_base(wish),
            _parse_doodle(wish.doodle),
            wish.prompt,
            wish.seed,
            idempotency_key,
        )
        shown = to_request_response(serving.submit(client, order), language)
        response.headers["Location"] = f"{PREFIX}/requests/{shown.id}"
        return shown

    @routes.get("/{request_id}")
    def request(
        request_id: RequestId, client: Annotated[ApiClient, Depends(who)], language: Language
    ) -> RequestResponse:
        return to_request_response(serving.get(client, request_id), language)

    @routes.delete("/{request_id}")
    def cancel(
        request_id: RequestId, client: Annotated[ApiClient, Depends(who)], language: Language
    ) -> RequestResponse:
        """Ends what has not ended; pictures that are done stay."""
        return to_request_response(serving.cancel(client, request_id), language)

    @routes.post("/{request_id}/pick")
    def pick(
        request_id: RequestId,
        wish: VariantSelection,
        client: Annotated[ApiClient, Depends(who)],
        language: Language,
    ) -> RequestResponse:
        """Takes down which picture the user chose."""
        return to_request_response(serving.select_variant(client, request_id, wish.slot), language)

    @routes.get("/{request_id}/variants/{letter}", response_class=Response)
    def variant(
        request_id: RequestId,
        slot: Slot,
        client: Annotated[ApiClient, Depends(who)],
        format: Annotated[Literal["png", "webp"], Query()] = "png",
    ) -> Response:
        """A finished picture."""
        png = serving.get_image(client, request_id, slot)
        body = strip_metadata(png) if format == "png" else encode_webp(png)
        return Response(body, media_type=f"image/{format}", headers=NEVER)


def _add_events(
    routes: APIRouter, serving: RequestService, who: Callable[..., ApiClient], following: Following
) -> None:
    async def opened(client: Annotated[ApiClient, Depends(who)]) -> AsyncIterator[ApiClient]:
        """Whose stream it is; counted until the last of it is sent."""
        with following.stream(client):
            yield client

    @routes.get("/{request_id}/events", response_class=StreamingResponse)
    async def events(
        request_id: RequestId,
        client: Annotated[ApiClient, Depends(opened)],
        language: Language,
        last_event_id: Annotated[int, Header(ge=-1, le=MOST_EVENTS)] = -1,
    ) -> StreamingResponse:
        """What happens to the four jobs, as server-sent events that resume by Last-Event-ID."""
        first = last_event_id + 1
        told = await to_thread.run_sync(_of_long_ago, serving, client, request_id, first, language)
        if told is None:
            return _sse_response(following.lines(request_id, first, language))
        return _sse_response(_stream_stored_events(told))


def _of_long_ago(
    serving: RequestService, client: ApiClient, request_id: str, first: int, language: str
) -> list[str] | None:
    """What is left of a run that is forgotten; None for one that can be followed. Raises NotFound."""
    if (
        not serving.get(client, request_id).is_finished
        or serving.events_since(request_id, first) is not None
    ):
        return None
    return lines_of(request_id, serving.terminal_events(request_id), first, language)


async def _stream_stored_events(lines: list[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


def _sse_response(lines: AsyncIterator[str]) -> StreamingResponse:
    told = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, media_type="text/event-stream", headers=told)


def _parse_base(wish: GenerationRequestCreate) -> Slug | UploadedBaseImage:
    if wish.uploaded_base_image is None:
        return wish.base_image or ""
    png = _decode_base64(wish.uploaded_base_image.png, message("image.uploaded_base"))
    return UploadedBaseImage(png=png, keypoints=wish.uploaded_base_image.keypoints)


def _parse_doodle(text: str | None) -> bytes | None:
    return None if text is None else _decode_base64(text, message("image.doodle"))


def _decode_base64(text: str, what: Message) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidImageError("image.not_base64", what=what) from None
