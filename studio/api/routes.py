"""The API's routes: thin, each over one use case of `service/serving.py`."""

import base64
import binascii
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Response
from fastapi.responses import StreamingResponse

from studio.api.following import Following, lines_of
from studio.api.pictures import plain_png, webp
from studio.api.problems import Language
from studio.api.wire import (
    PREFIX,
    Pick,
    RequestShown,
    Theme,
    Wish,
    request_shown,
    theme_shown,
)
from studio.bootstrap import Studio
from studio.errors import BadPicture, NotFound
from studio.messages import Message, message
from studio.recipes.canvas import BaseUpload, Slug
from studio.recipes.preset import Letter, PresetVersion
from studio.recipes.request import RequestId
from studio.recipes.serving import Client, IdempotencyKey
from studio.service.serving import Commission, Serving

NEVER = {"Cache-Control": "private, no-store"}
"""A picture may be withdrawn by a review: nobody on the way may go on showing it."""
MOST_EVENTS = 10**6
"""Beyond any number that an event has."""


def add_routes(
    app: FastAPI, studio: Studio, who: Callable[..., Client], following: Following
) -> None:
    themes, requests = APIRouter(tags=["themes"]), APIRouter(tags=["requests"])
    _add_themes(themes, studio, who)
    _add_requests(requests, studio, who)
    _add_events(requests, studio.serving, who, following)
    app.include_router(themes, prefix=f"{PREFIX}/themes")
    app.include_router(requests, prefix=f"{PREFIX}/requests")


def _add_themes(routes: APIRouter, studio: Studio, who: Callable[..., Client]) -> None:
    serving = studio.serving

    def served(client: Client, slug: Slug) -> PresetVersion:
        for version in serving.themes(client):
            if version.preset.slug == slug:
                return version
        raise NotFound("theme.not_served", slug=slug)

    @routes.get("")
    def themes(client: Annotated[Client, Depends(who)]) -> list[Theme]:
        """The themes that are served now."""
        return [theme_shown(each, tuple(serving.base_images(each))) for each in serving.themes(client)]  # fmt: skip

    @routes.get("/{slug}")
    def theme(slug: Slug, client: Annotated[Client, Depends(who)]) -> Theme:
        version = served(client, slug)
        return theme_shown(version, tuple(serving.base_images(version)))

    @routes.get("/{slug}/base-images/{image_id}.png", response_class=Response)
    def base_image(slug: Slug, image_id: Slug, client: Annotated[Client, Depends(who)]) -> Response:
        for image in serving.base_images(served(client, slug)):
            if image.id == image_id:
                return Response(studio.bases.png(image), media_type="image/png")
        raise NotFound("theme.without_base_image", slug=slug, id=image_id)


def _add_requests(routes: APIRouter, studio: Studio, who: Callable[..., Client]) -> None:
    serving = studio.serving

    @routes.post("", status_code=202)
    def ask(
        wish: Wish,
        response: Response,
        client: Annotated[Client, Depends(who)],
        language: Language,
        idempotency_key: Annotated[IdempotencyKey | None, Header()] = None,
    ) -> RequestShown:
        """Asks for four pictures. With an idempotency key it is safe to send again."""
        order = Commission(
            wish.theme,
            _base(wish),
            _doodle(wish.doodle),
            wish.words,
            wish.seed,
            idempotency_key,
        )
        shown = request_shown(serving.ask(client, order), language)
        response.headers["Location"] = f"{PREFIX}/requests/{shown.id}"
        return shown

    @routes.get("/{request_id}")
    def request(
        request_id: RequestId, client: Annotated[Client, Depends(who)], language: Language
    ) -> RequestShown:
        return request_shown(serving.asked(client, request_id), language)

    @routes.delete("/{request_id}")
    def cancel(
        request_id: RequestId, client: Annotated[Client, Depends(who)], language: Language
    ) -> RequestShown:
        """Ends what has not ended; pictures that are done stay."""
        return request_shown(serving.cancel(client, request_id), language)

    @routes.post("/{request_id}/pick")
    def pick(
        request_id: RequestId,
        wish: Pick,
        client: Annotated[Client, Depends(who)],
        language: Language,
    ) -> RequestShown:
        """Takes down which picture the user chose."""
        return request_shown(serving.pick(client, request_id, wish.letter), language)

    @routes.get("/{request_id}/variants/{letter}", response_class=Response)
    def variant(
        request_id: RequestId,
        letter: Letter,
        client: Annotated[Client, Depends(who)],
        format: Annotated[Literal["png", "webp"], Query()] = "png",
    ) -> Response:
        """A finished picture."""
        png = serving.picture(client, request_id, letter)
        body = plain_png(png) if format == "png" else webp(png)
        return Response(body, media_type=f"image/{format}", headers=NEVER)


def _add_events(
    routes: APIRouter, serving: Serving, who: Callable[..., Client], following: Following
) -> None:
    async def opened(client: Annotated[Client, Depends(who)]) -> AsyncIterator[Client]:
        """Whose stream it is; counted until the last of it is sent."""
        with following.stream(client):
            yield client

    @routes.get("/{request_id}/events", response_class=StreamingResponse)
    async def events(
        request_id: RequestId,
        client: Annotated[Client, Depends(opened)],
        language: Language,
        last_event_id: Annotated[int, Header(ge=-1, le=MOST_EVENTS)] = -1,
    ) -> StreamingResponse:
        """What happens to the four jobs, as server-sent events that resume by Last-Event-ID."""
        first = last_event_id + 1
        told = await to_thread.run_sync(_of_long_ago, serving, client, request_id, first, language)
        if told is None:
            return _stream(following.lines(request_id, first, language))
        return _stream(_all(told))


def _of_long_ago(
    serving: Serving, client: Client, request_id: str, first: int, language: str
) -> list[str] | None:
    """What is left of a run that is forgotten; None for one that can be followed. Raises NotFound."""
    if not serving.asked(client, request_id).ended or serving.news(request_id, first) is not None:
        return None
    return lines_of(request_id, serving.history(request_id), first, language)


async def _all(lines: list[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line


def _stream(lines: AsyncIterator[str]) -> StreamingResponse:
    told = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines, media_type="text/event-stream", headers=told)


def _base(wish: Wish) -> Slug | BaseUpload:
    if wish.base_upload is None:
        return wish.base_image or ""
    png = _decoded(wish.base_upload.png, message("image.uploaded_base"))
    return BaseUpload(png=png, keypoints=wish.base_upload.keypoints)


def _doodle(text: str | None) -> bytes | None:
    return None if text is None else _decoded(text, message("image.doodle"))


def _decoded(text: str, what: Message) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadPicture("image.not_base64", what=what) from None
