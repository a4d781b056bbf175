"""One doodle asked to become four pictures, and the four jobs and variants that come of it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from studio.errors import NotFoundError
from studio.message_fields import KeptMessage
from studio.recipes.base import FrozenModel, StoredModel
from studio.recipes.base_image import BaseImage, ControlImage, Doodle, Sha256, Slug
from studio.recipes.generation.recipe import LoraSettings, ModelType, Recipe
from studio.recipes.text_fields import TEXT
from studio.recipes.themes.preset import Preset, Slot

MAX_PROMPT_CHARS = 500
"""Characters a user may add to a theme's prompt."""
UserPrompt = Annotated[str, Field(max_length=MAX_PROMPT_CHARS), TEXT]

OPERATOR_CLIENT = "studio"
"""Who asks on the studio's own page and command line."""

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
RequestId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class GenerationRequest(StoredModel):
    """What a user or operator asks for. Without a doodle the base image alone is redrawn.

    `preset` is the whole document, so that a trial run of an unsaved preset and a served one
    take the same path; `preset_version` is None while it is unsaved, `client` who asks. `order_sha256`
    tells what a client sent under an idempotency key from anything else; None for what an older
    studio kept, and without a key.
    """

    id: RequestId
    base_image: BaseImage
    doodle: Doodle | None = None
    user_prompt: UserPrompt = ""
    preset: Preset
    theme_version: int | None = None
    seed: Seed
    control_images: tuple[ControlImage, ...] = ()
    client: Annotated[str, Field(max_length=63)] = OPERATOR_CLIENT
    body_sha256: Sha256 | None = None


class RenderJob(FrozenModel):
    """One recipe to be rendered once, with every value resolved.

    `prompt` keeps its weights; `loras` are the recipe's and those its prompts call by name.
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

    def control_image(self, sha256: Sha256 | None) -> bytes:
        """The PNG of a control unit's own picture. Raises NotFound when the job has none such."""
        for each in self.control_images:
            if each.sha256 == sha256:
                return each.png
        raise NotFoundError("recipe.control_image_gone", slot=self.slot)


class UsedModel(FrozenModel):
    """A model that really took part in a picture."""

    kind: ModelType
    name: str
    sha256: Sha256


class Timings(StoredModel):
    """Seconds a job spent loading models, and making the picture without that."""

    load_seconds: float
    render_seconds: float


class Variant(StoredModel):
    """A finished picture's record: what really made it. `tokens` are the prompt's, as CLIP
    counts them."""

    request_id: RequestId
    slot: Slot
    recipe: Recipe
    prompt: str
    negative_prompt: str
    seed: Seed
    base_image: Slug
    theme_slug: Slug
    theme_version: int | None
    doodle_sha256: Sha256 | None
    models: tuple[UsedModel, ...]
    timings: Timings
    notes: tuple[KeptMessage, ...] = ()
    prompt_tokens: Annotated[int, Field(ge=0)] = 0
    image_sha256: Sha256
    created_at: datetime
