"""Finds clothes in an image with SegFormer, to propose the zones of a base image."""

from collections.abc import Collection

import numpy as np
import torch
from PIL import Image
from transformers import SegformerForSemanticSegmentation, SegformerImageProcessor

from studio.engine.control.detector_loading import detector_loading
from studio.errors import InvalidInputError
from studio.imaging.zones import ZoneMasks
from studio.models.segmentation_labels import is_clothes, is_protected
from studio.models.types import ModelInfo


class ClothesSegmenter:
    """A SegFormer (Xie et al., 2021) whose labels name clothes, on the CPU."""

    def __init__(self, model: ModelInfo) -> None:
        """Reads the model's folder. Raises as `detector_loading`."""
        with detector_loading(model, "segformer"):
            self._image_processor = SegformerImageProcessor.from_pretrained(
                model.path, local_files_only=True
            )
            self._model = SegformerForSemanticSegmentation.from_pretrained(
                model.path, local_files_only=True, use_safetensors=True
            ).eval()
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
