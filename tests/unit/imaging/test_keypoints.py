"""Conversion of COCO keypoints to OpenPose's."""

from studio.imaging.keypoints import COCO_TO_OPENPOSE, coco17_to_openpose18
from studio.recipes.base_image import KEYPOINT_NAMES


def test_joints_are_reordered_and_the_neck_is_added() -> None:
    points = [(index / 20, index / 40) for index in range(len(COCO_TO_OPENPOSE))]
    converted = dict(zip(KEYPOINT_NAMES, coco17_to_openpose18(points), strict=True))
    for name, point in zip(COCO_TO_OPENPOSE, points, strict=True):
        assert converted[name] == point
    assert converted["neck"] == ((5 + 6) / 40, (5 + 6) / 80)


def test_hidden_shoulder_hides_the_neck() -> None:
    points = [None if name == "left_shoulder" else (0.5, 0.5) for name in COCO_TO_OPENPOSE]
    converted = dict(zip(KEYPOINT_NAMES, coco17_to_openpose18(points), strict=True))
    assert [name for name, point in converted.items() if point is None] == ["neck", "left_shoulder"]
