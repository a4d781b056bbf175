"""From the keypoints that detectors find to the eighteen that pose ControlNets are shown."""

from collections.abc import Sequence

from studio.recipes.base_image import KEYPOINT_NAMES, Keypoints, Point

COCO_TO_OPENPOSE = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""The keypoints of the COCO dataset, in its order; detectors are taught on them."""


def coco17_to_openpose18(points: Sequence[Point | None]) -> Keypoints:
    """OpenPose's order of COCO's seventeen; the neck is half way between the shoulders."""
    found = dict(zip(COCO_TO_OPENPOSE, points, strict=True))
    right, left = found["right_shoulder"], found["left_shoulder"]
    if right is not None and left is not None:
        found["neck"] = ((right[0] + left[0]) / 2, (right[1] + left[1]) / 2)
    return tuple(found.get(name) for name in KEYPOINT_NAMES)
