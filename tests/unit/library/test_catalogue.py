"""The catalogue finds models by name and hash and says plainly what is wrong with them."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.errors import DamagedModel, NotFound, UnfitModel
from studio.library.catalogue import Catalogue
from studio.library.files import Hashes, check_whole, weight_files
from studio.recipes.recipe import ModelRef
from studio.settings import shipped
from tests.unit.library.test_headers import KOHYA, PEFT, XL, checkpoint, write


def controlnet(folder: Path, name: str, width: int = 128, fill: float = 0.0) -> Path:
    place = folder / "controlnets" / name
    place.mkdir(parents=True)
    (place / "config.json").write_text(json.dumps({"cross_attention_dim": width}))
    weights = {"w": np.full(4, fill, np.float32)}
    save_file(weights, place / "diffusion_pytorch_model.safetensors")
    return place


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue((tmp_path / "shipped", tmp_path / "own"), Hashes(tmp_path / "hashes.json"))


def test_models_of_both_folders_are_listed_by_name(catalogue: Catalogue, tmp_path: Path) -> None:
    controlnet(tmp_path / "own", "b-net", 768)
    controlnet(tmp_path / "shipped", "a-net")
    found = [(m.name, m.family, m.kind) for m in catalogue.models()]
    assert found == [("a-net", "pocket", "controlnet"), ("b-net", "sd15", "controlnet")]


def test_the_shipped_folder_wins_a_name(catalogue: Catalogue, tmp_path: Path) -> None:
    controlnet(tmp_path / "own", "net", 768)
    mine = controlnet(tmp_path / "shipped", "net")
    assert catalogue.find("controlnet", ModelRef(name="net")).path == mine


def test_an_unknown_name_is_answered_with_those_there_are(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    controlnet(tmp_path / "own", "net")
    with pytest.raises(NotFound, match=r"no controlnet named 'nett' \(there are: net\)") as caught:
        catalogue.find("controlnet", ModelRef(name="nett"))
    assert caught.value.message.text("zh-CN").startswith(
        "没有名为“nett”的ControlNet（现有：net）：请另选"
    )


def test_a_damaged_part_is_told_in_the_readers_language(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    """Issue 19, 1: what the file says of itself lies within what the catalogue says of the model."""
    (controlnet(tmp_path / "own", "net") / "config.json").write_text("{")
    [(_, reason)] = catalogue.problems()
    assert reason.text("zh-CN").startswith("ControlNet net：模型 net 没有可读取的 config.json（")
    assert str(reason).startswith("controlnet net: model net has no readable config.json (")


@pytest.mark.parametrize("name", ["glow.png", "glow.preview.png", "glow.webp", "glow.jpg"])
def test_a_picture_beside_a_file_shows_what_it_draws(
    catalogue: Catalogue, tmp_path: Path, name: str
) -> None:
    lora = write(tmp_path / "own" / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    assert catalogue.picture("lora", "glow") is None
    (lora.parent / name).write_bytes(b"picture")
    assert catalogue.picture("lora", "glow") == lora.parent / name
    assert catalogue.picture("lora", "../glow") is None


def test_a_picture_in_a_models_folder_shows_what_it_draws(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    place = controlnet(tmp_path / "own", "net")
    (place / "preview.svg").write_text("<svg/>")
    assert catalogue.picture("controlnet", "net") is None
    (place / "preview.png").write_bytes(b"picture")
    assert catalogue.picture("controlnet", "net") == place / "preview.png"


def test_weights_that_are_not_those_tuned_with_are_refused(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    place = controlnet(tmp_path / "own", "net")
    tuned = ModelRef(name="net", sha256=catalogue.find("controlnet", ModelRef(name="net")).sha256)
    assert catalogue.find("controlnet", tuned)
    save_file({"w": np.ones(5, np.float32)}, place / "diffusion_pytorch_model.safetensors")
    with pytest.raises(UnfitModel, match="not the one the recipe was tuned with"):
        catalogue.find("controlnet", tuned)


def test_a_model_without_configuration_is_left_out_of_lists_and_named_when_asked_for(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    (controlnet(tmp_path / "own", "net") / "config.json").write_text("{")
    assert catalogue.models() == ()
    with pytest.raises(DamagedModel, match="model net has no readable config"):
        catalogue.find("controlnet", ModelRef(name="net"))


def test_pickles_are_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(b"\x80\x04")
    with pytest.raises(UnfitModel, match="can run code"):
        weight_files(tmp_path)


def test_an_empty_folder_has_no_weights(tmp_path: Path) -> None:
    with pytest.raises(DamagedModel, match=r"no \.safetensors"):
        weight_files(tmp_path)


@pytest.mark.parametrize("keep", [0, 4, 30])
def test_a_file_cut_short_is_damaged(tmp_path: Path, keep: int) -> None:
    file = controlnet(tmp_path, "net") / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DamagedModel, match="diffusion_pytorch_model.safetensors of model"):
        check_whole([file])


def test_hashes_are_remembered_and_follow_a_change(tmp_path: Path) -> None:
    file, memory = tmp_path / "w.safetensors", tmp_path / "hashes.json"
    file.write_bytes(b"one")
    first = Hashes(memory).of([file])
    assert first in memory.read_text()
    assert Hashes(memory).of([file]) == first
    file.write_bytes(b"three")
    assert Hashes(memory).of([file]) != first


@pytest.mark.parametrize("memory", ["not json", "[]", "{"])
def test_a_broken_memory_of_hashes_is_forgotten(tmp_path: Path, memory: str) -> None:
    (tmp_path / "hashes.json").write_text(memory)
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"one")
    assert Hashes(tmp_path / "hashes.json").of([file]) == Hashes(None).of([file])


def test_a_memory_that_cannot_be_written_is_only_slower(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"one")
    unwritable = file / "home" / "hashes.json"
    assert Hashes(unwritable).of([file]) == Hashes(None).of([file])


def test_shipped_configurations_do_not_say_where_they_were_made() -> None:
    configurations = [*shipped("assets").rglob("*config.json"), *shipped("assets").rglob("model_index.json")]  # fmt: skip
    assert len(configurations) >= 6
    for configuration in configurations:
        assert "_name_or_path" not in configuration.read_text(), configuration


def test_single_files_are_models_too_and_a_lora_tells_its_triggers(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    for place in ("checkpoints", "loras"):
        (tmp_path / "own" / place).mkdir(parents=True)
    write(tmp_path / "own" / "checkpoints" / "sd.safetensors", checkpoint())
    write(tmp_path / "own" / "loras" / "neon.safetensors", {PEFT: (8, 128)}, {"modelspec.trigger_phrase": "neon"})  # fmt: skip
    assert [(m.kind, m.name, m.family, m.triggers) for m in catalogue.models()] == [
        ("checkpoint", "sd", "sd15", ()),
        ("lora", "neon", "pocket", ("neon",)),
    ]


def test_a_file_among_the_wrong_kind_says_where_it_belongs(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "own" / "checkpoints").mkdir(parents=True)
    write(tmp_path / "own" / "checkpoints" / "neon.safetensors", {PEFT: (8, 128)})
    with pytest.raises(UnfitModel, match=r"is a lora, but lies among the checkpoints"):
        catalogue.find("checkpoint", ModelRef(name="neon"))


@pytest.mark.parametrize(
    ("checkpoints", "loras"),
    [
        ("models/Stable-diffusion", "models/Lora"),  # A1111
        ("models/checkpoints", "models/loras"),  # ComfyUI
        ("checkpoints", "loras"),  # ours
    ],
)
def test_other_tools_trees_are_read_as_they_are(
    tmp_path: Path, checkpoints: str, loras: str
) -> None:
    tree = tmp_path / "webui"
    (tree / checkpoints / "sorted" / "by season").mkdir(parents=True)
    (tree / loras).mkdir(parents=True)
    write(tree / checkpoints / "sorted" / "by season" / "deep.safetensors", checkpoint(XL))
    write(tree / loras / "glow.safetensors", {KOHYA: (8, 768)})
    (tree / loras / "readme.txt").write_text("not a model")
    found = Catalogue((tree,), Hashes(None)).models()
    assert [(m.kind, m.name, m.family) for m in found] == [
        ("checkpoint", "deep", "sdxl"),
        ("lora", "glow", "sd15"),
    ]


def test_problems_name_each_file_and_its_reason(catalogue: Catalogue, tmp_path: Path) -> None:
    for place in ("checkpoints", "loras"):
        (tmp_path / "own" / place).mkdir(parents=True)
    (tmp_path / "own" / "checkpoints" / "old.ckpt").write_bytes(b"\x80\x04")
    (tmp_path / "own" / "loras" / "half.safetensors").write_bytes(b"\x10")
    (controlnet(tmp_path / "own", "net") / "config.json").write_text("{")
    reasons = {path.name: str(reason) for path, reason in catalogue.problems()}
    assert set(reasons) == {"old.ckpt", "half.safetensors", "net"}
    assert "can run code" in reasons["old.ckpt"]
    assert "no readable safetensors file" in reasons["half.safetensors"]
