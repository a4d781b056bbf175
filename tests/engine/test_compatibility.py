"""Models that do not fit together are refused by name, before anything is result."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

from studio.app import AppContainer
from studio.engine.diffusion.schedulers import build_scheduler
from studio.engine.engine import Engine
from studio.engine.loading.bundled_configs import BundledConfigs
from studio.engine.loading.model_loader import load_base_model, load_controlnet
from studio.engine.options import EngineOptions
from studio.errors import IncompatibleModelError
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelFamily, ModelInfo
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef, ModelType
from studio.settings import bundled_path
from tests.engine import original_layout, tiny
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import pixels

FAMILIES: tuple[ModelFamily, ...] = ("sd15", "sdxl")


@pytest.fixture(scope="module")
def configurations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_configurations(tmp_path_factory.mktemp("configurations"), FAMILIES)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("models")
    for family in FAMILIES:
        tiny.write_single_file(family, directory, family)
        tiny.write_folder(family, directory, f"{family}-folder")
    tiny.write_folder("sd3", directory, "sd3")
    return directory / "checkpoints"


@pytest.fixture
def models(checkpoints: Path, tmp_path: Path) -> Path:
    """A models directory with the base models, to which a test adds others."""
    (tmp_path / "checkpoints").symlink_to(checkpoints)
    return tmp_path


@pytest.fixture
def harness(shipped_studio: AppContainer, configurations: Path, models: Path) -> RenderHarness:
    catalog = ModelCatalog((bundled_path("assets") / "models", models), HashCache(None))
    engine = Engine(catalog, "cpu", config_dir=configurations)
    return RenderHarness(shipped_studio, catalog, engine)


def render(harness: RenderHarness, base_model: str, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "width": 64,
        "height": 64,
        "steps": 4,
        "denoising_strength": 0.5,
        "guidance_scale": 3.0,
        "control_units": (),
        "sampler": "Euler",
    } | changes
    return harness.render(harness.job(base_model=ModelRef(name=base_model), **settings))


def model(path: Path, family: ModelFamily, kind: ModelType = "checkpoint") -> ModelInfo:
    return ModelInfo(kind, path.stem, family, path, 1, "0" * 64)


def write_vae(models: Path, family: ModelFamily) -> ModelRef:
    tiny.tiny(family, seed=5).vae.save_pretrained(models / "vaes" / f"of-{family}")
    return ModelRef(name=f"of-{family}")


# Issue 18, 15.
@pytest.mark.parametrize("base_model", ["sdxl", "sdxl-folder"])
def test_vae_with_other_scaling_factor_is_refused_before_loading(
    harness: RenderHarness, models: Path, base_model: str
) -> None:
    vae = write_vae(models, "sd15")
    with pytest.raises(
        IncompatibleModelError,
        match=rf"VAE “of-sd15” scales latents by 0.18215, not 0.13025, .* “{base_model}” is sdxl",
    ):
        render(harness, base_model, vae=vae)
    assert harness.engine.status().base_models.misses == 0
    assert render(harness, base_model, vae=write_vae(models, "sdxl")).notes == ()


# Issue 18, 15.
def test_vae_with_other_latent_channels_is_refused(harness: RenderHarness, models: Path) -> None:
    vae = write_vae(models, "sd15")
    config = models / "vaes" / vae.name / "config.json"
    config.write_text(config.read_text().replace('"latent_channels": 4', '"latent_channels": 16'))
    with pytest.raises(IncompatibleModelError, match="VAE “of-sd15” has 16 latent channels, not 4"):
        render(harness, "sd15", vae=vae)


# Issue 20, 6.
@pytest.mark.parametrize("force_upcast", [True, False])
def test_chosen_vae_is_upcast_by_its_own_configuration(
    harness: RenderHarness,
    models: Path,
    monkeypatch: pytest.MonkeyPatch,
    force_upcast: bool,
) -> None:
    """Such as the one that was mended to run in fp16."""
    vae = write_vae(models, "sdxl")
    config = models / "vaes" / vae.name / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"force_upcast": force_upcast}))
    dtypes: list[torch.dtype] = []
    real = AutoencoderKL.decode

    def decode(self: Any, latents: torch.Tensor, **kwargs: Any) -> Any:
        # (1, channels, height/8, width/8)
        dtypes.append(latents.dtype)
        return real(self, latents, **kwargs)

    monkeypatch.setattr(AutoencoderKL, "decode", decode)
    engine = Engine(harness.catalog, "cpu", options=EngineOptions(precision="bf16"))
    half = RenderHarness(harness.studio, harness.catalog, engine)
    render(half, "sdxl-folder", vae=vae)
    assert dtypes == [torch.float32 if force_upcast else torch.bfloat16]


# Issue 18, 15.
def test_single_file_vae_of_unknown_family_gives_a_note_for_sdxl(
    harness: RenderHarness, models: Path
) -> None:
    (models / "vaes").mkdir()
    weights = original_layout.vae(tiny.tiny("sd15", seed=5).vae)
    save_file({k: v.contiguous() for k, v in weights.items()}, models / "vaes/single.safetensors")
    single_file = {"vae": ModelRef(name="single")}
    assert render(harness, "sd15", **single_file).notes == ()
    (note,) = render(harness, "sdxl", **single_file).notes
    assert str(note).startswith("VAE single does not state its model family")


def write_controlnet(models: Path, family: ModelFamily, **config: Any) -> dict[str, Any]:
    folder = models / "controlnets" / f"net-{family}"
    tiny.tiny_controlnet(family).save_pretrained(folder)
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | config))
    return {"preprocessor": "scribble", "model": {"name": folder.name}}


# Issue 18, 15.
def test_controlnet_of_unknown_family_needs_the_same_cross_attention_dim(
    harness: RenderHarness, models: Path
) -> None:
    unit = write_controlnet(models, "sd15")
    assert [
        m.family for m in harness.catalog.list_models("controlnet") if m.name == "net-sd15"
    ] == ["unknown"]
    for base_model in ("sd15", "sdxl", "pocket-ink"):
        with pytest.raises(IncompatibleModelError, match="ControlNet “net-sd15” is unknown"):
            render(harness, base_model, control_units=[unit])
    assert harness.engine.status().base_models.misses == 0
    render(harness, "sd15-folder", control_units=[unit])


# Issue 20, 6.
@pytest.mark.parametrize("layout", ["folder", "file"])
def test_controlnet_with_another_first_layer_is_refused_before_loading(
    harness: RenderHarness, models: Path, layout: str
) -> None:
    """Its family fits; its latents do not have the base model's channels, or its layers their width."""
    unit = write_controlnet(models, "sd15", cross_attention_dim=768, in_channels=16)
    if layout == "file":
        # The family is told by the width of the embeddings: 768 is sd15's.
        weights = {
            "zero_convs.0.0.weight": torch.zeros(16, 16, 1, 1),
            "input_blocks.0.0.weight": torch.zeros(16, 16, 3, 3),
            "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": torch.zeros(16, 768),
        }
        save_file(weights, models / "controlnets" / "wide.safetensors")
        unit["model"] = {"name": "wide"}
    name = unit["model"]["name"]
    with pytest.raises(
        IncompatibleModelError,
        match=rf"“{name}” takes latents of 16 channels .* base model “sd15” has 4",
    ):
        render(harness, "sd15", control_units=[unit])
    assert harness.engine.status().base_models.misses == 0


# Issue 18, 15.
def test_size_that_the_family_does_not_support_is_refused(harness: RenderHarness) -> None:
    with pytest.raises(
        IncompatibleModelError,
        match=r"\(sd3\) needs sides in multiples of 16\. Use 64 instead of 72",
    ):
        render(harness, "sd3", width=72)
    with pytest.raises(IncompatibleModelError, match=r"multiples of 16\. Use 128 instead of 120"):
        render(harness, "sd3", face_repair={"enabled": True, "render_size": 120})
    assert harness.engine.status().base_models.misses == 0
    assert render(harness, "sd15", width=72).image.size == (72, 64)
    hires_fix = {"enabled": True, "scale_factor": 1.6}
    assert render(harness, "sd3", upscale=hires_fix).image.size == (96, 96)
    assert render(harness, "sd15", upscale=hires_fix).image.size == (104, 104)


# Issue 18, 15.
def test_ignored_prompt_weights_give_a_note(harness: RenderHarness) -> None:
    note = "Prompt weights are ignored by this model family"
    assert tuple(map(str, render(harness, "sd3", prompt_template="a (red:1.4) dress").notes)) == (
        note,
    )
    assert render(harness, "sd3", prompt_template="a red dress").notes == ()


def load(path: Path, family: ModelFamily) -> Any:
    configurations = BundledConfigs(bundled_path("assets") / "configurations")
    return load_base_model(model(path, family), torch.float32, configurations)


# Issue 18, 15.
def test_zero_terminal_snr_is_used_or_noted(harness: RenderHarness, models: Path) -> None:
    (models / "checkpoints").unlink()
    file = tiny.write_single_file("sdxl", models, "noob")
    weights = load_file(file) | {"v_pred": torch.zeros(0)}
    save_file(weights, file)
    before = pixels(render(harness, "noob", denoising_strength=1.0).image)
    save_file(weights | {"ztsnr": torch.zeros(0)}, file)
    result = render(harness, "noob", denoising_strength=1.0)
    assert (pixels(result.image) != before).any()
    assert result.notes == ()
    (note,) = render(harness, "noob", sampler="Heun").notes
    assert str(note).startswith("Sampler Heun does not support this base model's noise schedule")
    assert str(note).endswith(
        "Use one of: Euler, Euler a, DPM++ 2M, DPM++ 2M SDE, DDIM, UniPC, LCM"
    )


# Issue 20, 6.
def test_zero_terminal_snr_begins_at_the_last_timestep(tmp_path: Path) -> None:
    """Lin et al. (2023), section 3.3: else the model never sees the noise it was trained to begin with."""
    file = tiny.write_single_file("sdxl", tmp_path)
    save_file(load_file(file) | {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, file)
    configurations = BundledConfigs(bundled_path("assets") / "configurations")
    zero_snr = configurations.default_scheduler(model(file, "sdxl"))
    for sampler in ("Euler", "DDIM", "DPM++ 2M"):
        scheduler = build_scheduler(zero_snr, sampler, "Automatic")
        scheduler.set_timesteps(10)
        assert int(scheduler.timesteps[0]) == 999
        assert float(scheduler.alphas_cumprod[-1]) < 1e-6


# Issue 20, 6.
def test_folder_with_one_half_precision_component_is_loaded(tmp_path: Path) -> None:
    folder = tiny.write_folder("sd15", tmp_path)
    expected = load(folder, "sd15").vae.state_dict()
    (weights,) = (folder / "vae").glob("*.safetensors")
    weights.rename(weights.with_name("diffusion_pytorch_model.fp16.safetensors"))
    loaded = load(folder, "sd15").vae.state_dict()
    assert all((loaded[name] == value).all() for name, value in expected.items())


# Issue 18, 15.
def test_controlnet_with_unexpected_weights_is_refused(tmp_path: Path) -> None:
    """diffusers silently ignores weights that a plain ControlNet has no place for."""
    folder = tmp_path / "union"
    tiny.tiny_controlnet("sdxl").save_pretrained(folder)
    file = folder / "diffusion_pytorch_model.safetensors"
    save_file(load_file(file) | {"task_embedding": torch.zeros(6, 16)}, file)
    configurations = BundledConfigs(bundled_path("assets") / "configurations")
    with pytest.raises(
        IncompatibleModelError, match=r"“union” is not supported \(contains task_embedding\)"
    ):
        load_controlnet(model(folder, "sdxl", "controlnet"), torch.float32, configurations)


# Issue 18, 15.
def test_sharded_fp16_folder_is_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "sharded"
    tiny.tiny("sd15").to(torch.float16).save_pretrained(
        folder, variant="fp16", max_shard_size="100KB"
    )
    assert list(folder.rglob("*.fp16-00001-of-*"))
    assert not list(folder.rglob("*model.safetensors"))
    assert load(folder, "sd15").dtype == torch.float32


# Issue 18: the chosen device is logged at the start.
def test_chosen_device_is_logged(
    shipped_studio: AppContainer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "studio.engine"):
        Engine(shipped_studio.models.catalog, "auto")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("rendering on ")
    assert line.endswith(f"with torch {torch.__version__}")
