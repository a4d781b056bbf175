"""Preflight checks of what a preset refers to besides models: base images, control images,
prompts."""

from collections.abc import Iterator
from dataclasses import dataclass

from studio.errors import InvalidInputError, NotFoundError
from studio.messages import message
from studio.recipes.generation.job import MAX_PROMPT_CHARS
from studio.recipes.themes.preset import SLOTS, Preset
from studio.services.themes.check_result import CheckResult
from studio.services.themes.token_counter import CHUNK_TOKENS, TokenCounter
from studio.services.zones import load_zone_images
from studio.store.base_images import BaseImageStore
from studio.store.images.files import ImageStore

LONGEST_PROMPT = ("a red dress with white dots and blue shoes, " * MAX_PROMPT_CHARS)[
    :MAX_PROMPT_CHARS
]
"""A user prompt of the maximum length, in words of usual length."""


@dataclass(frozen=True)
class ContentChecks:
    """Whether base images and control images are in the store, and how long prompts get."""

    base_images: BaseImageStore
    image_store: ImageStore
    tokens: TokenCounter

    def check_base_images(self, preset: Preset) -> Iterator[CheckResult]:
        """Whether each base image can be read, and has the keypoints and zones that a recipe needs."""
        needs_keypoints = any(preset.recipes[slot].needs_keypoints for slot in SLOTS)
        needs_zones = any(preset.recipes[slot].mask.needs_clothes_zone for slot in SLOTS)
        all_ids = [image.id for image in self.base_images.list_all()]
        for image_id in preset.base_images or all_ids:
            try:
                image = self.base_images.get(image_id)
                self.base_images.read_png(image)
                zones = load_zone_images(preset, image, self.base_images)
            except (NotFoundError, InvalidInputError) as error:
                yield CheckResult(
                    "error", message("deployment.base_image", id=image_id), error.message
                )
                continue
            lacks_keypoints = needs_keypoints and image.keypoints is None
            lacks_zones = needs_zones and zones.clothes is None
            if lacks_keypoints:
                yield CheckResult(
                    "error",
                    message("deployment.no_keypoints", id=image_id),
                    message("deployment.find_keypoints", id=image_id),
                )
            if lacks_zones:
                yield CheckResult(
                    "error",
                    message("deployment.no_zones", id=image_id),
                    message("deployment.paint_zones"),
                )
            if not (lacks_keypoints or lacks_zones):
                yield CheckResult("pass", message("deployment.base_image", id=image_id))

    def check_control_images(self, preset: Preset) -> Iterator[CheckResult]:
        """Whether the operators' own images of control units and references are in the store."""
        hashes = (h for slot in SLOTS for h in preset.recipes[slot].control_image_hashes)
        for sha256 in dict.fromkeys(hashes):
            image = message("deployment.control_image", hash=sha256[:10])
            try:
                self.image_store.get(sha256)
                yield CheckResult("pass", image)
            except NotFoundError as error:
                yield CheckResult("error", image, error.message)

    def check_prompt_lengths(self, preset: Preset) -> Iterator[CheckResult]:
        """The tokens of each recipe's prompt, alone and with the longest user prompt."""
        for slot in SLOTS:
            recipe = preset.recipes[slot]
            tokens = self.tokens.count(recipe, preset.theme_prompt, "")
            longest = self.tokens.count(recipe, preset.theme_prompt, LONGEST_PROMPT)
            if tokens is None or longest is None:
                continue  # The base model is missing, which has a result of its own.
            if tokens > CHUNK_TOKENS:
                what = message(
                    "deployment.many_tokens", slot=slot, tokens=tokens, window=CHUNK_TOKENS
                )
                yield CheckResult("warning", what, message("deployment.shorten_prompt"))
            else:
                what = message("deployment.tokens", slot=slot, tokens=tokens, longest=longest)
                yield CheckResult("pass", what)
