"""One doodle asked to become four pictures, and the four jobs and variants that come of it."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from studio.errors import NotFound
from studio.message_fields import KeptMessage
from studio.recipes.base import Frozen
from studio.recipes.canvas import BaseImage, ControlPicture, Doodle, Sha256, Slug
from studio.recipes.preset import Letter, Preset
from studio.recipes.recipe import LoraUse, ModelKind, Recipe
from studio.recipes.text import TEXT

MAX_WORDS = 500
"""Characters a user may add to a theme's prompt."""
Words = Annotated[str, Field(max_length=MAX_WORDS), TEXT]

OPERATOR = "studio"
"""Who asks on the studio's own page and command line."""

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
RequestId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Request(Frozen):
    """What a user or operator asks for. Without a doodle the base image alone is redrawn.

    `preset` is the whole document, so that a trial run of an unsaved preset and a served one
    take the same path; `preset_version` is None while it is unsaved, `client` who asks. `order_sha256`
    tells what a client sent under an idempotency key from anything else; None for what an older
    studio kept, and without a key.
    """

    id: RequestId
    base_image: BaseImage
    doodle: Doodle | None = None
    words: Words = ""
    preset: Preset
    preset_version: int | None = None
    seed: Seed
    pictures: tuple[ControlPicture, ...] = ()
    client: Annotated[str, Field(max_length=63)] = OPERATOR
    order_sha256: Sha256 | None = None


class Job(Frozen):
    """One recipe to be rendered once, with every value resolved.

    `prompt` keeps its weights; `loras` are the recipe's and those its prompts call by name.
    """

    request_id: RequestId
    letter: Letter
    recipe: Recipe
    prompt: str
    negative_prompt: str
    loras: tuple[LoraUse, ...] = ()
    seed: Seed
    base_image: BaseImage
    doodle: Doodle | None = None
    pictures: tuple[ControlPicture, ...] = ()

    def picture(self, sha256: Sha256 | None) -> bytes:
        """The PNG of a control unit's own picture. Raises NotFound when the job has none such."""
        for each in self.pictures:
            if each.sha256 == sha256:
                return each.png
        raise NotFound("recipe.control_image_gone", slot=self.letter)


class UsedModel(Frozen):
    """A model that really took part in a picture."""

    kind: ModelKind
    name: str
    sha256: Sha256


class Timings(Frozen):
    """Seconds a job spent loading models, and making the picture without that."""

    load: float
    render: float


class Variant(Frozen):
    """A finished picture's record: what really made it. `tokens` are the prompt's, as CLIP
    counts them."""

    request_id: RequestId
    letter: Letter
    recipe: Recipe
    prompt: str
    negative_prompt: str
    seed: Seed
    base_image: Slug
    preset: Slug
    preset_version: int | None
    doodle_sha256: Sha256 | None
    models: tuple[UsedModel, ...]
    timings: Timings
    notes: tuple[KeptMessage, ...] = ()
    tokens: Annotated[int, Field(ge=0)] = 0
    picture_sha256: Sha256
    created: datetime
