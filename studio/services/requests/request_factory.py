"""Creates generation requests: the one place where the inputs of page, command line and API are
checked."""

import hashlib
import secrets
from collections.abc import Iterable

from PIL import Image

from studio.errors import InvalidInputError
from studio.imaging.compositing import overlay_doodle
from studio.imaging.png_io import decode_doodle, decode_png, encode_png
from studio.messages import message
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import (
    BaseImage,
    ControlImage,
    Doodle,
    Sha256,
    UploadedBaseImage,
    ZoneImages,
)
from studio.recipes.generation.job import MAX_PROMPT_CHARS, OPERATOR_CLIENT, GenerationRequest
from studio.recipes.generation.planning import check_request, list_referenced_models
from studio.recipes.generation.recipe import ModelRef, ModelType
from studio.recipes.text_fields import check_text
from studio.recipes.themes.preset import SLOTS, Preset
from studio.services.base_images import make_base_image
from studio.services.moderation_service import ModerationService, Requester
from studio.services.zones import clean_zones, hash_zones, load_zone_images, masks_for
from studio.store.base_images import BaseImageStore
from studio.store.images.files import ImageStore

MAX_SEED = 2**32 - 1


class RequestFactory:
    """Makes a `GenerationRequest` of raw inputs: checks, moderation, then all that rendering
    needs."""

    def __init__(
        self,
        base_images: BaseImageStore,
        catalog: ModelCatalog,
        images: ImageStore,
        moderation: ModerationService,
    ) -> None:
        self.moderation = moderation
        self._base_images = base_images
        self._catalog = catalog
        self._images = images

    def create(
        self,
        preset: Preset,
        base_image: str | UploadedBaseImage,
        doodle_png: bytes | None,
        user_prompt: str = "",
        seed: int | None = None,
        theme_version: int | None = None,
        client: str = OPERATOR_CLIENT,
        request_id: str | None = None,
    ) -> GenerationRequest:
        """A checked and moderated request.

        Args:
            preset: the four recipes to render.
            base_image: the id of a base image, or an uploaded one.
            doodle_png: an RGBA PNG of the base image's size; None renders the base image alone.
            user_prompt: at most `MAX_PROMPT_CHARS` characters. Terms that the word lists mask are
                left out.
            seed: 0 to 2**32 - 1; None draws one at random.
            theme_version: the number of the theme version that the preset is; None if it is not
                saved.
            client: the name of the API client, or of the operator.
            request_id: 32 hexadecimal digits; None makes a new id.

        Raises:
            NotFoundError: the base image, a model or a control image is not here.
            IncompatibleModelError: a model is not the one that the preset was tuned with.
            InvalidImageError: the doodle, or the mask of a zone, is no PNG of the base image's size.
            InvalidInputError: the prompt is too long, the seed out of range, all clothes that may change
                are protected, or what `check_request` refuses.
            ContentBlockedError: the theme's moderation policy blocks the prompt or an image.
        """
        _check_prompt_and_seed(user_prompt, seed)
        self.check_models(list_referenced_models(preset))
        requester = Requester(request_id or secrets.token_hex(16), preset, theme_version, client)
        if isinstance(base_image, str):
            base = self._base_images.get(base_image)
            zone_images = load_zone_images(preset, base, self._base_images)
        else:
            base, zone_images = self._accept_uploaded_base(requester, base_image)
        request = GenerationRequest(
            id=requester.request_id,
            base_image=base,
            doodle=(
                None if doodle_png is None else self._validate_doodle(requester, base, doodle_png)
            ),
            user_prompt=self.moderation.moderate_prompt(requester, " ".join(user_prompt.split())),
            preset=preset,
            theme_version=theme_version,
            seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
            control_images=load_control_images(preset, self._images),
            zone_images=zone_images,
            client=client,
        )
        # What is stored can be planned again, by every process and after a restart.
        check_request(request)
        return request

    def check_models(self, references: Iterable[tuple[ModelType, ModelRef]]) -> None:
        """Raises NotFoundError, IncompatibleModelError or CorruptModelError for the first model that
        cannot be used."""
        for kind, reference in dict.fromkeys(references):
            self._catalog.get(kind, reference)

    def store_control_image(self, png: bytes) -> Sha256:
        """Stores an operator's own image for control units and references, over white where it is
        transparent, and returns its hash.

        Raises:
            InvalidImageError: it is no PNG, is broken, or larger than the limits.
        """
        image = decode_png(png, message("image.image"))
        if image.has_transparency_data:
            layer = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        return self._images.write(encode_png(image.convert("RGB")))

    def _validate_doodle(self, requester: Requester, base: BaseImage, png: bytes) -> Doodle:
        doodle = decode_doodle(png, base.width, base.height)
        if requester.preset.safety.check_doodles:
            base_pixels = decode_png(self._base_images.read_png(base), message("image.base_image"))
            doodle_pixels = decode_png(doodle.png_bytes, message("image.doodle"))
            self.moderation.moderate_input_image(
                requester, "doodle", overlay_doodle(base_pixels, doodle_pixels), doodle.sha256
            )
        return doodle

    def _accept_uploaded_base(
        self, requester: Requester, upload: UploadedBaseImage
    ) -> tuple[BaseImage, ZoneImages]:
        """Stores the pixels of an uploaded base image; it does not appear in the gallery. Its zones are
        stored with the request alone."""
        preset = requester.preset
        if not preset.safety.allow_base_uploads:
            raise InvalidInputError("theme.takes_no_uploads", slug=preset.slug)
        pixels = decode_png(upload.png, message("image.uploaded_base")).convert("RGB")
        needs_keypoints = any(preset.recipes[slot].needs_keypoints for slot in SLOTS)
        if upload.keypoints is None and needs_keypoints:
            raise InvalidInputError("theme.upload_needs_keypoints", slug=preset.slug)
        name = f"upload-{hashlib.sha256(upload.png).hexdigest()[:16]}"
        needs_zones = any(preset.recipes[slot].mask.needs_clothes_zone for slot in SLOTS)
        if upload.zones.clothes is None and needs_zones:
            raise InvalidInputError("theme.upload_needs_zones", slug=preset.slug)
        image, clean_png = make_base_image(pixels, name, "Upload", upload.keypoints)
        masks = clean_zones(upload.zones, image)
        self.moderation.moderate_input_image(requester, "upload", pixels, image.sha256)
        self._images.write(clean_png)
        return image.model_copy(update={"zones": hash_zones(masks)}), masks_for(
            preset, image, masks
        )


def load_control_images(preset: Preset, images: ImageStore) -> tuple[ControlImage, ...]:
    """The operators' own images that the preset's control units and references name, each once.

    Raises NotFoundError when one is not in the store.
    """
    hashes = (sha256 for slot in SLOTS for sha256 in preset.recipes[slot].control_image_hashes)
    return tuple(
        ControlImage(sha256=sha256, png=images.get(sha256)) for sha256 in dict.fromkeys(hashes)
    )


def _check_prompt_and_seed(user_prompt: str, seed: int | None) -> None:
    if len(user_prompt) > MAX_PROMPT_CHARS:
        raise InvalidInputError(
            "request.user_prompt_too_long", count=f"{len(user_prompt):,}", most=MAX_PROMPT_CHARS
        )
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise InvalidInputError("request.seed_out_of_range", seed=seed, most=MAX_SEED)
    check_text(user_prompt, message("request.user_prompt"))
