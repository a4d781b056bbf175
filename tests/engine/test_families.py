"""Stable Diffusion 1.5, 2.1, XL and 3.5 through the same engine as the pocket models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.errors import CorruptModelError, IncompatibleModelError
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelFamily
from studio.models.weights import HashCache
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.settings import bundled_path
from tests.engine import original_layout, tiny
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import Pixels, pixels

SINGLE_FILE_FAMILIES: tuple[ModelFamily, ...] = ("sd15", "sd21", "sdxl")


@pytest.fixture(scope="module")
def configurations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_configurations(
        tmp_path_factory.mktemp("configurations"), SINGLE_FILE_FAMILIES
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of each family, as single file and as folder, and an SDXL ControlNet."""
    directory = tmp_path_factory.mktemp("models")
    for family in SINGLE_FILE_FAMILIES:
        tiny.write_single_file(family, directory, family)
        tiny.write_folder(family, directory, f"{family}-folder")
    tiny.write_folder("sd3", directory, "sd3-folder")
    tiny.tiny_controlnet("sdxl").save_pretrained(directory / "controlnets" / "sdxl-net")
    return directory


HarnessFactory = Callable[[Path], RenderHarness]


@pytest.fixture(scope="module")
def make_harness(shipped_studio: AppContainer, configurations: Path) -> HarnessFactory:
    """Makes a harness over a models directory."""

    def make(directory: Path) -> RenderHarness:
        catalog = ModelCatalog((bundled_path("assets") / "models", directory), HashCache(None))
        engine = Engine(catalog, "cpu", config_dir=configurations)
        return RenderHarness(shipped_studio, catalog, engine)

    return make


@pytest.fixture(scope="module")
def family_harness(make_harness: HarnessFactory, models: Path) -> RenderHarness:
    return make_harness(models)


def job(harness: RenderHarness, base_model: str, **changes: Any) -> RenderJob:
    settings: dict[str, Any] = {
        "width": 64,
        "height": 64,
        "steps": 4,
        "denoising_strength": 0.75,
        "guidance_scale": 3.0,
        "control_units": (),
        "sampler": "Euler",
    } | changes
    return harness.job(base_model=ModelRef(name=base_model), **settings)


def render(harness: RenderHarness, base_model: str, **changes: Any) -> Pixels:
    return pixels(harness.render(job(harness, base_model, **changes)).image)


@pytest.mark.parametrize("family", SINGLE_FILE_FAMILIES)
def test_single_file_renders_the_same_as_its_folder(
    family_harness: RenderHarness, family: ModelFamily
) -> None:
    single_file = render(family_harness, family)
    assert (single_file == render(family_harness, f"{family}-folder")).all()
    assert single_file.std() > 1


@pytest.mark.parametrize("name", ["sd15", "sd21", "sdxl", "sd3-folder"])
def test_prompts_guidance_and_clip_skip_take_effect_in_every_family(
    family_harness: RenderHarness, name: str
) -> None:
    baseline = render(family_harness, name)
    assert (baseline == render(family_harness, name)).all()
    for change in (
        {"prompt_template": "a blue gown"},
        {"negative_prompt": "dull"},
        {"guidance_end_fraction": 0.4},
        {"clip_skip": 3},
    ):
        assert (baseline != render(family_harness, name, **change)).any(), change


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_long_and_weighted_prompts_are_encoded_to_their_end(
    family_harness: RenderHarness, name: str
) -> None:
    beginning = "a dress with ribbons, " * 30
    red, green, weighted = (
        render(family_harness, name, prompt_template=beginning + ending)
        for ending in ("red", "green", "(green:1.5)")
    )
    assert (red != green).any()
    assert (green != weighted).any()


@pytest.mark.parametrize("name", ["sd15", "sdxl", "sd3-folder"])
def test_guidance_that_ends_at_once_covers_only_the_first_step(
    family_harness: RenderHarness, name: str
) -> None:
    """Only the first step depends on the negative prompt, and without guidance none does."""
    dull, bright = (
        render(
            family_harness,
            name,
            steps=1,
            denoising_strength=1.0,
            guidance_end_fraction=0.0,
            negative_prompt=negative,
        )
        for negative in ("dull", "bright")
    )
    ended, unended = (
        render(family_harness, name, steps=8, guidance_end_fraction=end, guidance_scale=1.0)
        for end in (0.0, 1.0)
    )
    assert (dull != bright).any()
    assert (ended == unended).all()


UNIT = {"preprocessor": "scribble", "model": {"name": "sdxl-net"}, "weight": 1.0}


@pytest.mark.parametrize(
    "mode", ["Balanced", "My prompt is more important", "ControlNet is more important"]
)
def test_sdxl_controlnet_works_in_every_mode(family_harness: RenderHarness, mode: str) -> None:
    baseline = render(family_harness, "sdxl")
    inactive = render(family_harness, "sdxl", control_units=[UNIT | {"weight": 0.0}])
    active = render(family_harness, "sdxl", control_units=[UNIT | {"mode": mode}])
    ended_guidance = render(
        family_harness, "sdxl", control_units=[UNIT | {"mode": mode}], guidance_end_fraction=0.4
    )
    assert (baseline == inactive).all()
    assert (baseline != active).any()
    assert (active != ended_guidance).any()


def test_sdxl_supports_hires_fix_and_face_restoration(family_harness: RenderHarness) -> None:
    passes = {
        "upscale": {"enabled": True, "scale_factor": 1.5},
        "face_repair": {"enabled": True, "render_size": 64},
    }
    assert render(family_harness, "sdxl", **passes).shape == (96, 96, 3)


def test_sdxl_controlnet_is_refused_for_another_family(family_harness: RenderHarness) -> None:
    with pytest.raises(
        IncompatibleModelError, match="“sdxl-net” is for sdxl, but base model “sd15” is sd15"
    ):
        render(family_harness, "sd15", control_units=[UNIT])


def test_sd3_refuses_controlnets_and_unsupported_samplers(family_harness: RenderHarness) -> None:
    with pytest.raises(
        IncompatibleModelError, match="does not support ControlNet units. Turn them off"
    ):
        render(family_harness, "sd3-folder", control_units=[UNIT])
    with pytest.raises(IncompatibleModelError, match="Sampler DDIM .* Use Euler or Heun"):
        render(family_harness, "sd3-folder", sampler="DDIM")
    assert family_harness.engine.status().controlnets.misses <= 1


def test_sd3_runs_its_flow_matching_samplers(family_harness: RenderHarness) -> None:
    euler, heun = (render(family_harness, "sd3-folder", sampler=name) for name in ("Euler", "Heun"))
    assert (euler != heun).any()
    assert euler.std() > 1


@pytest.mark.parametrize("layout", ["kohya", "diffusers"])
def test_lora_of_either_layout_adapts_unet_and_both_text_encoders(
    make_harness: HarnessFactory, models: Path, tmp_path: Path, layout: str
) -> None:
    write_lora(tmp_path / "loras" / "bright.safetensors", layout)
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    harness = make_harness(tmp_path)
    before = render(harness, "sdxl")
    changed = render(harness, "sdxl", loras=[LoraSettings(model=ModelRef(name="bright"))])
    assert (changed != before).any()
    assert (render(harness, "sdxl") == before).all()


def write_lora(file: Path, layout: str) -> None:
    pipe = tiny.tiny("sdxl")
    torch.manual_seed(3)
    weights: dict[str, torch.Tensor] = {}
    for part, layers in (
        ("unet", ["to_k", "to_v"]),
        ("text_encoder", ["q_proj", "out_proj"]),
        ("text_encoder_2", ["q_proj", "out_proj"]),
    ):
        module = getattr(pipe, part)
        module.add_adapter(LoraConfig(r=2, target_modules=layers, init_lora_weights=False))
        state = get_peft_model_state_dict(module)
        weights |= {f"{part}.{name}": value.clone() for name, value in state.items()}
    if layout == "kohya":
        weights = {k: v for name, value in weights.items() for k, v in kohya(name, value).items()}
    file.parent.mkdir(parents=True)
    save_file(weights, file)


def kohya(name: str, value: torch.Tensor) -> dict[str, torch.Tensor]:
    """A LoRA tensor, (rank, in) or (out, rank), under its name in kohya's layout, and its alpha."""
    prefix = {"unet": "lora_unet", "text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
    component, layer_name = name.split(".", 1)
    layer, side = layer_name.split(".lora_")
    if component != "unet" and not layer.startswith("text_model."):
        layer = f"text_model.{layer}"
    key = f"{prefix[component]}_{layer.replace('.', '_')}"
    suffix = {"A.weight": "lora_down.weight", "B.weight": "lora_up.weight"}[side]
    return {f"{key}.{suffix}": value, f"{key}.alpha": torch.tensor(2.0)}


@pytest.mark.parametrize("source", ["metadata", "yaml", "none"])
def test_prediction_type_is_read_from_metadata_or_yaml(
    make_harness: HarnessFactory, tmp_path: Path, source: str
) -> None:
    """Files of 2.x have the same weights' names for epsilon and v-prediction."""
    file = tiny.write_single_file("sd21", tmp_path)
    metadata = {"modelspec.prediction_type": "epsilon"} if source == "metadata" else None
    save_file(load_file(file), file, metadata)
    if source == "yaml":
        file.with_suffix(".yaml").write_text("model:\n  params:\n    parameterization: eps\n")
    tiny.write_folder("sd21", tmp_path)
    harness = make_harness(tmp_path)
    is_v_prediction = (render(harness, "tiny") == render(harness, "folder")).all()
    assert is_v_prediction == (source == "none")


def test_single_file_with_missing_weights_is_named(
    make_harness: HarnessFactory, tmp_path: Path
) -> None:
    file = tiny.write_single_file("sd15", tmp_path)
    complete = load_file(file)
    removed = "model.diffusion_model.middle_block.1.proj_in.weight"
    save_file({name: value for name, value in complete.items() if name != removed}, file)
    with pytest.raises(CorruptModelError, match="Base model tiny .* weights are missing"):
        render(make_harness(tmp_path), "tiny")


def test_single_file_without_text_encoder_is_refused_with_a_hint(
    make_harness: HarnessFactory, tmp_path: Path
) -> None:
    file = tiny.write_single_file("sd15", tmp_path)
    unet_only = {k: v for k, v in load_file(file).items() if k.startswith("model.diff")}
    save_file(unet_only, file)
    with pytest.raises(IncompatibleModelError, match="no supported text encoder"):
        render(make_harness(tmp_path), "tiny")


def test_single_file_vae_uses_the_base_models_scaling_factor(
    make_harness: HarnessFactory, models: Path, tmp_path: Path
) -> None:
    vae = tiny.tiny("sd15", seed=5).vae
    file = tmp_path / "vaes" / "other.safetensors"
    file.parent.mkdir()
    save_file({k: v.contiguous() for k, v in original_layout.vae(vae).items()}, file)
    for base_model, scaling in (("sd15", 0.18215), ("sdxl", 0.13025)):
        vae.register_to_config(scaling_factor=scaling)
        vae.save_pretrained(tmp_path / "vaes" / f"for-{base_model}")
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    harness = make_harness(tmp_path)
    for base_model in ("sd15", "sdxl"):
        own = render(harness, base_model)
        other = render(harness, base_model, vae=ModelRef(name="other"))
        assert (own != other).any()
        assert (other == render(harness, base_model, vae=ModelRef(name=f"for-{base_model}"))).all()


def test_one_vae_serves_two_families_with_their_own_scaling_factors(
    make_harness: HarnessFactory, models: Path, tmp_path: Path
) -> None:
    """A single file does not state its scaling factor."""
    (tmp_path / "vaes").mkdir()
    weights = original_layout.vae(tiny.tiny("sd15", seed=5).vae)
    save_file({k: v.contiguous() for k, v in weights.items()}, tmp_path / "vaes/shared.safetensors")
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    shared = {"vae": ModelRef(name="shared")}
    expected = render(make_harness(tmp_path), "sdxl", **shared)
    harness = make_harness(tmp_path)
    render(harness, "sd15", **shared)
    assert (render(harness, "sdxl", **shared) == expected).all()


def test_single_file_controlnet_equals_its_folder(
    make_harness: HarnessFactory, models: Path, tmp_path: Path
) -> None:
    controlnet = tiny.tiny_controlnet("sdxl")
    controlnet.save_pretrained(tmp_path / "controlnets" / "folder")
    save_file(controlnet.state_dict(), tmp_path / "controlnets" / "lines.safetensors")
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    harness = make_harness(tmp_path)
    file, folder = (
        render(harness, "sdxl", control_units=[UNIT | {"model": {"name": name}}])
        for name in ("lines", "folder")
    )
    assert (file == folder).all()
    assert (file != render(harness, "sdxl")).any()
