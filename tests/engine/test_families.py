"""Stable Diffusion 1.5, 2.1, XL and 3.5 through the same door as the pocket models."""

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
from tests.engine import original, tiny
from tests.engine.conftest import Easel
from tests.engine.pixels import Pixels, pixels

FILES: tuple[ModelFamily, ...] = ("sd15", "sd21", "sdxl")
CONFIGURED = FILES


@pytest.fixture(scope="module")
def configurations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_configurations(tmp_path_factory.mktemp("configurations"), CONFIGURED)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of each family, as a file and as a folder, with a ControlNet for those that take one."""
    folder = tmp_path_factory.mktemp("models")
    for family in FILES:
        tiny.write_original(family, folder, family)
        tiny.write_folder(family, folder, f"{family}-folder")
    tiny.write_folder("sd3", folder, "sd3-folder")
    tiny.tiny_controlnet("sdxl").save_pretrained(folder / "controlnets" / "sdxl-net")
    return folder


OnModels = Callable[[Path], Easel]


@pytest.fixture(scope="module")
def on_models(shipped_studio: AppContainer, configurations: Path) -> OnModels:
    """An easel over a models folder."""

    def easel(folder: Path) -> Easel:
        catalog = ModelCatalog((bundled_path("assets") / "models", folder), HashCache(None))
        engine = Engine(catalog, "cpu", configurations=configurations)
        return Easel(shipped_studio, catalog, engine)

    return easel


@pytest.fixture(scope="module")
def family_easel(on_models: OnModels, models: Path) -> Easel:
    return on_models(models)


def job(easel: Easel, base_model: str, **changes: Any) -> RenderJob:
    settings: dict[str, Any] = {
        "width": 64, "height": 64, "steps": 4, "denoising_strength": 0.75, "guidance_scale": 3.0,
        "control_units": (), "sampler": "Euler",
    } | changes  # fmt: skip
    return easel.job(base_model=ModelRef(name=base_model), **settings)


def drawn(easel: Easel, base_model: str, **changes: Any) -> Pixels:
    return pixels(easel.render(job(easel, base_model, **changes)).image)


@pytest.mark.parametrize("family", FILES)
def test_a_single_file_draws_what_its_folder_draws(
    family_easel: Easel, family: ModelFamily
) -> None:
    alone = drawn(family_easel, family)
    assert (alone == drawn(family_easel, f"{family}-folder")).all()
    assert alone.std() > 1


@pytest.mark.parametrize("name", ["sd15", "sd21", "sdxl", "sd3-folder"])
def test_every_family_hears_its_prompts_and_its_guidance(family_easel: Easel, name: str) -> None:
    plain = drawn(family_easel, name)
    assert (plain == drawn(family_easel, name)).all()
    for change in (
        {"prompt_template": "a blue gown"},
        {"negative_prompt": "dull"},
        {"guidance_end_fraction": 0.4},
        {"clip_skip": 3},
    ):
        assert (plain != drawn(family_easel, name, **change)).any(), change


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_long_and_weighted_prompts_are_heard_to_their_end(family_easel: Easel, name: str) -> None:
    words = "a dress with ribbons, " * 30
    one, other, weighted = (
        drawn(family_easel, name, prompt_template=words + last)
        for last in ("red", "green", "(green:1.5)")
    )
    assert (one != other).any()
    assert (other != weighted).any()


@pytest.mark.parametrize("name", ["sd15", "sdxl", "sd3-folder"])
def test_guidance_that_ends_at_once_equals_none(family_easel: Easel, name: str) -> None:
    """After the first step nothing of the negative prompt is heard any more."""
    ended, other = (
        drawn(family_easel, name, steps=1, strength=1.0, guidance_end=0.0, negative_prompt=words)
        for words in ("dull", "bright")
    )
    three, four = (
        drawn(family_easel, name, steps=8, guidance_end=end, guidance_scale=1.0)
        for end in (0.0, 1.0)
    )
    assert (ended != other).any()
    assert (three == four).all()


UNIT = {"preprocessor": "scribble", "model": {"name": "sdxl-net"}, "weight": 1.0}


@pytest.mark.parametrize(
    "mode", ["Balanced", "My prompt is more important", "ControlNet is more important"]
)
def test_an_xl_controlnet_speaks_in_each_mode(family_easel: Easel, mode: str) -> None:
    plain = drawn(family_easel, "sdxl")
    silent = drawn(family_easel, "sdxl", control_units=[UNIT | {"weight": 0.0}])
    spoken = drawn(family_easel, "sdxl", control_units=[UNIT | {"mode": mode}])
    cut = drawn(family_easel, "sdxl", control_units=[UNIT | {"mode": mode}], guidance_end=0.4)
    assert (plain == silent).all()
    assert (plain != spoken).any()
    assert (spoken != cut).any()


def test_an_xl_image_is_upscaled_and_its_face_repaired(family_easel: Easel) -> None:
    passes = {"upscale": {"enabled": True, "factor": 1.5}, "face_repair": {"enabled": True, "size": 64}}  # fmt: skip
    assert drawn(family_easel, "sdxl", **passes).shape == (96, 96, 3)


def test_an_xl_controlnet_is_refused_by_another_family(family_easel: Easel) -> None:
    with pytest.raises(
        IncompatibleModelError, match="'sdxl-net' is made for sdxl, base model 'sd15' is sd15"
    ):
        drawn(family_easel, "sd15", control_units=[UNIT])


def test_a_transformer_family_says_what_it_does_not_take(family_easel: Easel) -> None:
    with pytest.raises(
        IncompatibleModelError, match="sd3, which takes no ControlNet units: turn them off"
    ):
        drawn(family_easel, "sd3-folder", control_units=[UNIT])
    with pytest.raises(IncompatibleModelError, match="sampler DDIM .* choose Euler or Heun"):
        drawn(family_easel, "sd3-folder", sampler="DDIM")
    assert family_easel.engine.status().controlnets.misses <= 1


def test_a_transformer_family_walks_by_its_own_samplers(family_easel: Easel) -> None:
    one, other = (drawn(family_easel, "sd3-folder", sampler=name) for name in ("Euler", "Heun"))
    assert (one != other).any()
    assert one.std() > 1


@pytest.mark.parametrize("layout", ["kohya", "diffusers"])
def test_a_lora_of_both_layouts_reaches_unet_and_both_text_encoders(
    on_models: OnModels, models: Path, tmp_path: Path, layout: str
) -> None:
    write_lora(tmp_path / "loras" / "bright.safetensors", layout)
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    easel = on_models(tmp_path)
    before = drawn(easel, "sdxl")
    changed = drawn(easel, "sdxl", loras=[LoraSettings(model=ModelRef(name="bright"))])
    assert (changed != before).any()
    assert (drawn(easel, "sdxl") == before).all()


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
    prefix = {"unet": "lora_unet", "text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
    part, rest = name.split(".", 1)
    layer, side = rest.split(".lora_")
    if part != "unet" and not layer.startswith("text_model."):
        layer = f"text_model.{layer}"
    key = f"{prefix[part]}_{layer.replace('.', '_')}"
    down = {"A.weight": "lora_down.weight", "B.weight": "lora_up.weight"}[side]
    return {f"{key}.{down}": value, f"{key}.alpha": torch.tensor(2.0)}


@pytest.mark.parametrize("how", ["metadata", "yaml", "nothing"])
def test_what_a_file_predicts_is_read_from_where_its_makers_say_it(
    on_models: OnModels, tmp_path: Path, how: str
) -> None:
    """2.x files look alike, whether they predict noise or velocity."""
    file = tiny.write_original("sd21", tmp_path)
    told = {"modelspec.prediction_type": "epsilon"} if how == "metadata" else None
    save_file(load_file(file), file, told)
    if how == "yaml":
        file.with_suffix(".yaml").write_text("model:\n  params:\n    parameterization: eps\n")
    tiny.write_folder("sd21", tmp_path)
    easel = on_models(tmp_path)
    same = (drawn(easel, "tiny") == drawn(easel, "folder")).all()
    assert same == (how == "nothing")


def test_a_file_without_all_its_weights_is_named(on_models: OnModels, tmp_path: Path) -> None:
    file = tiny.write_original("sd15", tmp_path)
    whole = load_file(file)
    part = "model.diffusion_model.middle_block.1.proj_in.weight"
    save_file({name: value for name, value in whole.items() if name != part}, file)
    with pytest.raises(CorruptModelError, match="checkpoint tiny .* weights are missing from it"):
        drawn(on_models(tmp_path), "tiny")


def test_a_lone_file_of_an_unknown_kind_says_what_to_use(
    on_models: OnModels, tmp_path: Path
) -> None:
    file = tiny.write_original("sd15", tmp_path)
    unet_alone = {k: v for k, v in load_file(file).items() if k.startswith("model.diff")}
    save_file(unet_alone, file)
    with pytest.raises(IncompatibleModelError, match="no text encoder the studio knows"):
        drawn(on_models(tmp_path), "tiny")


def test_a_single_file_vae_is_read_and_used_at_the_base_models_scale(
    on_models: OnModels, models: Path, tmp_path: Path
) -> None:
    vae = tiny.tiny("sd15", seed=5).vae
    file = tmp_path / "vaes" / "other.safetensors"
    file.parent.mkdir()
    save_file({k: v.contiguous() for k, v in original.vae(vae).items()}, file)
    for base_model, scaling in (("sd15", 0.18215), ("sdxl", 0.13025)):
        vae.register_to_config(scaling_factor=scaling)
        vae.save_pretrained(tmp_path / "vaes" / f"for-{base_model}")
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    easel = on_models(tmp_path)
    for base_model in ("sd15", "sdxl"):
        plain = drawn(easel, base_model)
        other = drawn(easel, base_model, vae=ModelRef(name="other"))
        assert (plain != other).any()
        assert (other == drawn(easel, base_model, vae=ModelRef(name=f"for-{base_model}"))).all()


def test_one_vae_serves_two_families_each_at_its_own_scale(
    on_models: OnModels, models: Path, tmp_path: Path
) -> None:
    """A lone file does not say whose latents it makes."""
    (tmp_path / "vaes").mkdir()
    weights = original.vae(tiny.tiny("sd15", seed=5).vae)
    save_file({k: v.contiguous() for k, v in weights.items()}, tmp_path / "vaes/shared.safetensors")
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    shared = {"vae": ModelRef(name="shared")}
    alone = drawn(on_models(tmp_path), "sdxl", **shared)
    both = on_models(tmp_path)
    drawn(both, "sd15", **shared)
    assert (drawn(both, "sdxl", **shared) == alone).all()


def test_a_single_file_controlnet_equals_its_folder(
    on_models: OnModels, models: Path, tmp_path: Path
) -> None:
    net = tiny.tiny_controlnet("sdxl")
    net.save_pretrained(tmp_path / "controlnets" / "folder")
    save_file(net.state_dict(), tmp_path / "controlnets" / "lines.safetensors")
    (tmp_path / "checkpoints").symlink_to(models / "checkpoints")
    easel = on_models(tmp_path)
    file, folder = (
        drawn(easel, "sdxl", control_units=[UNIT | {"model": {"name": name}}])
        for name in ("lines", "folder")
    )
    assert (file == folder).all()
    assert (file != drawn(easel, "sdxl")).any()
