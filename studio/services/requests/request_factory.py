"""The one door requests come through, from the page, the command line and the API alike."""

import hashlib
import secrets

from studio.errors import InvalidInputError
from studio.imaging.compositing import overlay_doodle
from studio.imaging.png_io import decode_doodle, decode_png, encode_png
from studio.messages import message
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import BaseImage, ControlImage, Doodle, Sha256, UploadedBaseImage
from studio.recipes.generation.job import MAX_PROMPT_CHARS, OPERATOR_CLIENT, GenerationRequest
from studio.recipes.generation.planning import list_referenced_models
from studio.recipes.text_fields import check_text
from studio.recipes.themes.preset import SLOTS, Preset
from studio.services.base_images import make_base_image
from studio.services.moderation_service import ModerationService, Requester
from studio.store.base_images import BaseImageStore
from studio.store.images.files import ImageStore


class RequestFactory:
    def __init__(
        self,
        bases: BaseImageStore,
        catalog: ModelCatalog,
        images: ImageStore,
        safety: ModerationService,
    ) -> None:
        self.safety = safety
        self._base_images = bases
        self._catalog = catalog
        self._image_store = images

    def create(
        self,
        preset: Preset,
        base_image: str | UploadedBaseImage,
        doodle_png: bytes | None,
        words: str = "",
        seed: int | None = None,
        preset_version: int | None = None,
        client: str = OPERATOR_CLIENT,
        request_id: str | None = None,
    ) -> GenerationRequest:
        """A checked request for a base image by its id, or one that is brought along. Without a seed one
        is drawn by chance; words that the lists mask are left out.

        Raises NotFound for an unknown base image, model or own picture, UnfitModel for a model that is not
        what the preset was tuned with, BadPicture for a doodle that is no PNG of the base's size,
        InputError for too many words or a seed out of range, Blocked for what the theme does not let pass.
        """
        if len(words) > MAX_PROMPT_CHARS:
            raise InvalidInputError(
                "request.words_too_long", count=f"{len(words):,}", most=MAX_PROMPT_CHARS
            )
        if seed is not None and not 0 <= seed < 2**32:
            raise InvalidInputError("request.seed_out_of_range", seed=seed, most=2**32 - 1)
        check_text(words, message("request.words"))
        for kind, ref in list_referenced_models(preset):
            self._catalog.get(kind, ref)
        asker = Requester(request_id or secrets.token_hex(16), preset, preset_version, client)
        base = (
            self._base_images.get(base_image)
            if isinstance(base_image, str)
            else self._accept_uploaded_base(asker, base_image)
        )
        return GenerationRequest(
            id=asker.request_id,
            base_image=base,
            doodle=None if doodle_png is None else self._validate_doodle(asker, base, doodle_png),
            user_prompt=self.safety.moderate_prompt(asker, " ".join(words.split())),
            preset=preset,
            theme_version=preset_version,
            seed=secrets.randbelow(2**32) if seed is None else seed,
            control_images=self._control_images(preset),
            client=client,
        )

    def _validate_doodle(self, asker: Requester, base: BaseImage, png: bytes) -> Doodle:
        doodle = decode_doodle(png, base.width, base.height)
        if asker.theme_slug.safety.check_doodles:
            under, over = (
                decode_png(self._base_images.read_png(base), message("image.base_image")),
                decode_png(doodle.png_bytes, message("image.doodle")),
            )
            self.safety.moderate_input_image(
                asker, "doodle", overlay_doodle(under, over), doodle.sha256
            )
        return doodle

    def _accept_uploaded_base(self, asker: Requester, upload: UploadedBaseImage) -> BaseImage:
        """A base picture that was brought along, its pixels alone kept, under no name in the gallery."""
        preset = asker.theme_slug
        if not preset.safety.allow_base_uploads:
            raise InvalidInputError("theme.takes_no_uploads", slug=preset.slug)
        pixels = decode_png(upload.png, message("image.uploaded_base")).convert("RGB")
        units = [unit for slot in SLOTS for unit in preset.recipes[slot].control_units]
        if upload.keypoints is None and any(unit.preprocessor == "pose" for unit in units):
            raise InvalidInputError("theme.upload_needs_keypoints", slug=preset.slug)
        name = f"upload-{hashlib.sha256(upload.png).hexdigest()[:16]}"
        image, clean = make_base_image(pixels, name, "Upload", upload.keypoints)
        self.safety.moderate_input_image(asker, "upload", pixels, image.sha256)
        self._image_store.write(clean)
        return image

    def store_control_image(self, png: bytes) -> Sha256:
        """Keeps an operator's own picture for control units, and gives its hash.

        Raises BadPicture when it is no PNG, is broken, or larger than it may be.
        """
        return self._image_store.write(
            encode_png(decode_png(png, message("image.image")).convert("RGB"))
        )

    def _control_images(self, preset: Preset) -> tuple[ControlImage, ...]:
        wanted = (sha256 for slot in SLOTS for sha256 in preset.recipes[slot].control_image_hashes)
        return tuple(
            ControlImage(sha256=sha256, png=self._image_store.get(sha256))
            for sha256 in dict.fromkeys(wanted)
        )
