"""Request and response bodies of the API for apps, apart from database rows so that either may change."""

import base64
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.messages import Message, message
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import BaseImage, Keypoints, Slug, ZoneImages
from studio.recipes.generation.job import RequestId, Seed, UserPrompt
from studio.recipes.serving.request_status import (
    WITHHELD_MESSAGE,
    EventMessage,
    JobState,
    JobStatus,
    RequestStatus,
)
from studio.recipes.themes.preset import Slot, ThemeVersion
from studio.server.base64_images import decode_base64
from studio.server.redaction import redact, redact_message

API_PREFIX = "/api/v1"
MAX_DOODLE_BASE64_CHARS = 12 * 2**20
"""Characters of a doodle in base64."""


class ProblemDetails(FrozenModel):
    """An error as RFC 9457 has it. `detail` names the thing and the fix, in the language of
    Accept-Language; `code` is the id of that message and `params` its parameters ("" and none for
    sentences of other libraries)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str = ""
    params: dict[str, Any] = Field(default_factory=dict)


class BaseImageResponse(FrozenModel):
    id: Slug
    name: str
    width: int
    height: int
    image: Annotated[str, Field(examples=["/api/v1/themes/first-light/base-images/mia.png"])]
    thumbnail: Annotated[
        str,
        Field(
            description="A small WebP copy; `?size=` is its longest side in pixels.",
            examples=["/api/v1/themes/first-light/base-images/mia.webp"],
        ),
    ]


class Theme(FrozenModel):
    """A deployed theme, and the base images it may be used with."""

    slug: Slug
    name: str
    description: str
    version: int
    base_images: tuple[BaseImageResponse, ...]


class ZoneMasksBody(FrozenModel):
    """The masks of a base image's zones: PNGs of its size as base64, white is in the zone. Null: there is
    no such zone."""

    clothes: Annotated[
        str | None,
        Field(
            max_length=MAX_DOODLE_BASE64_CHARS,
            description='What recipes whose mask has the area "garment" or "both" may change.',
        ),
    ] = None
    protected: Annotated[
        str | None,
        Field(max_length=MAX_DOODLE_BASE64_CHARS, description="What no mask changes."),
    ] = None

    @classmethod
    def encode(cls, masks: ZoneImages) -> "ZoneMasksBody":
        """The masks as a body."""
        clothes, protected = (
            None if png is None else base64.b64encode(png).decode()
            for png in (masks.clothes, masks.protected)
        )
        return cls(clothes=clothes, protected=protected)

    def decode(self) -> ZoneImages:
        """The masks, not validated yet. Raises InvalidImageError for what is no base64."""
        zones = (self.clothes, "image.clothes_zone"), (self.protected, "image.protected_zone")
        clothes, protected = (
            None if text is None else decode_base64(text, message(what)) for text, what in zones
        )
        return ZoneImages(clothes=clothes, protected=protected)


class UploadedBaseImage(FrozenModel):
    """A base image of the user's, where the theme allows uploads."""

    png: Annotated[
        str,
        Field(
            max_length=MAX_DOODLE_BASE64_CHARS,
            description="A PNG as base64, 64 to 2,048 pixels a side.",
        ),
    ]
    keypoints: Annotated[
        Keypoints | None,
        Field(
            description="18 points as COCO with a neck orders them, fractions of width and height;"
            " null: hidden."
        ),
    ] = None
    zones: Annotated[
        ZoneMasksBody, Field(description="Needed where the theme changes only the clothes.")
    ] = ZoneMasksBody()


class GenerationRequestCreate(FrozenModel):
    """A doodle to be turned into four images, over a base image of the theme or one of the user's."""

    theme: Annotated[Slug, Field(examples=["first-light"])]
    base_image: Annotated[Slug | None, Field(examples=["mia"])] = None
    uploaded_base_image: Annotated[UploadedBaseImage | None, Field(examples=[None])] = None
    doodle: Annotated[
        str | None,
        Field(
            max_length=MAX_DOODLE_BASE64_CHARS,
            description="A PNG of the base image's size, as base64.",
            examples=[None],
        ),
    ] = None
    prompt: Annotated[UserPrompt, Field(examples=["a red dress with a star"])] = ""
    seed: Annotated[Seed | None, Field(examples=[5])] = None

    @model_validator(mode="after")
    def _check_one_base_image(self) -> Self:
        if (self.base_image is None) == (self.uploaded_base_image is None):
            raise invalid("request.one_base_image")
        return self


class VariantSelection(FrozenModel):
    """Which of the four variants the user chose."""

    slot: Slot


class VariantResponse(FrozenModel):
    """One of the four variants: `image` is its URL once it is done, `error` says why there is none."""

    slot: Slot
    state: JobState
    image: str | None = None
    error: str | None = None


class RequestResponse(FrozenModel):
    """The status of a request; `ended` once no variant is queued or running any more."""

    id: RequestId
    theme: Slug
    version: int
    base_image: Slug
    seed: Seed
    created_at: datetime
    ended: bool
    selected_slot: Slot | None
    variants: tuple[VariantResponse, ...]
    events: Annotated[str, Field(description="The URL of the event stream.")]


def to_theme_response(version: ThemeVersion, base_images: tuple[BaseImage, ...]) -> Theme:
    """A deployed version, with the base images that it allows."""
    preset = version.preset
    return Theme(
        slug=preset.slug,
        name=preset.name,
        description=preset.description,
        version=version.version,
        base_images=tuple(
            BaseImageResponse(
                id=image.id,
                name=image.name,
                width=image.width,
                height=image.height,
                image=f"{API_PREFIX}/themes/{preset.slug}/base-images/{image.id}.png",
                thumbnail=f"{API_PREFIX}/themes/{preset.slug}/base-images/{image.id}.webp",
            )
            for image in base_images
        ),
    )


def to_request_response(status: RequestStatus, language: str) -> RequestResponse:
    """The status of a request, with errors in `language`."""
    url = f"{API_PREFIX}/requests/{status.id}"
    return RequestResponse(
        id=status.id,
        theme=status.theme,
        version=status.version,
        base_image=status.base_image,
        seed=status.seed,
        created_at=status.created_at,
        ended=status.is_finished,
        selected_slot=status.selected_slot,
        variants=tuple(_to_variant_response(job, url, language) for job in status.jobs),
        events=f"{url}/events",
    )


def _to_variant_response(job: JobStatus, request_url: str, language: str) -> VariantResponse:
    # Clients are not told why an image was withheld: the reason is for operators.
    error = WITHHELD_MESSAGE if job.state == "withheld" else job.error
    return VariantResponse(
        slot=job.slot,
        state=job.state,
        image=f"{request_url}/variants/{job.slot}" if job.state == "done" else None,
        error=_error_text(error, language),
    )


def _error_text(error: Message | None, language: str) -> str | None:
    return None if error is None else redact(redact_message(error).text(language))


def to_event_payload(request_id: str, event: EventMessage, language: str) -> dict[str, Any]:
    """An event as JSON for clients: a finished image as its URL, a preview as a `data:` URL."""
    payload = event.model_dump(
        include={"slot", "type", "done", "total", "model"}, exclude_none=True
    )
    if event.error is not None:
        payload["error"] = _error_text(event.error, language)
    if event.preview is not None:
        payload["preview"] = f"data:image/png;base64,{base64.b64encode(event.preview).decode()}"
    if event.type == "done":
        payload["image"] = f"{API_PREFIX}/requests/{request_id}/variants/{event.slot}"
    return payload
