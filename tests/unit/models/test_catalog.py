"""The model catalog: lists, look-up by name and hash, problems, and cached hashes."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.errors import CorruptModelError, IncompatibleModelError, NotFoundError
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache, list_weight_files, verify_readable
from studio.recipes.generation.recipe import ModelRef
from studio.settings import bundled_path
from tests.unit.models.test_identification import KOHYA, PEFT, XL, checkpoint, write


def controlnet(root: Path, name: str, width: int = 128, fill: float = 0.0) -> Path:
    directory = root / "controlnets" / name
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps({"cross_attention_dim": width}))
    weights = {"w": np.full(4, fill, np.float32)}
    save_file(weights, directory / "diffusion_pytorch_model.safetensors")
    return directory


@pytest.fixture
def catalog(tmp_path: Path) -> ModelCatalog:
    return ModelCatalog(
        (tmp_path / "shipped", tmp_path / "own"), HashCache(tmp_path / "hashes.json")
    )


def test_models_of_all_directories_are_listed(catalog: ModelCatalog, tmp_path: Path) -> None:
    controlnet(tmp_path / "own", "b-net", 768)
    controlnet(tmp_path / "shipped", "a-net")
    listed = [(m.name, m.family, m.kind) for m in catalog.list_models()]
    assert listed == [("a-net", "pocket", "controlnet"), ("b-net", "sd15", "controlnet")]


def test_shipped_directory_takes_precedence(catalog: ModelCatalog, tmp_path: Path) -> None:
    controlnet(tmp_path / "own", "net", 768)
    shipped = controlnet(tmp_path / "shipped", "net")
    assert catalog.get("controlnet", ModelRef(name="net")).path == shipped


def test_unknown_name_lists_the_available_models(catalog: ModelCatalog, tmp_path: Path) -> None:
    controlnet(tmp_path / "own", "net")
    with pytest.raises(
        NotFoundError, match=r"ControlNet not found: “nett”\. Available: net"
    ) as caught:
        catalog.get("controlnet", ModelRef(name="nett"))
    assert caught.value.message.text("zh-CN").startswith("找不到ControlNet：“nett”。可用：net")


def test_corrupt_model_is_reported_in_the_readers_language(
    catalog: ModelCatalog, tmp_path: Path
) -> None:
    """Issue 19, 1: the message about the file is nested in the message about the model."""
    (controlnet(tmp_path / "own", "net") / "config.json").write_text("{")
    [(_, reason)] = catalog.list_problems()
    assert reason.text("zh-CN").startswith("ControlNet net：无法读取模型 net 的 config.json（")
    assert str(reason).startswith("ControlNet net: Cannot read config.json of model net (")


@pytest.mark.parametrize("name", ["glow.png", "glow.preview.png", "glow.webp", "glow.jpg"])
def test_preview_image_next_to_a_file(catalog: ModelCatalog, tmp_path: Path, name: str) -> None:
    lora = write(tmp_path / "own" / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    assert catalog.preview_image("lora", "glow") is None
    (lora.parent / name).write_bytes(b"picture")
    assert catalog.preview_image("lora", "glow") == lora.parent / name
    assert catalog.preview_image("lora", "../glow") is None


def test_preview_image_in_a_model_directory(catalog: ModelCatalog, tmp_path: Path) -> None:
    directory = controlnet(tmp_path / "own", "net")
    (directory / "preview.svg").write_text("<svg/>")
    assert catalog.preview_image("controlnet", "net") is None
    (directory / "preview.png").write_bytes(b"picture")
    assert catalog.preview_image("controlnet", "net") == directory / "preview.png"


def test_hash_mismatch_is_refused(catalog: ModelCatalog, tmp_path: Path) -> None:
    directory = controlnet(tmp_path / "own", "net")
    with_hash = ModelRef(name="net", sha256=catalog.get("controlnet", ModelRef(name="net")).sha256)
    assert catalog.get("controlnet", with_hash)
    save_file({"w": np.ones(5, np.float32)}, directory / "diffusion_pytorch_model.safetensors")
    with pytest.raises(IncompatibleModelError, match="Hash mismatch"):
        catalog.get("controlnet", with_hash)


def test_model_without_configuration_is_not_listed(catalog: ModelCatalog, tmp_path: Path) -> None:
    (controlnet(tmp_path / "own", "net") / "config.json").write_text("{")
    assert catalog.list_models() == ()
    with pytest.raises(CorruptModelError, match=r"Cannot read config\.json of model net"):
        catalog.get("controlnet", ModelRef(name="net"))


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(b"\x80\x04")
    with pytest.raises(IncompatibleModelError, match="can run code"):
        list_weight_files(tmp_path)


def test_empty_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptModelError, match=r"no \.safetensors"):
        list_weight_files(tmp_path)


@pytest.mark.parametrize("keep", [0, 4, 30])
def test_truncated_file_is_corrupt(tmp_path: Path, keep: int) -> None:
    file = controlnet(tmp_path, "net") / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(CorruptModelError, match="diffusion_pytorch_model.safetensors of model"):
        verify_readable([file])


def test_hashes_are_cached_until_a_file_changes(tmp_path: Path) -> None:
    file, cache_file = tmp_path / "w.safetensors", tmp_path / "hashes.json"
    file.write_bytes(b"one")
    first = HashCache(cache_file).sha256_of([file])
    assert first in cache_file.read_text()
    assert HashCache(cache_file).sha256_of([file]) == first
    file.write_bytes(b"three")
    assert HashCache(cache_file).sha256_of([file]) != first


@pytest.mark.parametrize("content", ["not json", "[]", "{"])
def test_malformed_cache_file_is_ignored(tmp_path: Path, content: str) -> None:
    (tmp_path / "hashes.json").write_text(content)
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"one")
    assert HashCache(tmp_path / "hashes.json").sha256_of([file]) == HashCache(None).sha256_of(
        [file]
    )


def test_unwritable_cache_file_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "w.safetensors"
    file.write_bytes(b"one")
    unwritable = file / "home" / "hashes.json"
    assert HashCache(unwritable).sha256_of([file]) == HashCache(None).sha256_of([file])


def test_shipped_configurations_contain_no_local_paths() -> None:
    assets = bundled_path("assets")
    configurations = [*assets.rglob("*config.json"), *assets.rglob("model_index.json")]
    assert len(configurations) >= 6
    for configuration in configurations:
        assert "_name_or_path" not in configuration.read_text(), configuration


def test_single_files_are_listed_with_trigger_words(catalog: ModelCatalog, tmp_path: Path) -> None:
    for name in ("checkpoints", "loras"):
        (tmp_path / "own" / name).mkdir(parents=True)
    write(tmp_path / "own" / "checkpoints" / "sd.safetensors", checkpoint())
    write(
        tmp_path / "own" / "loras" / "neon.safetensors",
        {PEFT: (8, 128)},
        {"modelspec.trigger_phrase": "neon"},
    )
    assert [(m.kind, m.name, m.family, m.trigger_words) for m in catalog.list_models()] == [
        ("checkpoint", "sd", "sd15", ()),
        ("lora", "neon", "pocket", ("neon",)),
    ]


def test_model_in_the_wrong_directory_is_refused(catalog: ModelCatalog, tmp_path: Path) -> None:
    (tmp_path / "own" / "checkpoints").mkdir(parents=True)
    write(tmp_path / "own" / "checkpoints" / "neon.safetensors", {PEFT: (8, 128)})
    with pytest.raises(
        IncompatibleModelError, match="is in the Base model folder, but its type is LoRA"
    ):
        catalog.get("checkpoint", ModelRef(name="neon"))


@pytest.mark.parametrize(
    ("checkpoints", "loras"),
    [
        ("models/Stable-diffusion", "models/Lora"),  # A1111
        ("models/checkpoints", "models/loras"),  # ComfyUI
        ("checkpoints", "loras"),  # ours
    ],
)
def test_directory_layouts_of_other_tools(tmp_path: Path, checkpoints: str, loras: str) -> None:
    root = tmp_path / "webui"
    (root / checkpoints / "sorted" / "by season").mkdir(parents=True)
    (root / loras).mkdir(parents=True)
    write(root / checkpoints / "sorted" / "by season" / "deep.safetensors", checkpoint(XL))
    write(root / loras / "glow.safetensors", {KOHYA: (8, 768)})
    (root / loras / "readme.txt").write_text("not a model")
    models = ModelCatalog((root,), HashCache(None)).list_models()
    assert [(m.kind, m.name, m.family) for m in models] == [
        ("checkpoint", "deep", "sdxl"),
        ("lora", "glow", "sd15"),
    ]


def test_problems_have_path_and_reason(catalog: ModelCatalog, tmp_path: Path) -> None:
    for name in ("checkpoints", "loras"):
        (tmp_path / "own" / name).mkdir(parents=True)
    (tmp_path / "own" / "checkpoints" / "old.ckpt").write_bytes(b"\x80\x04")
    (tmp_path / "own" / "loras" / "half.safetensors").write_bytes(b"\x10")
    (controlnet(tmp_path / "own", "net") / "config.json").write_text("{")
    reasons = {path.name: str(reason) for path, reason in catalog.list_problems()}
    assert set(reasons) == {"old.ckpt", "half.safetensors", "net"}
    assert "can run code" in reasons["old.ckpt"]
    assert "is not a valid safetensors file" in reasons["half.safetensors"]
