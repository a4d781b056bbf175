"""A generation request, its four render jobs, and the record of each finished image (variant)."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from studio.errors import NotFoundError
from studio.message_fields import StoredMessage
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import (
    BaseImage,
    ControlImage,
    Doodle,
    Sha256,
    Slug,
    ZoneImages,
    Zones,
)
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.recipe import LoraSettings, ModelType, Recipe
from studio.recipes.text_fields import TEXT
from studio.recipes.themes.preset import Preset, Slot

MAX_PROMPT_CHARS = 500
"""Length of the user's prompt, which is added to the theme's."""
UserPrompt = Annotated[str, Field(max_length=MAX_PROMPT_CHARS), TEXT]

OPERATOR_CLIENT = "studio"
"""Name of the client for requests from the studio's own page and command line."""

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
RequestId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class GenerationRequest(StoredModel):
    """A user's or operator's request for four images.

    Attributes:
        doodle: None renders variations of the base image alone.
        preset: the complete document, so that a test run of an unsaved preset and a deployed theme
            take the same path.
        theme_version: None for a preset that is not saved.
        zone_images: the masks of the base image's zones, where a recipe has a mask.
        client: name of the API client, or `OPERATOR_CLIENT`.
        body_sha256: hash of the request body, which detects an idempotency key that is reused for
            another body. None without a key, and for requests stored by older versions.
    """

    id: RequestId
    base_image: BaseImage
    doodle: Doodle | None = None
    user_prompt: UserPrompt = ""
    preset: Preset
    theme_version: int | None = None
    seed: Seed
    control_images: tuple[ControlImage, ...] = ()
    zone_images: ZoneImages = ZoneImages()
    client: Annotated[str, Field(max_length=63)] = OPERATOR_CLIENT
    body_sha256: Sha256 | None = None


class RenderJob(FrozenModel):
    """One recipe to be rendered once, with every value resolved.

    `prompt` still has its emphasis syntax; `loras` are the recipe's and those named in its prompts.
    """

    request_id: RequestId
    slot: Slot
    recipe: Recipe
    prompt: str
    negative_prompt: str
    loras: tuple[LoraSettings, ...] = ()
    seed: Seed
    base_image: BaseImage
    doodle: Doodle | None = None
    control_images: tuple[ControlImage, ...] = ()
    zone_images: ZoneImages = ZoneImages()

    def control_image(self, sha256: Sha256 | None) -> bytes:
        """The PNG bytes of an image that a control unit or a reference uses.

        Raises:
            NotFoundError: the job has no control image of that hash.
        """
        for image in self.control_images:
            if image.sha256 == sha256:
                return image.png
        raise NotFoundError("recipe.control_image_gone", slot=self.slot)


class UsedModel(FrozenModel):
    """A model that was used for an image."""

    kind: ModelType
    name: str
    sha256: Sha256


class Timings(StoredModel):
    """Seconds that a job spent loading models, and rendering without that."""

    load_seconds: float
    render_seconds: float


class Variant(StoredModel):
    """The record of a finished image: everything that was used to render it.

    `prompt_tokens` is the length of the prompt in CLIP tokens; `notes` are remarks for the operator.
    `user_prompt` and `theme_prompt` are the parts of `prompt` that came with the request; None for variants
    of releases before 2026-12. `zones` are those of the base image, where the recipe has a mask.
    `drift` is how far the image is from the base image, where the recipe has it measured, and `drift_before` how
    far it was before that was corrected; None where nothing was.
    """

    request_id: RequestId
    slot: Slot
    recipe: Recipe
    prompt: str
    negative_prompt: str
    seed: Seed
    base_image: Slug
    zones: Zones | None = None
    theme_slug: Slug
    theme_version: int | None
    doodle_sha256: Sha256 | None
    models: tuple[UsedModel, ...]
    timings: Timings
    notes: tuple[StoredMessage, ...] = ()
    prompt_tokens: Annotated[int, Field(ge=0)] = 0
    user_prompt: str | None = None
    theme_prompt: str | None = None
    drift: Drift | None = None
    drift_before: Drift | None = None
    image_sha256: Sha256
    created_at: datetime
