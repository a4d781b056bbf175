"""Detects a character's keypoints in an image with ViTPose, for base images that have none."""

import torch
from PIL import Image
from transformers import VitPoseForPoseEstimation, VitPoseImageProcessor

from studio.engine.control.detector_loading import detector_loading
from studio.errors import InvalidInputError
from studio.imaging.keypoints import coco17_to_openpose18
from studio.models.types import ModelInfo
from studio.recipes.base_image import Keypoints, Point

MIN_KEYPOINT_SCORE = 0.3
"""Score from which a keypoint counts as detected; ViTPose's own threshold for drawing one."""
MIN_KEYPOINTS = 6
"""With fewer keypoints there is no character in the image."""


class VitPoseDetector:
    """A pose detector of the ViTPose family (Xu et al., 2022), on the CPU."""

    def __init__(self, model: ModelInfo) -> None:
        """Reads the model's folder. Raises as `detector_loading`."""
        with detector_loading(model, "vitpose"):
            self._image_processor = VitPoseImageProcessor.from_pretrained(
                model.path, local_files_only=True
            )
            self._model = VitPoseForPoseEstimation.from_pretrained(
                model.path, local_files_only=True, use_safetensors=True
            ).eval()

    @torch.no_grad()
    def __call__(self, image: Image.Image) -> Keypoints:
        """The 18 OpenPose keypoints of one character that fills the image.

        Coordinates are fractions of width and height; None for keypoints that are not visible.

        Raises InvalidInputError when no character is found.
        """
        boxes = [[[0.0, 0.0, float(image.width), float(image.height)]]]
        inputs = self._image_processor(image.convert("RGB"), boxes=boxes, return_tensors="pt")
        # A mixture of experts has one for each data set; the first was trained on COCO.
        expert = {"dataset_index": torch.tensor([0])} if self._is_moe else {}
        outputs = self._model(**inputs, **expert)
        pose = self._image_processor.post_process_pose_estimation(outputs, boxes=boxes)[0][0]
        points = [
            _to_fraction(x / image.width, y / image.height) if score >= MIN_KEYPOINT_SCORE else None
            for (x, y), score in zip(
                pose["keypoints"].tolist(), pose["scores"].tolist(), strict=True
            )
        ]
        if sum(point is not None for point in points) < MIN_KEYPOINTS:
            raise InvalidInputError("image.no_pose_found")
        return coco17_to_openpose18(points)

    @property
    def _is_moe(self) -> bool:
        return bool(self._model.config.backbone_config.num_experts > 1)


def _to_fraction(x: float, y: float) -> Point | None:
    """None for a keypoint outside the image."""
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None
