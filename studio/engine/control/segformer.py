"""Finds clothes in an image with SegFormer, to propose the zones of a base image."""

from collections.abc import Collection

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError
from transformers import SegformerForSemanticSegmentation, SegformerImageProcessor

from studio.errors import CorruptModelError, IncompatibleModelError, InvalidInputError, first_line
from studio.imaging.zones import ZoneMasks
from studio.models.segmentation_labels import is_clothes, is_protected
from studio.models.types import ModelInfo


class ClothesSegmenter:
    """A SegFormer (Xie et al., 2021) whose labels name clothes, on the CPU."""

    def __init__(self, model: ModelInfo) -> None:
        """Reads the model's folder.

        Raises CorruptModelError when it cannot be loaded, IncompatibleModelError when it is a detector of
        another kind.
        """
        if model.family != "segformer":
            raise IncompatibleModelError(
                "model.detector_for_other_work",
                name=model.name,
                found=model.family,
                wanted="segformer",
            )
        try:
            self._image_processor = SegformerImageProcessor.from_pretrained(
                model.path, local_files_only=True
            )
            self._model = SegformerForSemanticSegmentation.from_pretrained(
                model.path, local_files_only=True, use_safetensors=True
            ).eval()
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            raise CorruptModelError(
                "model.detector_cannot_load", name=model.name, reason=first_line(error)
            ) from error
        labels: dict[int, str] = self._model.config.id2label
        self._clothes = [index for index, label in labels.items() if is_clothes(label)]
        self._protected = [index for index, label in labels.items() if is_protected(label)]

    @torch.no_grad()
    def __call__(self, image: Image.Image) -> ZoneMasks:
        """The clothes zone (what is worn) and the protected zone (face and hair), of the image's size.

        Raises InvalidInputError when there are no clothes in the image.
        """
        inputs = self._image_processor(image.convert("RGB"), return_tensors="pt")
        [classes] = self._image_processor.post_process_semantic_segmentation(
            self._model(**inputs), target_sizes=[(image.height, image.width)]
        )
        found = classes.cpu().numpy()
        zones = ZoneMasks(_mask(found, self._clothes), _mask(found, self._protected))
        if zones.clothes is None or zones.clothes.getbbox() is None:
            raise InvalidInputError("image.no_clothes_found")
        return zones


def _mask(classes: np.ndarray, members: Collection[int]) -> Image.Image:
    return Image.fromarray(np.where(np.isin(classes, list(members)), 255, 0).astype(np.uint8))
