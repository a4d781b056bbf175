"""LoRAs are active for one job and leave nothing behind."""

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from studio.app import AppContainer
from studio.engine.engine import Engine
from studio.errors import IncompatibleModelError, JobCancelledError
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.settings import bundled_path
from tests.engine.conftest import RenderHarness
from tests.engine.pixels import pixels


def write_lora(directory: Path, width: int, scale: float = 0.5) -> Path:
    """Writes a random LoRA of the pocket UNet's cross-attention, or one for another width."""
    unet = UNet2DConditionModel.from_pretrained(
        bundled_path("assets") / "models/checkpoints/pocket-ink/unet"
    )
    unet.add_adapter(LoraConfig(r=2, target_modules=["to_k", "to_v"], init_lora_weights=False))
    weights = {
        f"unet.{key}": value.clone() * scale
        for key, value in get_peft_model_state_dict(unet).items()
    }
    if width != 128:
        weights = {
            k: torch.zeros(v.shape[0], width) if "lora_A" in k else v for k, v in weights.items()
        }
    (directory / "loras").mkdir(parents=True, exist_ok=True)
    file = directory / "loras" / f"width-{width}.safetensors"
    save_file(weights, file)
    return file


@pytest.fixture(scope="module")
def lora_harness(
    shipped_studio: AppContainer, tmp_path_factory: pytest.TempPathFactory
) -> RenderHarness:
    directory = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    write_lora(directory, 128)
    write_lora(directory, 96)
    write_lora(directory, 768)
    catalog = ModelCatalog((bundled_path("assets") / "models", directory), HashCache(None))
    return RenderHarness(shipped_studio, catalog, Engine(catalog, "cpu"))


def lora_settings(name: str, weight: float = 1.0) -> list[LoraSettings]:
    return [LoraSettings(model=ModelRef(name=name), weight=weight)]


def test_pixels_without_lora_are_equal_before_and_after_a_lora(lora_harness: RenderHarness) -> None:
    without, with_lora = lora_harness.job(), lora_harness.job(loras=lora_settings("width-128"))
    before = pixels(lora_harness.render(without).image)
    result = lora_harness.render(with_lora)
    assert (pixels(result.image) != before).any()
    assert "width-128" in [m.name for m in result.models]
    assert (pixels(lora_harness.render(without).image) == before).all()


def test_lora_is_deactivated_after_a_cancelled_job(lora_harness: RenderHarness) -> None:
    without, with_lora = lora_harness.job(), lora_harness.job(loras=lora_settings("width-128"))
    before = pixels(lora_harness.render(without).image)
    with pytest.raises(JobCancelledError):
        lora_harness.render(with_lora, should_cancel=lambda: True)
    assert (pixels(lora_harness.render(without).image) == before).all()


def test_incompatible_lora_is_named_and_leaves_nothing_attached(
    lora_harness: RenderHarness,
) -> None:
    without = lora_harness.job()
    before = pixels(lora_harness.render(without).image)
    with pytest.raises(IncompatibleModelError, match="LoRA “width-96”"):
        lora_harness.render(lora_harness.job(loras=lora_settings("width-96")))
    assert (pixels(lora_harness.render(without).image) == before).all()


def test_lora_of_another_family_is_refused_before_loading(
    lora_harness: RenderHarness,
) -> None:
    fresh = RenderHarness(
        lora_harness.studio, lora_harness.catalog, Engine(lora_harness.catalog, "cpu")
    )
    with pytest.raises(
        IncompatibleModelError, match="LoRA “width-768” is for sd15, but base model"
    ):
        fresh.render(fresh.job(loras=lora_settings("width-768")))
    assert fresh.engine.status().base_models.misses == 0


def test_prompt_activates_a_lora_by_name(lora_harness: RenderHarness) -> None:
    by_prompt = lora_harness.job(prompt_template="<lora:width-128:0.7> an avatar wearing {prompt}")
    by_recipe = lora_harness.job(
        prompt_template="an avatar wearing {prompt}", loras=lora_settings("width-128", 0.7)
    )
    assert (
        pixels(lora_harness.render(by_prompt).image) == pixels(lora_harness.render(by_recipe).image)
    ).all()


def test_adapter_eviction_keeps_the_base_model_exact(
    lora_harness: RenderHarness, tmp_path: Path
) -> None:
    for seed in range(8):
        torch.manual_seed(seed)
        write_lora(tmp_path, 128).rename(tmp_path / "loras" / f"number-{seed}.safetensors")
    catalog = ModelCatalog((bundled_path("assets") / "models", tmp_path), HashCache(None))
    harness = RenderHarness(lora_harness.studio, catalog, Engine(catalog, "cpu"))
    fast: dict[str, Any] = {"steps": 2, "denoising_strength": 0.5, "control_units": ()}
    before = pixels(harness.render(harness.job(**fast)).image)
    first = pixels(harness.render(harness.job(**fast, loras=lora_settings("number-0"))).image)
    for seed in range(1, 8):
        harness.render(harness.job(**fast, loras=lora_settings(f"number-{seed}")))
    reattached = pixels(harness.render(harness.job(**fast, loras=lora_settings("number-0"))).image)
    assert (first != before).any()
    assert (reattached == first).all()
    assert (pixels(harness.render(harness.job(**fast)).image) == before).all()


def test_lora_of_weight_zero_is_not_loaded(lora_harness: RenderHarness) -> None:
    result = lora_harness.render(lora_harness.job(loras=lora_settings("width-96", 0.0)))
    expected = lora_harness.render(lora_harness.job())
    assert (pixels(result.image) == pixels(expected.image)).all()
