"""Models that do not belong together are refused by name, before anything is drawn."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.model_loader import load_base_model, load_controlnet
from studio.errors import IncompatibleModelError
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelFamily, ModelInfo
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef, ModelType
from studio.settings import bundled_path
from tests.engine import original, tiny
from tests.engine.conftest import Easel
from tests.engine.pixels import pixels

FAMILIES: tuple[ModelFamily, ...] = ("sd15", "sdxl")


@pytest.fixture(scope="module")
def configurations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_configurations(tmp_path_factory.mktemp("configurations"), FAMILIES)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for family in FAMILIES:
        tiny.write_original(family, folder, family)
        tiny.write_folder(family, folder, f"{family}-folder")
    tiny.write_folder("sd3", folder, "sd3")
    return folder / "checkpoints"


@pytest.fixture
def models(checkpoints: Path, tmp_path: Path) -> Path:
    """A models folder with the base models, to put others beside them."""
    (tmp_path / "checkpoints").symlink_to(checkpoints)
    return tmp_path


@pytest.fixture
def easel(shipped_studio: AppContainer, configurations: Path, models: Path) -> Easel:
    catalog = ModelCatalog((bundled_path("assets") / "models", models), HashCache(None))
    engine = Engine(catalog, "cpu", configurations=configurations)
    return Easel(shipped_studio, catalog, engine)


def render(easel: Easel, base_model: str, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "width": 64, "height": 64, "steps": 4, "denoising_strength": 0.5, "guidance_scale": 3.0,
        "control_units": (), "sampler": "Euler",
    } | changes  # fmt: skip
    return easel.render(easel.job(base_model=ModelRef(name=base_model), **settings))


def model(path: Path, family: ModelFamily, kind: ModelType = "checkpoint") -> ModelInfo:
    return ModelInfo(kind, path.stem, family, path, 1, "0" * 64)


def write_vae(models: Path, family: ModelFamily) -> ModelRef:
    tiny.tiny(family, seed=5).vae.save_pretrained(models / "vaes" / f"of-{family}")
    return ModelRef(name=f"of-{family}")


# Issue 18, 15.
@pytest.mark.parametrize("base_model", ["sdxl", "sdxl-folder"])
def test_a_vae_of_another_scale_is_refused_before_anything_is_loaded(
    easel: Easel, models: Path, base_model: str
) -> None:
    vae = write_vae(models, "sd15")
    with pytest.raises(
        IncompatibleModelError,
        match=rf"VAE 'of-sd15' scales latents by 0.18215, not 0.13025, .* '{base_model}' is sdxl",
    ):
        render(easel, base_model, vae=vae)
    assert easel.engine.status().base_models.misses == 0
    assert render(easel, base_model, vae=write_vae(models, "sdxl")).notes == ()


# Issue 18, 15.
def test_a_vae_of_other_channels_is_refused(easel: Easel, models: Path) -> None:
    vae = write_vae(models, "sd15")
    config = models / "vaes" / vae.name / "config.json"
    config.write_text(config.read_text().replace('"latent_channels": 4', '"latent_channels": 16'))
    with pytest.raises(IncompatibleModelError, match="VAE 'of-sd15' has 16 latent channels, not 4"):
        render(easel, "sd15", vae=vae)


# Issue 18, 15.
def test_a_lone_vae_that_tells_no_family_is_noted_where_it_matters(
    easel: Easel, models: Path
) -> None:
    (models / "vaes").mkdir()
    weights = original.vae(tiny.tiny("sd15", seed=5).vae)
    save_file({k: v.contiguous() for k, v in weights.items()}, models / "vaes/lone.safetensors")
    lone = {"vae": ModelRef(name="lone")}
    assert render(easel, "sd15", **lone).notes == ()
    (note,) = render(easel, "sdxl", **lone).notes
    assert str(note).startswith("VAE lone does not say which family it is made for")


def write_controlnet(models: Path, family: ModelFamily, **config: Any) -> dict[str, Any]:
    folder = models / "controlnets" / f"net-{family}"
    tiny.tiny_controlnet(family).save_pretrained(folder)
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return {"preprocessor": "scribble", "model": {"name": folder.name}}


# Issue 18, 15.
def test_a_controlnet_of_no_known_family_fits_only_what_it_was_made_for(
    easel: Easel, models: Path
) -> None:
    unit = write_controlnet(models, "sd15")
    assert [m.family for m in easel.catalog.list_models("controlnet") if m.name == "net-sd15"] == [
        "unknown"
    ]
    for base_model in ("sd15", "sdxl", "pocket-ink"):
        with pytest.raises(
            IncompatibleModelError, match="'net-sd15' is for no family the studio knows"
        ):
            render(easel, base_model, control_units=[unit])
    assert easel.engine.status().base_models.misses == 0
    render(easel, "sd15-folder", control_units=[unit])


# Issue 18, 15.
def test_a_family_draws_only_sides_it_can(easel: Easel) -> None:
    with pytest.raises(IncompatibleModelError, match="sd3, which draws sides in multiples of 16: 72 is none, choose 64"):  # fmt: skip
        render(easel, "sd3", width=72)
    with pytest.raises(IncompatibleModelError, match="multiples of 16: 120 is none, choose 128"):
        render(easel, "sd3", face_repair={"enabled": True, "size": 120})
    assert easel.engine.status().base_models.misses == 0
    assert render(easel, "sd15", width=72).image.size == (72, 64)
    enlarged = {"enabled": True, "factor": 1.6}
    assert render(easel, "sd3", upscale=enlarged).image.size == (96, 96)
    assert render(easel, "sd15", upscale=enlarged).image.size == (104, 104)


# Issue 18, 15.
def test_weights_of_words_that_a_family_leaves_aside_are_noted(easel: Easel) -> None:
    said = "this family of base models leaves the weights of words aside"
    assert tuple(map(str, render(easel, "sd3", prompt_template="a (red:1.4) dress").notes)) == (
        said,
    )
    assert render(easel, "sd3", prompt_template="a red dress").notes == ()


def loaded(path: Path, family: ModelFamily) -> Any:
    configurations = BundledConfigs(bundled_path("assets") / "configurations")
    return load_base_model(model(path, family), torch.float32, configurations)


# Issue 18, 15.
def test_a_model_trained_down_to_pure_noise_is_walked_so_or_it_is_said(
    easel: Easel, models: Path
) -> None:
    (models / "checkpoints").unlink()
    file = tiny.write_original("sdxl", models, "noob")
    weights = load_file(file) | {"v_pred": torch.zeros(0)}
    save_file(weights, file)
    before = pixels(render(easel, "noob", strength=1.0).image)
    save_file(weights | {"ztsnr": torch.zeros(0)}, file)
    rendered = render(easel, "noob", strength=1.0)
    assert (pixels(rendered.image) != before).any()
    assert rendered.notes == ()
    (note,) = render(easel, "noob", sampler="Heun").notes
    assert str(note).startswith("sampler Heun does not know this base model's noise schedule")
    assert str(note).endswith(
        "choose one of Euler, Euler a, DPM++ 2M, DPM++ 2M SDE, DDIM, UniPC, LCM"
    )


# Issue 18, 15.
def test_a_net_with_weights_of_its_own_kind_is_refused_by_name(tmp_path: Path) -> None:
    """diffusers leaves out what a plain ControlNet has no place for, and says nothing."""
    folder = tmp_path / "union"
    tiny.tiny_controlnet("sdxl").save_pretrained(folder)
    file = folder / "diffusion_pytorch_model.safetensors"
    save_file(load_file(file) | {"task_embedding": torch.zeros(6, 16)}, file)
    configurations = BundledConfigs(bundled_path("assets") / "configurations")
    with pytest.raises(
        IncompatibleModelError, match=r"'union' is of a kind .* \(it has task_embedding\)"
    ):
        load_controlnet(model(folder, "sdxl", "controlnet"), torch.float32, configurations)


# Issue 18, 15.
def test_a_folder_of_half_precision_in_parts_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    tiny.tiny("sd15").to(torch.float16).save_pretrained(
        folder, variant="fp16", max_shard_size="100KB"
    )
    assert list(folder.rglob("*.fp16-00001-of-*"))
    assert not list(folder.rglob("*model.safetensors"))
    assert loaded(folder, "sd15").dtype == torch.float32


# Issue 18: which device was chosen is said at the start.
def test_the_chosen_device_is_logged(
    shipped_studio: AppContainer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "studio.engine"):
        Engine(shipped_studio.catalog, "auto")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("drawing on ")
    assert line.endswith(f"with torch {torch.__version__}")
