"""Request and response bodies of the history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from studio.message_fields import invalid
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.drift import Drift, DriftKind
from studio.recipes.generation.job import RequestId
from studio.recipes.generation.png_info import request_seed
from studio.recipes.generation.recipe import Recipe
from studio.recipes.history import HistoryFilter, HistoryRun, LabelKind, RowId, StoredVariant
from studio.recipes.text_fields import LINE
from studio.recipes.themes.preset import Slot
from studio.server.schemas import API_PREFIX

VARIANTS = f"{API_PREFIX}/variants"


class VariantQuery(HistoryFilter):
    before: RowId | None = None
    limit: Annotated[int, Field(ge=1, le=100, description="Length of the page.")] | None = None


class StoredVariantResponse(FrozenModel):
    """A stored variant with what made it; `version` is null where the theme was not saved.

    `request_seed` is the seed of a request with which the recipe renders the image again. The parts of the
    prompt, `user_prompt` and `theme_prompt`, are null for variants of releases before 2026-12. `drift` is null where
    the recipe's drift lock is off, `drift_before` where nothing was corrected; `drift_exceeded` names what is beyond
    its limit.
    """

    id: int
    slot: Slot
    theme: Slug
    version: int | None
    prompt: str
    user_prompt: str | None
    theme_prompt: str | None
    prompt_tokens: int
    negative_prompt: str
    seed: int
    request_seed: int
    models: tuple[str, ...]
    recipe: Recipe
    request_id: RequestId
    render_seconds: float
    created_at: datetime
    image: str
    thumbnail: Annotated[str, Field(description="WebP; `?size=` is its longest side in pixels.")]
    doodle: Annotated[str | None, Field(description="A thumbnail, as `thumbnail`.")]
    base_image: Slug
    notes: tuple[str, ...]
    drift: Drift | None
    drift_before: Drift | None
    drift_exceeded: tuple[DriftKind, ...]
    selected: bool
    starred: bool
    tags: tuple[str, ...]
    collections: tuple[str, ...]

    @classmethod
    def of(cls, stored: StoredVariant, language: str) -> Self:
        variant, labels, doodle = stored.variant, stored.labels, stored.doodle_sha256
        return cls(
            id=stored.id,
            slot=variant.slot,
            theme=variant.theme_slug,
            version=variant.theme_version,
            prompt=variant.prompt,
            user_prompt=variant.user_prompt,
            theme_prompt=variant.theme_prompt,
            prompt_tokens=variant.prompt_tokens,
            negative_prompt=variant.negative_prompt,
            seed=variant.seed,
            request_seed=request_seed(variant.recipe.seed_policy, variant.seed),
            models=tuple(model.name for model in variant.models),
            recipe=variant.recipe,
            request_id=variant.request_id,
            render_seconds=round(variant.timings.render_seconds, 1),
            created_at=variant.created_at,
            image=image_url(variant.image_sha256),
            thumbnail=thumbnail_url(variant.image_sha256),
            doodle=None if doodle is None else thumbnail_url(doodle),
            base_image=variant.base_image,
            notes=tuple(note.text(language) for note in variant.notes),
            drift=variant.drift,
            drift_before=variant.drift_before,
            drift_exceeded=variant.drift.exceeded if variant.drift else (),
            selected=stored.selected,
            starred=labels.starred,
            tags=labels.tags,
            collections=labels.collections,
        )


def image_url(sha256: str) -> str:
    """The URL of a variant's image."""
    return f"{VARIANTS}/images/{sha256}.png"


def thumbnail_url(sha256: str) -> str:
    """The URL of the thumbnail of a variant's image or doodle."""
    return f"{VARIANTS}/images/{sha256}.webp"


class VariantPageResponse(FrozenModel):
    """One page of variants; `next_cursor` is the `before` of the following page, null on the last."""

    variants: tuple[StoredVariantResponse, ...]
    next_cursor: int | None


class RunResponse(FrozenModel):
    """The variants of one request, by slot, and who sent it: an API client, or `studio`."""

    request_id: RequestId
    client: str
    variants: tuple[StoredVariantResponse, ...]

    @classmethod
    def of(cls, run: HistoryRun, language: str) -> Self:
        variants = tuple(StoredVariantResponse.of(variant, language) for variant in run.variants)
        return cls(request_id=run.request_id, client=run.client, variants=variants)


class RunPageResponse(FrozenModel):
    """One page of runs; `next_cursor` is the `before` of the following page, null on the last."""

    runs: tuple[RunResponse, ...]
    next_cursor: int | None


class ThemeName(FrozenModel):
    slug: Slug
    name: str


class FilterOptions(FrozenModel):
    """What the history can be filtered by, and the present image of each base image."""

    themes: tuple[ThemeName, ...]
    models: tuple[str, ...]
    samplers: tuple[str, ...]
    tags: tuple[str, ...]
    collections: tuple[str, ...]
    base_images: Mapping[Slug, str]


class DeletedResponse(FrozenModel):
    deleted: int


class LabelRequest(FrozenModel):
    """A label to be set on variants, or taken from them. A star has no name."""

    ids: Annotated[tuple[RowId, ...], Field(min_length=1, max_length=1000)]
    kind: LabelKind
    name: Annotated[str, Field(max_length=80), LINE] = ""

    @model_validator(mode="after")
    def _check_name(self) -> Self:
        if (self.kind == "star") == bool(self.name.strip()):
            raise invalid("history.label_name")
        return self


class LabelledResponse(FrozenModel):
    """How many variants were changed."""

    changed: int


class SavedSearchRequest(FrozenModel):
    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), LINE
    ]
    filters: HistoryFilter
