"""Rendering one job: reproducible, and without side effects on the next."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.engine.diffusion import pipeline as pipelines
from studio.engine.engine import Engine
from studio.engine.memory.cache_limits import CacheLimits
from studio.errors import (
    CorruptModelError,
    IncompatibleModelError,
    InsufficientMemoryError,
    InvalidInputError,
    JobCancelledError,
    NotFoundError,
    RenderError,
)
from studio.imaging.compositing import overlay_doodle
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.base_image import BaseImage
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import LoraSettings, ModelRef
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES, supports_schedule
from studio.settings import bundled_path
from tests.engine.conftest import RenderHarness, copy_tree
from tests.engine.pixels import pixels


def test_same_job_gives_same_pixels_whatever_ran_before(harness: RenderHarness) -> None:
    job = harness.job()
    first = harness.render(job).image
    harness.render(harness.job("neon-noise", slot="D", control_units=()))
    assert (pixels(harness.render(job).image) == pixels(first)).all()


def test_job_serialized_as_json_gives_same_pixels(harness: RenderHarness) -> None:
    job = harness.job()
    deserialized = RenderJob.model_validate_json(job.model_dump_json())
    assert deserialized == job
    assert (pixels(harness.render(deserialized).image) == pixels(harness.render(job).image)).all()


def test_another_seed_gives_another_image(harness: RenderHarness) -> None:
    job = harness.job()
    other = job.model_copy(update={"seed": job.seed + 1})
    assert (pixels(harness.render(job).image) != pixels(harness.render(other).image)).any()


def test_every_step_is_reported(harness: RenderHarness) -> None:
    reported: list[tuple[int, int]] = []
    harness.render(
        harness.job(steps=8, denoising_strength=0.5),
        on_step=lambda done, total: reported.append((done, total)),
    )
    assert reported == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_cancelling_takes_effect_within_a_step_and_the_next_job_is_unaffected(
    harness: RenderHarness,
) -> None:
    job, steps = harness.job(), []
    expected = harness.render(job).image
    with pytest.raises(JobCancelledError):
        harness.render(
            job, on_step=lambda done, _: steps.append(done), should_cancel=lambda: len(steps) >= 2
        )
    assert steps == [1, 2]
    assert (pixels(harness.render(job).image) == pixels(expected)).all()


def test_denoising_strength_zero_returns_the_composite(harness: RenderHarness) -> None:
    job = harness.job(denoising_strength=0.0)
    base = Image.open(bundled_path("assets") / "base_images" / f"{job.base_image.id}.png")
    doodle = Image.open(bundled_path("assets") / "doodles" / "star-dress.png")
    result = harness.render(job).image
    assert (pixels(result) == pixels(overlay_doodle(base, doodle))).all()


def test_units_of_weight_zero_equal_no_units(harness: RenderHarness) -> None:
    job = harness.job()
    inactive = [u.model_dump() | {"weight": 0.0} for u in job.recipe.control_units]
    without = harness.render(harness.job(control_units=())).image
    assert (
        pixels(harness.render(harness.job(control_units=inactive)).image) == pixels(without)
    ).all()
    assert (pixels(harness.render(job).image) != pixels(without)).any()


def test_control_end_limits_the_effect_of_a_unit(harness: RenderHarness) -> None:
    unit = harness.job().recipe.control_units[0].model_dump()
    full, half, none = (
        pixels(harness.render(harness.job(control_units=units)).image)
        for units in ([unit], [unit | {"end": 0.5}], [])
    )
    assert (full != half).any()
    assert (half != none).any()


def test_empty_doodle_renders_the_base_image_and_notes_the_unit_left_out(
    harness: RenderHarness,
) -> None:
    result = harness.render(harness.job(doodle=None))
    assert tuple(map(str, result.notes)) == ("Control unit pocket-scribble skipped: nothing drawn",)
    assert [m.name for m in result.models] == ["pocket-ink", "pocket-pose"]


def test_long_prompt_is_encoded_to_its_end(harness: RenderHarness) -> None:
    job = harness.job(guidance_scale=3.0)
    beginning = "red dress, " * 60
    first, second = (
        pixels(harness.render(job.model_copy(update={"prompt": beginning + ending})).image)
        for ending in ("blue shorts", "green skirt")
    )
    assert (first != second).any()


def test_chunked_prompt_gives_a_note_with_its_token_count(harness: RenderHarness) -> None:
    job = harness.job()
    long_job = job.model_copy(update={"prompt": "red dress, " * 30})
    result = harness.render(long_job)
    assert tuple(map(str, result.notes)) == ("Prompt has 90 tokens; encoded in chunks of 75",)
    assert result.token_count == 90
    assert harness.render(job).notes == ()


def test_prompt_weights_change_the_image_except_weight_one(harness: RenderHarness) -> None:
    job = harness.job(guidance_scale=3.0)
    plain, same, stronger = (
        pixels(harness.render(job.model_copy(update={"prompt": text})).image)
        for text in ("a red dress", "a (red:1.0) dress", "a (red:1.6) dress")
    )
    assert (plain == same).all()
    assert (plain != stronger).any()


def test_clip_skip_changes_the_image(harness: RenderHarness) -> None:
    first, second = (harness.render(harness.job(clip_skip=skip)).image for skip in (1, 2))
    assert (pixels(first) != pixels(second)).any()


def test_guidance_end_changes_the_image(harness: RenderHarness) -> None:
    full, half, none = (
        pixels(harness.render(harness.job(guidance_scale=4.0, guidance_end_fraction=end)).image)
        for end in (1.0, 0.5, 0.0)
    )
    assert (full != half).any()
    assert (half != none).any()


def test_second_job_is_served_from_the_caches(harness: RenderHarness) -> None:
    engine = Engine(harness.catalog, "cpu")
    fresh, job = RenderHarness(harness.studio, harness.catalog, engine), harness.job()
    first = fresh.render(job)
    before = engine.status()
    second = fresh.render(job.model_copy(update={"seed": job.seed + 1}))
    after = engine.status()
    assert first.image != second.image
    for cache in ("embeddings", "latents", "control_maps"):
        assert getattr(after, cache).misses == getattr(before, cache).misses
        assert getattr(after, cache).hits > getattr(before, cache).hits
    assert after.base_models.device_hits == before.base_models.device_hits + 1
    assert after.base_models.misses == 1


def test_result_records_the_models_used_with_hashes(harness: RenderHarness) -> None:
    result = harness.render(harness.job())
    hashes = {m.name: m.sha256 for m in harness.studio.models.catalog.list_models()}
    expected = ("pocket-ink", "pocket-scribble", "pocket-pose")
    assert {m.name: m.sha256 for m in result.models} == {name: hashes[name] for name in expected}
    assert result.timings.render_seconds > 0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_runs_with_every_schedule_it_supports(
    harness: RenderHarness, sampler: str
) -> None:
    for schedule in SCHEDULE_TYPES:
        if supports_schedule(sampler, schedule):  # type: ignore[arg-type]
            job = harness.job(
                sampler=sampler,
                schedule_type=schedule,
                steps=4,
                denoising_strength=0.5,
                control_units=[],
            )
            assert pixels(harness.render(job).image).std() > 5


def test_unknown_model_is_named_in_the_error(harness: RenderHarness) -> None:
    job = harness.job()
    for changes, error in (
        ({"base_model": ModelRef(name="nope")}, "Base model not found: “nope”"),
        ({"loras": (LoraSettings(model=ModelRef(name="nope")),)}, "LoRA not found: “nope”"),
    ):
        unknown = job.model_copy(
            update={
                "recipe": job.recipe.model_copy(update=changes),
                "loras": changes.get("loras", ()),
            }
        )
        with pytest.raises(NotFoundError, match=error):
            harness.render(unknown)


def test_pose_unit_without_keypoints_is_refused_with_a_hint(harness: RenderHarness) -> None:
    job = harness.job()
    without_keypoints: BaseImage = job.base_image.model_copy(update={"keypoints": None})
    with pytest.raises(InvalidInputError, match=r"has no keypoints\. Set them"):
        harness.render(job.model_copy(update={"base_image": without_keypoints}))


def test_corrupt_weights_are_named_before_rendering(harness: RenderHarness, tmp_path: Path) -> None:
    copy_tree(bundled_path("assets") / "models", tmp_path / "models")
    file = tmp_path / "models/checkpoints/pocket-ink/unet/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[: 2**20])
    catalog = ModelCatalog((tmp_path / "models",), HashCache(None))
    broken = RenderHarness(harness.studio, catalog, Engine(catalog, "cpu"))
    with pytest.raises(CorruptModelError, match="is incomplete .* Download it again"):
        broken.job()
    with pytest.raises(
        CorruptModelError, match="pocket-ink: diffusion_pytorch_model.safetensors is incomplete"
    ):
        broken.render(broken.job(base_model=ModelRef(name="pocket-ink")))


def test_controlnet_of_another_family_is_refused(harness: RenderHarness, tmp_path: Path) -> None:
    copy_tree(bundled_path("assets") / "models", tmp_path / "models")
    config = tmp_path / "models/controlnets/pocket-pose/config.json"
    config.write_text(
        config.read_text().replace('"cross_attention_dim": 128', '"cross_attention_dim": 768')
    )
    catalog = ModelCatalog((tmp_path / "models",), HashCache(None))
    mixed = RenderHarness(harness.studio, catalog, Engine(catalog, "cpu"))
    with pytest.raises(IncompatibleModelError, match="“pocket-pose” is for sd15"):
        mixed.render(mixed.job())


def test_error_inside_diffusers_becomes_render_error(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a kernel burst\nwith a long tail")

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", fail)
    with pytest.raises(RenderError, match="Rendering with pocket-ink failed: a kernel burst$"):
        harness.render(harness.job())


def test_lost_device_is_reported_with_a_hint(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_device(*_: object, **__: object) -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", lose_device)
    with pytest.raises(
        RenderError, match=r"Device failed .* launch failure\)\. Restart the studio"
    ):
        harness.render(harness.job())


def test_model_beyond_the_memory_limit_is_named(harness: RenderHarness) -> None:
    engine = Engine(harness.catalog, "cpu", CacheLimits(device_bytes=2**20))
    with pytest.raises(
        InsufficientMemoryError, match="Model pocket-ink needs .* MB and exceeds the device limit"
    ):
        RenderHarness(harness.studio, harness.catalog, engine).render(harness.job())


def test_status_lists_models_by_name_and_tier(harness: RenderHarness) -> None:
    engine = Engine(harness.catalog, "cpu")
    assert engine.status().busy_seconds == 0
    RenderHarness(harness.studio, harness.catalog, engine).render(harness.job())
    status = engine.status()
    assert status.busy_seconds > 0
    assert [(entry.key, entry.tier) for entry in status.base_models.residents] == [
        ("pocket-ink", "device")
    ]
    assert [entry.key for entry in status.controlnets.residents] == [
        "pocket-scribble",
        "pocket-pose",
    ]


def test_out_of_memory_clears_the_device_and_retries_once(
    harness: RenderHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(harness.catalog, "cpu")
    fresh, job = RenderHarness(harness.studio, harness.catalog, engine), harness.job()
    expected = pixels(fresh.render(job).image)
    real, calls = pipelines.run_pass, []

    def run_out_of_memory(*args: Any, **kwargs: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) in (1, 3, 4):
            raise torch.OutOfMemoryError("out of memory")
        return real(*args, **kwargs)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", run_out_of_memory)
    assert (pixels(fresh.render(job).image) == expected).all()
    assert len(calls) == 2
    with pytest.raises(RenderError, match="Out of device memory: pocket-ink at 256 x 256"):
        fresh.render(job)
    assert (pixels(fresh.render(job).image) == expected).all()


def test_overflow_names_the_recipe(harness: RenderHarness) -> None:
    job = harness.job(guidance_scale=30.0)
    overflowing = job.model_copy(
        update={"recipe": job.recipe.model_copy(update={"guidance_scale": float("inf")})}
    )
    with pytest.raises(RenderError, match="Non-finite latents in recipe B"):
        harness.render(overflowing)


@pytest.mark.parametrize("mode", ["My prompt is more important", "ControlNet is more important"])
def test_control_modes_differ_from_balanced(harness: RenderHarness, mode: str) -> None:
    job = harness.job(guidance_scale=3.0)
    units = [u.model_dump() | {"mode": mode} for u in job.recipe.control_units]
    balanced, other = (
        pixels(harness.render(variation).image)
        for variation in (job, harness.job(guidance_scale=3.0, control_units=units))
    )
    assert (balanced != other).any()


def test_loading_is_reported_only_for_models_that_are_not_cached(
    harness: RenderHarness,
) -> None:
    fresh = RenderHarness(harness.studio, harness.catalog, Engine(harness.catalog, "cpu"))
    cold: list[str] = []
    warm: list[str] = []
    fresh.render(fresh.job(), on_loading=cold.append)
    fresh.render(fresh.job(), on_loading=warm.append)
    assert cold == ["pocket-ink", "pocket-scribble", "pocket-pose"]
    assert warm == []
