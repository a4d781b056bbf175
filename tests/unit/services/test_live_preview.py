"""Live preview jobs: the recipe in a few steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.app import AppContainer
from studio.recipes.generation.job import GenerationRequest, RenderJob
from studio.recipes.generation.recipe import FaceRestoration, HiresFix, LoraSettings, ModelRef
from studio.services.rendering.live_preview import PREVIEW_STEPS, few_step_lora, make_preview_job


def lora(directory: Path, name: str, width: int = 128) -> None:
    loras = directory / "loras"
    loras.mkdir(parents=True, exist_ok=True)
    key = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight"
    save_file({key: np.zeros((4, width), np.float16)}, loras / f"{name}.safetensors")


def make_request(studio: AppContainer, **changes: Any) -> GenerationRequest:
    preset = studio.stores.themes.get_version("first-light").preset
    recipe = preset.recipes.A.model_copy(update={"denoising_strength": 0.6, **changes})
    recipes = preset.recipes.model_copy(update={"A": recipe})
    changed = preset.model_copy(update={"recipes": recipes})
    return studio.rendering.request_factory.create(changed, "mia", None, "a red dress", seed=3)


def preview_job(studio: AppContainer, **changes: Any) -> RenderJob:
    return make_preview_job(make_request(studio, **changes), "A", studio.models.catalog)


def steps_run(job: RenderJob) -> int:
    return int(job.recipe.steps * job.recipe.denoising_strength)


@pytest.mark.parametrize("strength", [0.3, 0.5, 0.6, 0.75, 1.0])
def test_preview_has_four_steps_and_one_pass(studio: AppContainer, strength: float) -> None:
    passes = {"upscale": HiresFix(enabled=True), "face_repair": FaceRestoration(enabled=True)}
    job = preview_job(studio, denoising_strength=strength, drift_lock="measure", **passes)
    assert steps_run(job) == PREVIEW_STEPS
    assert not job.recipe.upscale.enabled
    assert not job.recipe.face_repair.enabled
    assert job.recipe.drift_lock == "off"
    assert job.seed == 3


def test_few_step_lora_of_the_family_is_added_to_the_recipes_loras(
    studio: AppContainer,
) -> None:
    models = studio.settings.user_models_dir
    lora(models, "a-turbo-lora", width=768)
    lora(models, "glow")
    lora(models, "my-LCM")
    job = preview_job(studio, loras=(LoraSettings(model=ModelRef(name="glow")),))
    names = [use.model.name for use in job.loras]
    assert names[0] == "glow"
    assert few_step_lora(job.recipe, studio.models.catalog) == ModelRef(name=names[1])
    assert studio.models.catalog.get("lora", ModelRef(name=names[1])).family == "pocket"
    assert (job.recipe.sampler, job.recipe.guidance_scale) == ("LCM", 1.0)


def test_recipe_with_a_few_step_lora_gets_no_second_one(studio: AppContainer) -> None:
    lora(studio.settings.user_models_dir, "my-lcm")
    job = preview_job(studio, loras=(LoraSettings(model=ModelRef(name="my-lcm"), weight=0.5),))
    assert len(job.loras) == 1


def test_unreadable_few_step_lora_is_skipped(studio: AppContainer) -> None:
    models = studio.settings.user_models_dir
    lora(models, "b-lcm")
    (models / "loras" / "a-lcm.safetensors").write_bytes(b"broken")
    first = studio.stores.themes.get_version("first-light").preset.recipes.A
    assert few_step_lora(first, studio.models.catalog) == ModelRef(name="b-lcm")
