"""Issue 23, 1: SegFormer in its real layout with tiny random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import (
    SegformerConfig,
    SegformerForSemanticSegmentation,
    SegformerImageProcessor,
)

from studio.engine.control.segformer import ClothesSegmenter
from studio.engine.control.vitpose import VitPoseDetector
from studio.errors import CorruptModelError, IncompatibleModelError, InvalidInputError
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef

LABELS = ("Background", "Hat", "Hair", "Upper-clothes", "Skirt", "Left-shoe", "Face", "Left-arm")
IMAGE = Image.new("RGB", (90, 70), "white")


def write_segmenter(
    root: Path, labels: tuple[str, ...] = LABELS, everywhere: str = "Skirt"
) -> Path:
    """A model that finds one label at every pixel."""
    torch.manual_seed(3)
    config = SegformerConfig(
        depths=[1, 1, 1, 1],
        hidden_sizes=[8, 8, 8, 8],
        num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=8,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
    )
    model = SegformerForSemanticSegmentation(config)
    with torch.no_grad():
        model.decode_head.classifier.weight.zero_()
        model.decode_head.classifier.bias.zero_()
        model.decode_head.classifier.bias[labels.index(everywhere)] = 1
    directory = root / "detectors" / "tiny"
    model.save_pretrained(directory)
    SegformerImageProcessor(size={"height": 64, "width": 64}).save_pretrained(directory)
    return directory


def load(root: Path) -> ClothesSegmenter:
    catalog = ModelCatalog((root,), HashCache(None))
    return ClothesSegmenter(catalog.get("detector", ModelRef(name="tiny")))


@pytest.mark.parametrize(
    ("everywhere", "clothes", "protected"),
    [("Skirt", True, False), ("Upper-clothes", True, False)],
)
def test_what_is_worn_is_the_clothes_zone(
    tmp_path: Path, everywhere: str, clothes: bool, protected: bool
) -> None:
    write_segmenter(tmp_path, everywhere=everywhere)
    zones = load(tmp_path)(IMAGE)
    for zone, is_everywhere in ((zones.clothes, clothes), (zones.protected, protected)):
        assert zone is not None
        assert (zone.mode, zone.size) == ("L", IMAGE.size)
        assert (np.asarray(zone) == (255 if is_everywhere else 0)).all()


@pytest.mark.parametrize("everywhere", ["Background", "Face", "Left-shoe", "Hat"])
def test_an_image_without_clothes_is_refused(tmp_path: Path, everywhere: str) -> None:
    write_segmenter(tmp_path, everywhere=everywhere)
    with pytest.raises(InvalidInputError, match="No clothes found in the image"):
        load(tmp_path)(IMAGE)


def test_labels_that_name_no_clothes_are_refused(tmp_path: Path) -> None:
    write_segmenter(tmp_path, ("road", "sky", "person"), "road")
    with pytest.raises(IncompatibleModelError, match="whose labels name no clothes"):
        load(tmp_path)


def test_truncated_weights_name_the_detector(tmp_path: Path) -> None:
    weights = write_segmenter(tmp_path) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    with pytest.raises(CorruptModelError, match="Detector tiny: model.safetensors is not a valid"):
        load(tmp_path)


def test_a_segmentation_model_finds_no_poses(tmp_path: Path) -> None:
    write_segmenter(tmp_path)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert [model.family for model in catalog.list_files("detector")] == ["segformer"]
    with pytest.raises(IncompatibleModelError, match="but a vitpose model is needed"):
        VitPoseDetector(catalog.get("detector", ModelRef(name="tiny")))
