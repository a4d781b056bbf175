"""One job becomes one picture, exactly, and leaves nothing behind."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.engine.diffusion import pipeline as pipelines
from studio.engine.engine import Engine
from studio.engine.memory.model_cache import CacheLimits
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
from tests.engine.conftest import Easel, copy_tree
from tests.engine.pixels import pixels


def test_the_same_job_gives_the_same_pixels_whatever_ran_before(easel: Easel) -> None:
    job = easel.job()
    first = easel.render(job).image
    easel.render(easel.job("neon-noise", slot="D", control_units=()))
    assert (pixels(easel.render(job).image) == pixels(first)).all()


def test_a_job_that_crossed_a_wire_as_text_draws_the_same(easel: Easel) -> None:
    job = easel.job()
    crossed = RenderJob.model_validate_json(job.model_dump_json())
    assert crossed == job
    assert (pixels(easel.render(crossed).image) == pixels(easel.render(job).image)).all()


def test_another_seed_gives_another_image(easel: Easel) -> None:
    job = easel.job()
    other = job.model_copy(update={"seed": job.seed + 1})
    assert (pixels(easel.render(job).image) != pixels(easel.render(other).image)).any()


def test_steps_are_told_one_by_one(easel: Easel) -> None:
    seen: list[tuple[int, int]] = []
    easel.render(easel.job(steps=8, strength=0.5), on_step=lambda d, t: seen.append((d, t)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_cancelling_takes_effect_within_a_step_and_the_next_job_is_whole(easel: Easel) -> None:
    job, seen = easel.job(), []
    whole = easel.render(job).image
    with pytest.raises(JobCancelledError):
        easel.render(job, on_step=lambda d, _: seen.append(d), is_cancelled=lambda: len(seen) >= 2)
    assert seen == [1, 2]
    assert (pixels(easel.render(job).image) == pixels(whole)).all()


def test_strength_zero_gives_the_composite_itself(easel: Easel) -> None:
    job = easel.job(strength=0.0)
    base = Image.open(bundled_path("assets") / "base_images" / f"{job.base_image.id}.png")
    doodle = Image.open(bundled_path("assets") / "doodles" / "star-dress.png")
    rendered = easel.render(job).image
    assert (pixels(rendered) == pixels(overlay_doodle(base, doodle))).all()


def test_units_at_weight_zero_equal_no_units(easel: Easel) -> None:
    job = easel.job()
    silent = [u.model_dump() | {"weight": 0.0} for u in job.recipe.control_units]
    without = easel.render(easel.job(control_units=())).image
    assert (pixels(easel.render(easel.job(control_units=silent)).image) == pixels(without)).all()
    assert (pixels(easel.render(job).image) != pixels(without)).any()


def test_a_unit_that_ends_early_runs_only_until_then(easel: Easel) -> None:
    unit = easel.job().recipe.control_units[0].model_dump()
    full, half, none = (
        pixels(easel.render(easel.job(control_units=units)).image)
        for units in ([unit], [unit | {"end": 0.5}], [])
    )
    assert (full != half).any()
    assert (half != none).any()


def test_an_empty_doodle_redraws_the_base_and_says_the_scribble_unit_was_left_out(
    easel: Easel,
) -> None:
    rendered = easel.render(easel.job(doodle=None))
    assert tuple(map(str, rendered.notes)) == (
        "unit pocket-scribble saw no strokes and was left out",
    )
    assert [m.name for m in rendered.models] == ["pocket-ink", "pocket-pose"]


def test_a_long_prompt_is_heard_to_its_end(easel: Easel) -> None:
    job = easel.job(guidance_scale=3.0)
    words = "red dress, " * 60
    one, other = (
        pixels(easel.render(job.model_copy(update={"prompt": words + last})).image)
        for last in ("blue shorts", "green skirt")
    )
    assert (one != other).any()


def test_a_prompt_that_is_read_in_parts_says_so_with_its_length(easel: Easel) -> None:
    job = easel.job()
    words = job.model_copy(update={"prompt": "red dress, " * 30})
    long = easel.render(words)
    assert tuple(map(str, long.notes)) == ("the prompt has 90 tokens and is read in parts of 75",)
    assert long.token_count == 90
    assert easel.render(job).notes == ()


def test_weights_in_a_prompt_move_the_image_and_weight_one_does_not(easel: Easel) -> None:
    job = easel.job(guidance_scale=3.0)
    plain, same, stronger = (
        pixels(easel.render(job.model_copy(update={"prompt": text})).image)
        for text in ("a red dress", "a (red:1.0) dress", "a (red:1.6) dress")
    )
    assert (plain == same).all()
    assert (plain != stronger).any()


def test_clip_skip_listens_to_another_layer(easel: Easel) -> None:
    one, other = (easel.render(easel.job(clip_skip=skip)).image for skip in (1, 2))
    assert (pixels(one) != pixels(other)).any()


def test_guidance_ends_where_the_recipe_says(easel: Easel) -> None:
    whole, half, none = (
        pixels(easel.render(easel.job(guidance_scale=4.0, guidance_end=end)).image)
        for end in (1.0, 0.5, 0.0)
    )
    assert (whole != half).any()
    assert (half != none).any()


def test_what_was_computed_once_is_not_computed_again(easel: Easel) -> None:
    engine = Engine(easel.catalog, "cpu")
    fresh, job = Easel(easel.studio, easel.catalog, engine), easel.job()
    first = fresh.render(job)
    before = engine.status()
    again = fresh.render(job.model_copy(update={"seed": job.seed + 1}))
    after = engine.status()
    assert first.image != again.image
    for cache in ("embeddings", "latents", "maps"):
        assert getattr(after, cache).misses == getattr(before, cache).misses
        assert getattr(after, cache).hits > getattr(before, cache).hits
    assert after.base_models.device_hits == before.base_models.device_hits + 1
    assert after.base_models.misses == 1


def test_what_really_took_part_is_recorded(easel: Easel) -> None:
    rendered = easel.render(easel.job())
    listed = {m.name: m.sha256 for m in easel.studio.catalog.list_models()}
    took_part = ("pocket-ink", "pocket-scribble", "pocket-pose")
    assert {m.name: m.sha256 for m in rendered.models} == {n: listed[n] for n in took_part}
    assert rendered.timings.render_seconds > 0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_walks_every_schedule_it_says_it_can(easel: Easel, sampler: str) -> None:
    for schedule in SCHEDULE_TYPES:
        if supports_schedule(sampler, schedule):  # type: ignore[arg-type]
            job = easel.job(
                sampler=sampler, schedule_type=schedule, steps=4, strength=0.5, control_units=[]
            )
            assert pixels(easel.render(job).image).std() > 5


def test_unknown_models_are_named(easel: Easel) -> None:
    job = easel.job()
    for changes, said in (
        ({"base_model": ModelRef(name="nope")}, "no checkpoint named 'nope'"),
        ({"loras": (LoraSettings(model=ModelRef(name="nope")),)}, "no lora named 'nope'"),
    ):
        gone = job.model_copy(
            update={
                "recipe": job.recipe.model_copy(update=changes),
                "loras": changes.get("loras", ()),
            }
        )
        with pytest.raises(NotFoundError, match=said):
            easel.render(gone)


def test_a_pose_unit_without_keypoints_says_what_to_do(easel: Easel) -> None:
    job = easel.job()
    bare: BaseImage = job.base_image.model_copy(update={"keypoints": None})
    with pytest.raises(InvalidInputError, match="has no keypoints: set them"):
        easel.render(job.model_copy(update={"base_image": bare}))


def test_damaged_weights_are_named_before_anything_is_rendered(
    easel: Easel, tmp_path: Path
) -> None:
    copy_tree(bundled_path("assets") / "models", tmp_path / "models")
    file = tmp_path / "models/checkpoints/pocket-ink/unet/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[: 2**20])
    catalog = ModelCatalog((tmp_path / "models",), HashCache(None))
    broken = Easel(easel.studio, catalog, Engine(catalog, "cpu"))
    with pytest.raises(CorruptModelError, match="is cut short .*: download it again"):
        broken.job()
    with pytest.raises(
        CorruptModelError, match="pocket-ink: diffusion_pytorch_model.safetensors is cut short"
    ):
        broken.render(broken.job(base_model=ModelRef(name="pocket-ink")))


def test_a_controlnet_of_another_family_is_refused(easel: Easel, tmp_path: Path) -> None:
    copy_tree(bundled_path("assets") / "models", tmp_path / "models")
    config = tmp_path / "models/controlnets/pocket-pose/config.json"
    config.write_text(config.read_text().replace('"cross_attention_dim": 128', '"cross_attention_dim": 768'))  # fmt: skip
    catalog = ModelCatalog((tmp_path / "models",), HashCache(None))
    mixed = Easel(easel.studio, catalog, Engine(catalog, "cpu"))
    with pytest.raises(IncompatibleModelError, match="'pocket-pose' is made for sd15"):
        mixed.render(mixed.job())


def test_an_error_inside_diffusers_becomes_one_of_ours(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object, **__: object) -> None:
        raise RuntimeError("a kernel burst\nwith a long tail")

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", burst)
    with pytest.raises(RenderError, match="rendering with pocket-ink failed: a kernel burst$"):
        easel.render(easel.job())


def test_a_device_that_disappears_says_what_to_do(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", gone)
    with pytest.raises(RenderError, match=r"device failed .* launch failure\): start the studio"):
        easel.render(easel.job())


def test_a_model_that_finds_no_room_is_named(easel: Easel) -> None:
    engine = Engine(easel.catalog, "cpu", CacheLimits(device_bytes=2**20))
    with pytest.raises(
        InsufficientMemoryError, match="model pocket-ink needs .* MB and does not fit"
    ):
        Easel(easel.studio, easel.catalog, engine).render(easel.job())


def test_what_is_where_is_told_by_name(easel: Easel) -> None:
    engine = Engine(easel.catalog, "cpu")
    Easel(easel.studio, easel.catalog, engine).render(easel.job())
    status = engine.status()
    assert [(r.key, r.tier) for r in status.base_models.residents] == [("pocket-ink", "device")]
    assert [r.key for r in status.controlnets.residents] == ["pocket-scribble", "pocket-pose"]


def test_when_memory_runs_out_the_rest_is_let_go_and_it_is_tried_once_more(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(easel.catalog, "cpu")
    fresh, job = Easel(easel.studio, easel.catalog, engine), easel.job()
    whole = pixels(fresh.render(job).image)
    real, calls = pipelines.run_pass, []

    def tight(*arguments: Any, **options: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) in (1, 3, 4):
            raise torch.OutOfMemoryError("no room")
        return real(*arguments, **options)

    monkeypatch.setattr("studio.engine.diffusion.passes.run_pass", tight)
    assert (pixels(fresh.render(job).image) == whole).all()
    assert len(calls) == 2
    with pytest.raises(RenderError, match=r"too little memory for pocket-ink at 256 x 256"):
        fresh.render(job)
    assert (pixels(fresh.render(job).image) == whole).all()


def test_numbers_that_overflow_name_the_recipe(easel: Easel) -> None:
    job = easel.job(guidance_scale=30.0)
    broken = job.model_copy(
        update={"recipe": job.recipe.model_copy(update={"guidance_scale": float("inf")})}
    )
    with pytest.raises(RenderError, match=r"recipe B made no picture: the numbers overflowed"):
        easel.render(broken)


@pytest.mark.parametrize("mode", ["My prompt is more important", "ControlNet is more important"])
def test_control_modes_differ_from_balanced(easel: Easel, mode: str) -> None:
    job = easel.job(guidance_scale=3.0)
    units = [u.model_dump() | {"mode": mode} for u in job.recipe.control_units]
    balanced, other = (
        pixels(easel.render(each).image)
        for each in (job, easel.job(guidance_scale=3.0, control_units=units))
    )
    assert (balanced != other).any()


def test_what_must_be_loaded_first_is_told_and_nothing_when_all_is_there(easel: Easel) -> None:
    fresh = Easel(easel.studio, easel.catalog, Engine(easel.catalog, "cpu"))
    cold: list[str] = []
    warm: list[str] = []
    fresh.render(fresh.job(), on_loading=cold.append)
    fresh.render(fresh.job(), on_loading=warm.append)
    assert cold == ["pocket-ink", "pocket-scribble", "pocket-pose"]
    assert warm == []
