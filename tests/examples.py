"""Small valid examples of the product's documents. Keyword arguments replace single fields."""

import io
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from studio.recipes.base_image import BaseImage, Doodle
from studio.recipes.generation.job import GenerationRequest, RenderJob, Timings, Variant
from studio.recipes.generation.recipe import ControlUnit, ModelRef, Recipe, Reference
from studio.recipes.themes.preset import Preset, RecipeSet

Color = tuple[int, int, int] | tuple[int, int, int, int]

HASH = "ab" * 32
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
REQUEST_ID = "0123456789abcdef" * 2


def recipe(**changes: Any) -> Recipe:
    values: dict[str, Any] = {
        "base_model": ModelRef(name="pocket-ink"),
        "steps": 10,
        "width": 256,
        "height": 256,
    }
    return Recipe(**(values | changes))


def unit(preprocessor: str = "scribble", **changes: Any) -> ControlUnit:
    values: dict[str, Any] = {
        "model": ModelRef(name=f"pocket-{preprocessor}"),
        "preprocessor": preprocessor,
    }
    return ControlUnit(**(values | changes))


def reference(**changes: Any) -> Reference:
    values: dict[str, Any] = {"model": ModelRef(name="plus"), "image_sha256": HASH}
    return Reference(**(values | changes))


def preset(**changes: Any) -> Preset:
    shared = recipe()
    values: dict[str, Any] = {
        "slug": "spring",
        "name": "Spring",
        "theme_prompt": "soft colours",
        "recipes": RecipeSet(A=shared, B=shared, C=shared, D=shared),
    }
    return Preset(**(values | changes))


def unplannable_preset() -> Preset:
    """As an older version may have stored it: the prompt of recipe B has a LoRA tag that is refused today."""
    broken = recipe(prompt_template="{prompt} <lora:glow:99>")
    return preset(recipes=RecipeSet(A=recipe(), B=broken, C=recipe(), D=recipe()))


def base_image(**changes: Any) -> BaseImage:
    values: dict[str, Any] = {
        "id": "mia", "name": "Mia", "width": 256, "height": 256, "sha256": HASH,
        "keypoints": tuple((0.5, i / 20) for i in range(18)),
    }  # fmt: skip
    return BaseImage(**(values | changes))


def request(**changes: Any) -> GenerationRequest:
    values: dict[str, Any] = {
        "id": REQUEST_ID,
        "base_image": base_image(),
        "preset": preset(),
        "seed": 7,
    }
    return GenerationRequest(**(values | changes))


def job(**changes: Any) -> RenderJob:
    values: dict[str, Any] = {
        "request_id": REQUEST_ID, "slot": "A", "recipe": recipe(), "prompt": "a red dress",
        "negative_prompt": "", "seed": 7, "base_image": base_image(),
    }  # fmt: skip
    return RenderJob(**(values | changes))


def variant(**changes: Any) -> Variant:
    values: dict[str, Any] = {
        "request_id": REQUEST_ID, "slot": "A", "recipe": recipe(), "prompt": "a red dress",
        "negative_prompt": "", "seed": 7, "base_image": "mia", "theme_slug": "spring",
        "theme_version": 1, "doodle_sha256": None, "models": (),
        "timings": Timings(load_seconds=0.0, render_seconds=1.5), "image_sha256": HASH,
        "created_at": datetime(2026, 1, 2, tzinfo=UTC),
    }  # fmt: skip
    return Variant(**(values | changes))


def png(
    size: tuple[int, int] = (256, 256),
    color: Color = (214, 40, 48, 255),
    mode: str = "RGBA",
) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, "PNG")
    return buffer.getvalue()


def doodle(color: Color = (214, 40, 48, 255)) -> Doodle:
    """A filled rectangle in the center of an empty layer."""
    layer = Image.new("RGBA", (256, 256))
    layer.paste(color, (90, 110, 160, 180))
    buffer = io.BytesIO()
    layer.save(buffer, "PNG")
    return Doodle(png_bytes=buffer.getvalue(), width=256, height=256)
