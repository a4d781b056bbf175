"""ViTPose in its real layout with tiny random weights: loaded from a folder, its joints read."""

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

from studio.engine.control import vitpose as poses
from studio.engine.control.vitpose import VitPoseDetector
from studio.errors import CorruptModelError, IncompatibleModelError, InvalidInputError
from studio.imaging.keypoints import COCO_TO_OPENPOSE
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.base_image import KEYPOINT_NAMES
from studio.recipes.generation.recipe import ModelRef

IMAGE = Image.new("RGB", (200, 300), "white")


def write(folder: Path, experts: int = 1) -> Path:
    torch.manual_seed(3)
    backbone = VitPoseBackboneConfig(
        image_size=[64, 48], patch_size=[16, 16], hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_experts=experts, part_features=8, out_indices=[2],
    )  # fmt: skip
    net = VitPoseForPoseEstimation(
        VitPoseConfig(backbone_config=backbone, num_labels=len(COCO_TO_OPENPOSE))
    )
    net.save_pretrained(folder)
    VitPoseImageProcessor(size={"height": 64, "width": 48}).save_pretrained(folder)
    return folder


def detector(root: Path) -> VitPoseDetector:
    catalog = ModelCatalog((root,), HashCache(None))
    return VitPoseDetector(catalog.get("detector", ModelRef(name="tiny")))


@pytest.mark.parametrize("experts", [1, 2])
def test_a_folder_of_the_library_finds_eighteen_joints_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experts: int
) -> None:
    monkeypatch.setattr(poses, "MIN_KEYPOINT_SCORE", -1.0)  # Random weights are sure of nothing.
    write(tmp_path / "detectors" / "tiny", experts)
    found = detector(tmp_path)(IMAGE)
    assert len(found) == len(KEYPOINT_NAMES)
    seen = [point for point in found if point is not None]
    assert len(seen) >= poses.MIN_KEYPOINTS
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in seen)


def test_a_image_without_a_figure_is_told_so(tmp_path: Path) -> None:
    write(tmp_path / "detectors" / "tiny")
    with pytest.raises(InvalidInputError, match="no figure was found in the picture: choose one"):
        detector(tmp_path)(IMAGE)


def test_weights_that_are_cut_short_name_the_detector(tmp_path: Path) -> None:
    weights = write(tmp_path / "detectors" / "tiny") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(CorruptModelError, match="detector tiny: model.safetensors is no readable"):
        detector(tmp_path)


def test_another_kind_of_network_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "detectors" / "tiny")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"vitpose"', '"yolos"'))
    with pytest.raises(IncompatibleModelError, match="detector tiny is a yolos"):
        detector(tmp_path)
