"""Finds a figure's keypoints in a picture, for base images that have none."""

import torch
from PIL import Image
from safetensors import SafetensorError
from transformers import VitPoseForPoseEstimation, VitPoseImageProcessor

from studio.errors import DamagedModel, InputError
from studio.imaging.poses import from_coco
from studio.library.models import Model
from studio.recipes.canvas import Keypoints, Point

SURE = 0.3
"""Score from which a joint counts as seen; ViTPose's own threshold for drawing one."""
ENOUGH = 6
"""Joints without which what was found is no figure."""


class VitPose:
    """A pose detector of the ViTPose family (Xu et al., 2022) from a folder of the library."""

    def __init__(self, model: Model) -> None:
        """Raises DamagedModel when the folder cannot be loaded."""
        try:
            self._reader = VitPoseImageProcessor.from_pretrained(model.path, local_files_only=True)
            self._net = VitPoseForPoseEstimation.from_pretrained(
                model.path, local_files_only=True, use_safetensors=True
            ).eval()
        except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
            reason = str(error).strip().splitlines()[0]
            raise DamagedModel(
                "model.detector_cannot_load", name=model.name, reason=reason
            ) from error

    @torch.no_grad()
    def __call__(self, picture: Image.Image) -> Keypoints:
        """The keypoints of the one figure that fills the picture.

        Raises InputError when there is none to be seen.
        """
        whole = [[[0.0, 0.0, float(picture.width), float(picture.height)]]]
        shown = self._reader(picture.convert("RGB"), boxes=whole, return_tensors="pt")
        # Of a mixture of experts, the first was taught on COCO.
        which = {"dataset_index": torch.tensor([0])} if self._has_experts else {}
        heard = self._net(**shown, **which)
        found = self._reader.post_process_pose_estimation(heard, boxes=whole)[0][0]
        points = [
            _fraction(x / picture.width, y / picture.height) if score >= SURE else None
            for (x, y), score in zip(
                found["keypoints"].tolist(), found["scores"].tolist(), strict=True
            )
        ]
        if sum(point is not None for point in points) < ENOUGH:
            raise InputError("image.no_figure")
        return from_coco(points)

    @property
    def _has_experts(self) -> bool:
        return bool(self._net.config.backbone_config.num_experts > 1)


def _fraction(x: float, y: float) -> Point | None:
    return (x, y) if 0 <= x <= 1 and 0 <= y <= 1 else None
