"""Converts a detector's keypoints (COCO) to those of pose ControlNets (OpenPose)."""

from collections.abc import Sequence

from studio.recipes.base_image import KEYPOINT_NAMES, Keypoints, Point

COCO_TO_OPENPOSE = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""The 17 keypoints of the COCO dataset in its order; pose detectors are trained on them."""


def coco17_to_openpose18(points: Sequence[Point | None]) -> Keypoints:
    """COCO's 17 keypoints in OpenPose's order; the neck is the midpoint of the shoulders.

    Args:
        points: in the order of `COCO_TO_OPENPOSE`; None where a joint is hidden.
    """
    by_name = dict(zip(COCO_TO_OPENPOSE, points, strict=True))
    right, left = by_name["right_shoulder"], by_name["left_shoulder"]
    if right is not None and left is not None:
        by_name["neck"] = ((right[0] + left[0]) / 2, (right[1] + left[1]) / 2)
    return tuple(by_name.get(name) for name in KEYPOINT_NAMES)
