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

from studio.engine import poses
from studio.engine.poses import VitPose
from studio.errors import DamagedModel, InputError, UnfitModel
from studio.imaging.poses import COCO
from studio.library.catalogue import Catalogue
from studio.library.files import Hashes
from studio.recipes.canvas import KEYPOINT_NAMES
from studio.recipes.recipe import ModelRef

PICTURE = Image.new("RGB", (200, 300), "white")


def write(folder: Path, experts: int = 1) -> Path:
    torch.manual_seed(3)
    backbone = VitPoseBackboneConfig(
        image_size=[64, 48], patch_size=[16, 16], hidden_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_experts=experts, part_features=8, out_indices=[2],
    )  # fmt: skip
    net = VitPoseForPoseEstimation(VitPoseConfig(backbone_config=backbone, num_labels=len(COCO)))
    net.save_pretrained(folder)
    VitPoseImageProcessor(size={"height": 64, "width": 48}).save_pretrained(folder)
    return folder


def detector(root: Path) -> VitPose:
    catalogue = Catalogue((root,), Hashes(None))
    return VitPose(catalogue.find("detector", ModelRef(name="tiny")))


@pytest.mark.parametrize("experts", [1, 2])
def test_a_folder_of_the_library_finds_eighteen_joints_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, experts: int
) -> None:
    monkeypatch.setattr(poses, "SURE", -1.0)  # Random weights are sure of nothing.
    write(tmp_path / "detectors" / "tiny", experts)
    found = detector(tmp_path)(PICTURE)
    assert len(found) == len(KEYPOINT_NAMES)
    seen = [point for point in found if point is not None]
    assert len(seen) >= poses.ENOUGH
    assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in seen)


def test_a_picture_without_a_figure_is_told_so(tmp_path: Path) -> None:
    write(tmp_path / "detectors" / "tiny")
    with pytest.raises(InputError, match="no figure was found in the picture: choose one"):
        detector(tmp_path)(PICTURE)


def test_weights_that_are_cut_short_name_the_detector(tmp_path: Path) -> None:
    weights = write(tmp_path / "detectors" / "tiny") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(DamagedModel, match="detector tiny: model.safetensors is no readable"):
        detector(tmp_path)


def test_another_kind_of_network_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "detectors" / "tiny")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"vitpose"', '"yolos"'))
    with pytest.raises(UnfitModel, match="detector tiny is a yolos"):
        detector(tmp_path)
