"""Finds a figure's keypoints in a picture, for base images that have none."""

import torch
from PIL import Image
from safetensors import SafetensorError
from transformers import VitPoseForPoseEstimation, VitPoseImageProcessor

from studio.errors import CorruptModelError, InvalidInputError
from studio.imaging.keypoints import coco17_to_openpose18
from studio.models.types import ModelInfo
from studio.recipes.base_image import Keypoints, Point

MIN_KEYPOINT_SCORE = 0.3
"""Score from which a joint counts as seen; ViTPose's own threshold for drawing one."""
MIN_KEYPOINTS = 6
"""Joints without which what was found is no figure."""


class VitPoseDetector:
    """A pose detector of the ViTPose family (Xu et al., 2022) from a folder of the library."""

    def __init__(self, model: ModelInfo) -> None:
        """Raises DamagedModel when the folder cannot be loaded."""
        try:
            self._reader = VitPoseImageProcessor.from_pretrained(model.path, local_files_only=True)
            self._net = VitPoseForPoseEstimation.from_pretrained(
                model.path, local_files_only=True, use_safetensors=True
            ).eval()
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CorruptModelError(
                "model.detector_cannot_load", name=model.name, reason=reason
            ) from error

    @torch.no_grad()
    def __call__(self, image: Image.Image) -> Keypoints:
        """The keypoints of the one figure that fills the picture.

        Raises InputError when there is none to be seen.
        """
        whole = [[[0.0, 0.0, float(image.width), float(image.height)]]]
        shown = self._reader(image.convert("RGB"), boxes=whole, return_tensors="pt")
        # Of a mixture of experts, the first was taught on COCO.
        which = {"dataset_index": torch.tensor([0])} if self._is_moe else {}
        heard = self._net(**shown, **which)
        found = self._reader.post_process_pose_estimation(heard, boxes=whole)[0][0]
        points = [
            _to_fraction(x / image.width, y / image.height) if score >= MIN_KEYPOINT_SCORE else None
            for (x, y), score in zip(
                found["keypoints"].tolist(), found["scores"].tolist(), strict=True
            )
        ]
        if sum(point is not None for point in points) < MIN_KEYPOINTS:
            raise InvalidInputError("image.no_figure")
        return coco17_to_openpose18(points)

    @property
    def _is_moe(self) -> bool:
        return bool(self._net.config.backbone_config.num_experts > 1)


def _to_fraction(x: float, y: float) -> Point | None:
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None
