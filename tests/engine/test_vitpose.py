"""ViTPose in its real layout with tiny random weights."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import (
    VitPoseBackboneConfig,
    VitPoseConfig,
    VitPoseForPoseEstimation,
    VitPoseImageProcessor,
)

from studio.engine.control import vitpose
from studio.engine.control.vitpose import VitPoseDetector
from studio.errors import CorruptModelError, IncompatibleModelError, InvalidInputError
from studio.imaging.keypoints import COCO_TO_OPENPOSE
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.base_image import KEYPOINT_NAMES
from studio.recipes.generation.recipe import ModelRef

IMAGE = Image.new("RGB", (200, 300), "white")


def write_detector(directory: Path, experts: int = 1) -> Path:
    torch.manual_seed(3)
    backbone = VitPoseBackboneConfig(
        image_size=[64, 48],
        patch_size=[16, 16],
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_experts=experts,
        part_features=8,
        out_indices=[2],
    )
    model = VitPoseForPoseEstimation(
        VitPoseConfig(backbone_config=backbone, num_labels=len(COCO_TO_OPENPOSE))
    )
    model.save_pretrained(directory)
    VitPoseImageProcessor(size={"height": 64, "width": 48}).save_pretrained(directory)
    return directory


def load_detector(root: Path) -> VitPoseDetector:
    catalog = ModelCatalog((root,), HashCache(None))
    return VitPoseDetector(catalog.get("detector", ModelRef(name="tiny")))


@pytest.mark.parametrize("experts", [1, 2])
def test_detector_finds_eighteen_keypoints_inside_the_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experts: int
) -> None:
    monkeypatch.setattr(vitpose, "MIN_KEYPOINT_SCORE", -1.0)  # Random weights give low scores.
    write_detector(tmp_path / "detectors" / "tiny", experts)
    keypoints = load_detector(tmp_path)(IMAGE)
    assert len(keypoints) == len(KEYPOINT_NAMES)
    visible = [point for point in keypoints if point is not None]
    assert len(visible) >= vitpose.MIN_KEYPOINTS
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in visible)


def test_image_without_a_character_is_refused(tmp_path: Path) -> None:
    write_detector(tmp_path / "detectors" / "tiny")
    with pytest.raises(InvalidInputError, match="No character found in the image"):
        load_detector(tmp_path)(IMAGE)


def test_truncated_weights_name_the_detector(tmp_path: Path) -> None:
    weights = write_detector(tmp_path / "detectors" / "tiny") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(CorruptModelError, match="Detector tiny: model.safetensors is not a valid"):
        load_detector(tmp_path)


def test_detector_of_another_architecture_is_refused(tmp_path: Path) -> None:
    directory = write_detector(tmp_path / "detectors" / "tiny")
    config = directory / "config.json"
    config.write_text(config.read_text().replace('"vitpose"', '"yolos"'))
    with pytest.raises(IncompatibleModelError, match="Detector tiny is a yolos"):
        load_detector(tmp_path)
