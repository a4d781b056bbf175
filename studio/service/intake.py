"""The one door requests come through, from the page, the command line and the API alike."""

import hashlib
import secrets

from studio.errors import InputError
from studio.imaging.compose import composite
from studio.imaging.limits import encode_png, open_png, read_doodle
from studio.library.catalogue import Catalogue
from studio.messages import message
from studio.recipes.canvas import BaseImage, BaseUpload, ControlPicture, Doodle, Sha256
from studio.recipes.planning import named_models
from studio.recipes.preset import LETTERS, Preset
from studio.recipes.request import MAX_WORDS, OPERATOR, Request
from studio.recipes.text import check_text
from studio.service.bases import base_image_of
from studio.service.safety import Asker, Safety
from studio.store.base_images import BaseImageStore
from studio.store.pictures import Pictures


class Intake:
    def __init__(
        self,
        bases: BaseImageStore,
        catalogue: Catalogue,
        pictures: Pictures,
        safety: Safety,
    ) -> None:
        self.safety = safety
        self._bases = bases
        self._catalogue = catalogue
        self._pictures = pictures

    def request(
        self,
        preset: Preset,
        base_image: str | BaseUpload,
        doodle_png: bytes | None,
        words: str = "",
        seed: int | None = None,
        preset_version: int | None = None,
        client: str = OPERATOR,
        request_id: str | None = None,
    ) -> Request:
        """A checked request for a base image by its id, or one that is brought along. Without a seed one
        is drawn by chance; words that the lists mask are left out.

        Raises NotFound for an unknown base image, model or own picture, UnfitModel for a model that is not
        what the preset was tuned with, BadPicture for a doodle that is no PNG of the base's size,
        InputError for too many words or a seed out of range, Blocked for what the theme does not let pass.
        """
        if len(words) > MAX_WORDS:
            raise InputError("request.words_too_long", count=f"{len(words):,}", most=MAX_WORDS)
        if seed is not None and not 0 <= seed < 2**32:
            raise InputError("request.seed_out_of_range", seed=seed, most=2**32 - 1)
        check_text(words, message("request.words"))
        for kind, ref in named_models(preset):
            self._catalogue.find(kind, ref)
        asker = Asker(request_id or secrets.token_hex(16), preset, preset_version, client)
        base = (
            self._bases.get(base_image)
            if isinstance(base_image, str)
            else self._uploaded(asker, base_image)
        )
        return Request(
            id=asker.request_id,
            base_image=base,
            doodle=None if doodle_png is None else self._doodle(asker, base, doodle_png),
            words=self.safety.admit_words(asker, " ".join(words.split())),
            preset=preset,
            preset_version=preset_version,
            seed=secrets.randbelow(2**32) if seed is None else seed,
            pictures=self._own_pictures(preset),
            client=client,
        )

    def _doodle(self, asker: Asker, base: BaseImage, png: bytes) -> Doodle:
        doodle = read_doodle(png, base.width, base.height)
        if asker.preset.safety.doodles:
            under, over = (
                open_png(self._bases.png(base), message("image.base_image")),
                open_png(doodle.png, message("image.doodle")),
            )
            self.safety.admit_drawing(asker, "doodle", composite(under, over), doodle.sha256)
        return doodle

    def _uploaded(self, asker: Asker, upload: BaseUpload) -> BaseImage:
        """A base picture that was brought along, its pixels alone kept, under no name in the gallery."""
        preset = asker.preset
        if not preset.safety.uploads:
            raise InputError("theme.takes_no_uploads", slug=preset.slug)
        picture = open_png(upload.png, message("image.uploaded_base")).convert("RGB")
        units = [unit for letter in LETTERS for unit in preset.recipes[letter].control_units]
        if upload.keypoints is None and any(unit.preprocessor == "pose" for unit in units):
            raise InputError("theme.upload_needs_keypoints", slug=preset.slug)
        name = f"upload-{hashlib.sha256(upload.png).hexdigest()[:16]}"
        image, clean = base_image_of(picture, name, "Upload", upload.keypoints)
        self.safety.admit_drawing(asker, "upload", picture, image.sha256)
        self._pictures.put(clean)
        return image

    def keep_picture(self, png: bytes) -> Sha256:
        """Keeps an operator's own picture for control units, and gives its hash.

        Raises BadPicture when it is no PNG, is broken, or larger than it may be.
        """
        return self._pictures.put(encode_png(open_png(png, message("image.image")).convert("RGB")))

    def _own_pictures(self, preset: Preset) -> tuple[ControlPicture, ...]:
        wanted = (sha256 for letter in LETTERS for sha256 in preset.recipes[letter].pictures)
        return tuple(
            ControlPicture(sha256=sha256, png=self._pictures.get(sha256))
            for sha256 in dict.fromkeys(wanted)
        )
