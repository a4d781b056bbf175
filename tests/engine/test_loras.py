"""LoRAs are plugged in for one job, and leave nothing behind."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from studio.engine.engine import Engine
from studio.errors import IncompatibleModelError, JobCancelledError
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.settings import bundled_path
from tests.engine.conftest import Easel
from tests.engine.pixels import pixels


def lora_file(folder: Path, width: int, scale: float = 0.5) -> Path:
    """A random LoRA on the pocket UNet's cross-attention, or one of another width."""
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(
        bundled_path("assets") / "models/checkpoints/pocket-ink/unet"
    )
    unet.add_adapter(LoraConfig(r=2, target_modules=["to_k", "to_v"], init_lora_weights=False))
    weights = {
        f"unet.{key}": value.clone() * scale
        for key, value in get_peft_model_state_dict(unet).items()
    }
    if width != 128:
        weights = {k: torch.zeros(v.shape[0], width) if "lora_A" in k else v for k, v in weights.items()}  # fmt: skip
    (folder / "loras").mkdir(parents=True, exist_ok=True)
    file = folder / "loras" / f"width-{width}.safetensors"
    save_file(weights, file)
    return file


@pytest.fixture(scope="module")
def lora_easel(shipped_studio: object, tmp_path_factory: pytest.TempPathFactory) -> Easel:
    from studio.app import AppContainer

    assert isinstance(shipped_studio, AppContainer)
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    lora_file(folder, 128)
    lora_file(folder, 96)
    lora_file(folder, 768)
    catalog = ModelCatalog((bundled_path("assets") / "models", folder), HashCache(None))
    return Easel(shipped_studio, catalog, Engine(catalog, "cpu"))


def use(name: str, weight: float = 1.0) -> list[LoraSettings]:
    return [LoraSettings(model=ModelRef(name=name), weight=weight)]


def test_none_then_lora_then_none_gives_equal_pixels(lora_easel: Easel) -> None:
    bare, dressed = lora_easel.job(), lora_easel.job(loras=use("width-128"))
    before = pixels(lora_easel.render(bare).image)
    changed = lora_easel.render(dressed)
    assert (pixels(changed.image) != before).any()
    assert "width-128" in [m.name for m in changed.models]
    assert (pixels(lora_easel.render(bare).image) == before).all()


def test_a_lora_is_unplugged_also_after_a_cancelled_job(lora_easel: Easel) -> None:
    bare, dressed = lora_easel.job(), lora_easel.job(loras=use("width-128"))
    before = pixels(lora_easel.render(bare).image)
    with pytest.raises(JobCancelledError):
        lora_easel.render(dressed, is_cancelled=lambda: True)
    assert (pixels(lora_easel.render(bare).image) == before).all()


def test_a_lora_that_does_not_fit_is_named_and_leaves_nothing(lora_easel: Easel) -> None:
    bare = lora_easel.job()
    before = pixels(lora_easel.render(bare).image)
    with pytest.raises(IncompatibleModelError, match="LoRA 'width-96'"):
        lora_easel.render(lora_easel.job(loras=use("width-96")))
    assert (pixels(lora_easel.render(bare).image) == before).all()


def test_a_lora_of_another_family_is_refused_before_anything_is_loaded(lora_easel: Easel) -> None:
    fresh = Easel(lora_easel.studio, lora_easel.catalog, Engine(lora_easel.catalog, "cpu"))
    with pytest.raises(
        IncompatibleModelError, match="lora 'width-768' is made for sd15, base model"
    ):
        fresh.render(fresh.job(loras=use("width-768")))
    assert fresh.engine.status().base_models.misses == 0


def test_a_prompt_calls_a_lora_by_name(lora_easel: Easel) -> None:
    called = lora_easel.job(prompt_template="<lora:width-128:0.7> an avatar wearing {prompt}")
    named = lora_easel.job(
        prompt_template="an avatar wearing {prompt}", loras=use("width-128", 0.7)
    )
    assert (pixels(lora_easel.render(called).image) == pixels(lora_easel.render(named).image)).all()


def test_many_loras_in_turn_keep_the_bank_small_and_the_base_exact(
    lora_easel: Easel, tmp_path: Path
) -> None:
    for seed in range(8):
        torch.manual_seed(seed)
        lora_file(tmp_path, 128).rename(tmp_path / "loras" / f"number-{seed}.safetensors")
    catalog = ModelCatalog((bundled_path("assets") / "models", tmp_path), HashCache(None))
    easel = Easel(lora_easel.studio, catalog, Engine(catalog, "cpu"))
    quick: dict[str, Any] = {"steps": 2, "denoising_strength": 0.5, "control_units": ()}
    before = pixels(easel.render(easel.job(**quick)).image)
    first = pixels(easel.render(easel.job(**quick, loras=use("number-0"))).image)
    for seed in range(1, 8):
        easel.render(easel.job(**quick, loras=use(f"number-{seed}")))
    again = pixels(easel.render(easel.job(**quick, loras=use("number-0"))).image)
    assert (first != before).any()
    assert (again == first).all()
    assert (pixels(easel.render(easel.job(**quick)).image) == before).all()


def test_a_lora_at_weight_zero_is_not_even_loaded(lora_easel: Easel) -> None:
    rendered = lora_easel.render(lora_easel.job(loras=use("width-96", 0.0)))
    bare = lora_easel.render(lora_easel.job())
    assert (pixels(rendered.image) == pixels(bare.image)).all()
