"""What travels between the API and its clients: apart from our rows, so that either may change."""

import base64
import re
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from studio.message_fields import invalid
from studio.messages import Message
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import BaseImage, Keypoints, Slug
from studio.recipes.generation.job import RequestId, Seed, UserPrompt
from studio.recipes.serving.request_status import (
    WITHHELD_MESSAGE,
    EventMessage,
    JobState,
    RequestStatus,
)
from studio.recipes.themes.preset import Slot, ThemeVersion

PREFIX = "/api/v1"
MAX_DOODLE_BASE64_CHARS = 12 * 2**20
"""Characters of a doodle in base64."""
_OWN = re.compile(
    r"""[a-z][a-z0-9+.-]*://[^\s'"()]+   # addresses, with or without who signs in there
    | (?<![\w/.])/[^\s/'"()]+/[^\s'"()]+   # paths of at least one folder
    | <[\w.]+\ object\ at\ 0x[0-9a-f]+>""",
    re.VERBOSE,
)
"""What is our own business in a message."""


class Problem(FrozenModel):
    """An error as RFC 9457 has it; `detail` names the thing and the remedy, in the
    language of Accept-Language; `code` and `params` are what it is made of
    ("" and none for sentences of other libraries)."""

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


class Theme(FrozenModel):
    """A theme that is served now, and the base images it may be drawn on."""

    slug: Slug
    name: str
    description: str
    version: int
    base_images: tuple[BaseImageResponse, ...]


class UploadedBaseImage(FrozenModel):
    """A base picture of your own, where the theme takes any."""

    png: Annotated[
        str,
        Field(
            max_length=MAX_DOODLE_BASE64_CHARS,
            description="A PNG as base64, 64 to 2,048 pixels a side.",
        ),
    ]
    keypoints: Annotated[
        Keypoints | None,
        Field(description="18 points as COCO with a neck orders them, fractions of width and height; null: hidden."),
    ] = None  # fmt: skip


class GenerationRequestCreate(FrozenModel):
    """A doodle to be turned into four pictures, over a base image of the theme's or a picture of yours."""

    theme: Annotated[Slug, Field(examples=["first-light"])]
    base_image: Annotated[Slug | None, Field(examples=["mia"])] = None
    uploaded_base_image: Annotated[UploadedBaseImage | None, Field(examples=[None])] = None
    doodle: Annotated[
        str | None,
        Field(max_length=MAX_DOODLE_BASE64_CHARS, description="A PNG of the base image's size, as base64.", examples=[None]),
    ] = None  # fmt: skip
    prompt: Annotated[UserPrompt, Field(examples=["a red dress with a star"])] = ""
    seed: Annotated[Seed | None, Field(examples=[5])] = None

    @model_validator(mode="after")
    def _one_base(self) -> Self:
        if (self.base_image is None) == (self.uploaded_base_image is None):
            raise invalid("request.one_base_image")
        return self


class VariantSelection(FrozenModel):
    """Which of the four the user chose."""

    slot: Slot


class VariantResponse(FrozenModel):
    """One of the four: `picture` once it is done, `error` where there will be none."""

    slot: Slot
    state: JobState
    image: str | None = None
    error: str | None = None


class RequestResponse(FrozenModel):
    id: RequestId
    theme: Slug
    version: int
    base_image: Slug
    seed: Seed
    created_at: datetime
    ended: bool
    selected_slot: Slot | None
    variants: tuple[VariantResponse, ...]
    events: str


def for_clients(error: Message) -> Message:
    """The same message without what is our own business in its parameters."""

    def told(value: Any) -> Any:
        match value:
            case str():
                return redacted(value)
            case Message():
                return for_clients(value)
            case list():
                return list(map(told, value))
        return value

    params = {name: told(value) for name, value in error.params.items()}
    return Message(id=redacted(error.id), params=params)


def redacted(text: str) -> str:
    """A text without addresses, paths and objects of this process, as UTF-8 can carry it."""
    return _OWN.sub("…", text).encode("utf-8", "backslashreplace").decode()


def to_theme_response(version: ThemeVersion, bases: tuple[BaseImage, ...]) -> Theme:
    preset = version.preset
    shown = tuple(
        BaseImageResponse(
            id=image.id, name=image.name, width=image.width, height=image.height,
            image=f"{PREFIX}/themes/{preset.slug}/base-images/{image.id}.png",
        )
        for image in bases
    )  # fmt: skip
    return Theme(
        slug=preset.slug, name=preset.name, description=preset.description,
        version=version.version, base_images=shown,
    )  # fmt: skip


def to_request_response(asked: RequestStatus, language: str) -> RequestResponse:
    address = f"{PREFIX}/requests/{asked.id}"
    variants = tuple(
        VariantResponse(
            slot=job.slot,
            state=job.state,
            image=f"{address}/variants/{job.slot}" if job.state == "done" else None,
            error=_error_shown(
                WITHHELD_MESSAGE if job.state == "withheld" else job.error, language
            ),
        )
        for job in asked.jobs
    )
    return RequestResponse(
        id=asked.id, theme=asked.theme, version=asked.version, base_image=asked.base_image,
        seed=asked.seed, created_at=asked.created_at, ended=asked.is_finished, selected_slot=asked.selected_slot,
        variants=variants, events=f"{address}/events",
    )  # fmt: skip


def _error_shown(error: Message | None, language: str) -> str | None:
    return None if error is None else redacted(for_clients(error).text(language))


def to_event_payload(request_id: str, said: EventMessage, language: str) -> dict[str, Any]:
    """What a client is told of an event: pictures as addresses, previews as small data addresses."""
    shown = said.model_dump(include={"slot", "kind", "done", "total", "model"})
    shown = {name: value for name, value in shown.items() if value is not None}
    if said.error is not None:
        shown["error"] = _error_shown(said.error, language)
    if said.preview is not None:
        shown["preview"] = f"data:image/png;base64,{base64.b64encode(said.preview).decode()}"
    if said.type == "done":
        shown["image"] = f"{PREFIX}/requests/{request_id}/variants/{said.slot}"
    return shown
