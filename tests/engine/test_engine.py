"""One job becomes one picture, exactly, and leaves nothing behind."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from PIL import Image
from safetensors.torch import save_file

from studio.engine import pipelines
from studio.engine.engine import Engine
from studio.errors import Cancelled, DamagedModel, EngineError, InputError, NotFound, UnfitModel
from studio.imaging.compose import composite
from studio.library.catalogue import Catalogue
from studio.library.files import Hashes
from studio.recipes.canvas import BaseImage
from studio.recipes.recipe import FaceRepair, LoraUse, ModelRef
from studio.recipes.samplers import SAMPLERS, SCHEDULE_TYPES, schedule_fits
from studio.settings import shipped
from tests.engine.conftest import Easel, copy_tree

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


def pixels(picture: Image.Image) -> Pixels:
    return np.asarray(picture).astype(np.int16)


def test_the_same_job_gives_the_same_pixels_whatever_ran_before(easel: Easel) -> None:
    job = easel.job()
    first = easel.render(job).picture
    easel.render(easel.job("neon-noise", letter="D", control_units=()))
    assert (pixels(easel.render(job).picture) == pixels(first)).all()


def test_another_seed_gives_another_picture(easel: Easel) -> None:
    job = easel.job()
    other = job.model_copy(update={"seed": job.seed + 1})
    assert (pixels(easel.render(job).picture) != pixels(easel.render(other).picture)).any()


def test_steps_are_told_one_by_one(easel: Easel) -> None:
    seen: list[tuple[int, int]] = []
    easel.render(easel.job(steps=8, strength=0.5), on_step=lambda d, t: seen.append((d, t)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_cancelling_takes_effect_within_a_step_and_the_next_job_is_whole(easel: Easel) -> None:
    job, seen = easel.job(), []
    whole = easel.render(job).picture
    with pytest.raises(Cancelled):
        easel.render(job, on_step=lambda d, _: seen.append(d), is_cancelled=lambda: len(seen) >= 2)
    assert seen == [1, 2]
    assert (pixels(easel.render(job).picture) == pixels(whole)).all()


def test_strength_zero_gives_the_composite_itself(easel: Easel) -> None:
    job = easel.job(strength=0.0)
    base = Image.open(shipped("assets") / "base_images" / f"{job.base_image.id}.png")
    doodle = Image.open(shipped("assets") / "doodles" / "star-dress.png")
    rendered = easel.render(job).picture
    assert (pixels(rendered) == pixels(composite(base, doodle))).all()


def test_units_at_weight_zero_equal_no_units(easel: Easel) -> None:
    job = easel.job()
    silent = [u.model_dump() | {"weight": 0.0} for u in job.recipe.control_units]
    without = easel.render(easel.job(control_units=())).picture
    assert (pixels(easel.render(easel.job(control_units=silent)).picture) == pixels(without)).all()
    assert (pixels(easel.render(job).picture) != pixels(without)).any()


def test_a_unit_that_ends_early_runs_only_until_then(easel: Easel) -> None:
    unit = easel.job().recipe.control_units[0].model_dump()
    full, half, none = (
        pixels(easel.render(easel.job(control_units=units)).picture)
        for units in ([unit], [unit | {"end": 0.5}], [])
    )
    assert (full != half).any()
    assert (half != none).any()


def test_an_empty_doodle_redraws_the_base_and_says_the_scribble_unit_was_left_out(
    easel: Easel,
) -> None:
    rendered = easel.render(easel.job(doodle=None))
    assert rendered.notes == ("unit pocket-scribble saw no strokes and was left out",)
    assert [m.name for m in rendered.models] == ["pocket-ink", "pocket-pose"]


def test_a_long_prompt_is_heard_to_its_end(easel: Easel) -> None:
    job = easel.job(guidance_scale=3.0)
    words = "red dress, " * 60
    one, other = (
        pixels(easel.render(job.model_copy(update={"prompt": words + last})).picture)
        for last in ("blue shorts", "green skirt")
    )
    assert (one != other).any()


def test_weights_in_a_prompt_move_the_picture_and_weight_one_does_not(easel: Easel) -> None:
    job = easel.job(guidance_scale=3.0)
    plain, same, stronger = (
        pixels(easel.render(job.model_copy(update={"prompt": text})).picture)
        for text in ("a red dress", "a (red:1.0) dress", "a (red:1.6) dress")
    )
    assert (plain == same).all()
    assert (plain != stronger).any()


def test_clip_skip_listens_to_another_layer(easel: Easel) -> None:
    one, other = (easel.render(easel.job(clip_skip=skip)).picture for skip in (1, 2))
    assert (pixels(one) != pixels(other)).any()


def test_guidance_ends_where_the_recipe_says(easel: Easel) -> None:
    whole, half, none = (
        pixels(easel.render(easel.job(guidance_scale=4.0, guidance_end=end)).picture)
        for end in (1.0, 0.5, 0.0)
    )
    assert (whole != half).any()
    assert (half != none).any()


def test_what_was_computed_once_is_not_computed_again(easel: Easel) -> None:
    engine = Engine(easel.catalogue, "cpu")
    fresh, job = Easel(easel.studio, easel.catalogue, engine), easel.job()
    first = fresh.render(job)
    before = engine.status()
    again = fresh.render(job.model_copy(update={"seed": job.seed + 1}))
    after = engine.status()
    assert first.picture != again.picture
    for cache in ("embeddings", "latents", "maps"):
        assert getattr(after, cache).misses == getattr(before, cache).misses
        assert getattr(after, cache).hits > getattr(before, cache).hits
    assert after.base_models.device_hits == before.base_models.device_hits + 1
    assert after.base_models.misses == 1


def test_what_really_took_part_is_recorded(easel: Easel) -> None:
    rendered = easel.render(easel.job())
    listed = {m.name: m.sha256 for m in easel.studio.catalogue.models()}
    assert {m.name: m.sha256 for m in rendered.models} == listed
    assert rendered.timings.render > 0


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_walks_every_schedule_it_says_it_can(easel: Easel, sampler: str) -> None:
    for schedule in SCHEDULE_TYPES:
        if schedule_fits(sampler, schedule):  # type: ignore[arg-type]
            job = easel.job(
                sampler=sampler, schedule_type=schedule, steps=4, strength=0.5, control_units=[]
            )
            assert pixels(easel.render(job).picture).std() > 5


def lora_file(folder: Path, width: int, scale: float = 0.5) -> Path:
    """A random LoRA on the pocket UNet's cross-attention, or one of another width."""
    from diffusers import UNet2DConditionModel

    unet = UNet2DConditionModel.from_pretrained(
        shipped("assets") / "models/checkpoints/pocket-ink/unet"
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
    from studio.bootstrap import Studio

    assert isinstance(shipped_studio, Studio)
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    lora_file(folder, 128)
    lora_file(folder, 96)
    lora_file(folder, 768)
    catalogue = Catalogue((shipped("assets") / "models", folder), Hashes(None))
    return Easel(shipped_studio, catalogue, Engine(catalogue, "cpu"))


def use(name: str, weight: float = 1.0) -> list[LoraUse]:
    return [LoraUse(model=ModelRef(name=name), weight=weight)]


def test_none_then_lora_then_none_gives_equal_pixels(lora_easel: Easel) -> None:
    bare, dressed = lora_easel.job(), lora_easel.job(loras=use("width-128"))
    before = pixels(lora_easel.render(bare).picture)
    changed = lora_easel.render(dressed)
    assert (pixels(changed.picture) != before).any()
    assert "width-128" in [m.name for m in changed.models]
    assert (pixels(lora_easel.render(bare).picture) == before).all()


def test_a_lora_is_unplugged_also_after_a_cancelled_job(lora_easel: Easel) -> None:
    bare, dressed = lora_easel.job(), lora_easel.job(loras=use("width-128"))
    before = pixels(lora_easel.render(bare).picture)
    with pytest.raises(Cancelled):
        lora_easel.render(dressed, is_cancelled=lambda: True)
    assert (pixels(lora_easel.render(bare).picture) == before).all()


def test_a_lora_that_does_not_fit_is_named_and_leaves_nothing(lora_easel: Easel) -> None:
    bare = lora_easel.job()
    before = pixels(lora_easel.render(bare).picture)
    with pytest.raises(UnfitModel, match="LoRA 'width-96'"):
        lora_easel.render(lora_easel.job(loras=use("width-96")))
    assert (pixels(lora_easel.render(bare).picture) == before).all()


def test_a_lora_of_another_family_is_refused_before_anything_is_loaded(lora_easel: Easel) -> None:
    fresh = Easel(lora_easel.studio, lora_easel.catalogue, Engine(lora_easel.catalogue, "cpu"))
    with pytest.raises(UnfitModel, match="lora 'width-768' is made for sd15, base model"):
        fresh.render(fresh.job(loras=use("width-768")))
    assert fresh.engine.status().base_models.misses == 0


def test_a_prompt_calls_a_lora_by_name(lora_easel: Easel) -> None:
    called = lora_easel.job(prompt_template="<lora:width-128:0.7> an avatar wearing {prompt}")
    named = lora_easel.job(loras=use("width-128", 0.7))
    assert (
        pixels(lora_easel.render(called).picture) == pixels(lora_easel.render(named).picture)
    ).all()


def test_many_loras_in_turn_keep_the_bank_small_and_the_base_exact(
    lora_easel: Easel, tmp_path: Path
) -> None:
    for seed in range(8):
        torch.manual_seed(seed)
        lora_file(tmp_path, 128).rename(tmp_path / "loras" / f"number-{seed}.safetensors")
    catalogue = Catalogue((shipped("assets") / "models", tmp_path), Hashes(None))
    easel = Easel(lora_easel.studio, catalogue, Engine(catalogue, "cpu"))
    quick: dict[str, Any] = {"steps": 2, "strength": 0.5, "control_units": ()}
    before = pixels(easel.render(easel.job(**quick)).picture)
    first = pixels(easel.render(easel.job(**quick, loras=use("number-0"))).picture)
    for seed in range(1, 8):
        easel.render(easel.job(**quick, loras=use(f"number-{seed}")))
    again = pixels(easel.render(easel.job(**quick, loras=use("number-0"))).picture)
    assert (first != before).any()
    assert (again == first).all()
    assert (pixels(easel.render(easel.job(**quick)).picture) == before).all()


def test_a_lora_at_weight_zero_is_not_even_loaded(lora_easel: Easel) -> None:
    rendered = lora_easel.render(lora_easel.job(loras=use("width-96", 0.0)))
    bare = lora_easel.render(lora_easel.job())
    assert (pixels(rendered.picture) == pixels(bare.picture)).all()


def test_unknown_models_are_named(easel: Easel) -> None:
    job = easel.job()
    for changes, said in (
        ({"base_model": ModelRef(name="nope")}, "no checkpoint named 'nope'"),
        ({"loras": tuple(use("nope"))}, "no lora named 'nope'"),
    ):
        gone = job.model_copy(
            update={
                "recipe": job.recipe.model_copy(update=changes),
                "loras": changes.get("loras", ()),
            }
        )
        with pytest.raises(NotFound, match=said):
            easel.render(gone)


def test_a_pose_unit_without_keypoints_says_what_to_do(easel: Easel) -> None:
    job = easel.job()
    bare: BaseImage = job.base_image.model_copy(update={"keypoints": None})
    with pytest.raises(InputError, match="has no keypoints: set them"):
        easel.render(job.model_copy(update={"base_image": bare}))


def test_damaged_weights_are_named_before_anything_is_rendered(
    easel: Easel, tmp_path: Path
) -> None:
    copy_tree(shipped("assets") / "models", tmp_path / "models")
    file = tmp_path / "models/checkpoints/pocket-ink/unet/diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[: 2**20])
    catalogue = Catalogue((tmp_path / "models",), Hashes(None))
    broken = Easel(easel.studio, catalogue, Engine(catalogue, "cpu"))
    with pytest.raises(UnfitModel, match="not the one the recipe was tuned with"):
        broken.job()
    with pytest.raises(DamagedModel, match="diffusion_pytorch_model.safetensors of model"):
        broken.render(broken.job(base_model=ModelRef(name="pocket-ink")))


def test_a_controlnet_of_another_family_is_refused(easel: Easel, tmp_path: Path) -> None:
    copy_tree(shipped("assets") / "models", tmp_path / "models")
    config = tmp_path / "models/controlnets/pocket-pose/config.json"
    config.write_text(config.read_text().replace('"cross_attention_dim": 128', '"cross_attention_dim": 768'))  # fmt: skip
    catalogue = Catalogue((tmp_path / "models",), Hashes(None))
    mixed = Easel(easel.studio, catalogue, Engine(catalogue, "cpu"))
    with pytest.raises(UnfitModel, match="'pocket-pose' is made for sd15"):
        mixed.render(mixed.job())


def test_an_error_inside_diffusers_becomes_one_of_ours(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object, **__: object) -> None:
        raise RuntimeError("a kernel burst\nwith a long tail")

    monkeypatch.setattr("studio.engine.passes.run", burst)
    with pytest.raises(EngineError, match="rendering with pocket-ink failed: a kernel burst$"):
        easel.render(easel.job())


def test_when_memory_runs_out_the_rest_is_let_go_and_it_is_tried_once_more(
    easel: Easel, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(easel.catalogue, "cpu")
    fresh, job = Easel(easel.studio, easel.catalogue, engine), easel.job()
    whole = pixels(fresh.render(job).picture)
    real, calls = pipelines.run, []

    def tight(*arguments: Any, **options: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) in (1, 3, 4):
            raise torch.OutOfMemoryError("no room")
        return real(*arguments, **options)

    monkeypatch.setattr("studio.engine.passes.run", tight)
    assert (pixels(fresh.render(job).picture) == whole).all()
    assert len(calls) == 2
    with pytest.raises(EngineError, match=r"too little memory for pocket-ink at 256 x 256"):
        fresh.render(job)
    assert (pixels(fresh.render(job).picture) == whole).all()


def test_numbers_that_overflow_name_the_recipe(easel: Easel) -> None:
    job = easel.job(guidance_scale=30.0)
    broken = job.model_copy(
        update={"recipe": job.recipe.model_copy(update={"guidance_scale": float("inf")})}
    )
    with pytest.raises(EngineError, match=r"recipe B made no picture: the numbers overflowed"):
        easel.render(broken)


def test_previews_come_with_the_steps_and_grow_towards_the_picture(easel: Easel) -> None:
    seen: list[Image.Image] = []
    job = easel.job("sporty", steps=10, strength=0.8)
    final = easel.render(job, on_preview=seen.append).picture
    assert [preview.size for preview in seen] == [(32, 32)] * 7
    small = pixels(final.resize((32, 32), Image.Resampling.BOX))
    away = [np.abs(pixels(preview) - small).mean() for preview in seen]
    assert away[-1] < away[0]
    assert away[-1] < 30


@pytest.mark.parametrize("mode", ["My prompt is more important", "ControlNet is more important"])
def test_control_modes_differ_from_balanced(easel: Easel, mode: str) -> None:
    job = easel.job(guidance_scale=3.0)
    units = [u.model_dump() | {"mode": mode} for u in job.recipe.control_units]
    balanced, other = (
        pixels(easel.render(each).picture)
        for each in (job, easel.job(guidance_scale=3.0, control_units=units))
    )
    assert (balanced != other).any()


@pytest.mark.parametrize("upscaler", ["Latent", "Lanczos"])
def test_upscaling_draws_a_second_pass_at_the_larger_size(easel: Easel, upscaler: str) -> None:
    seen: list[tuple[int, int]] = []
    enlarge = {"enabled": True, "upscaler": upscaler, "factor": 1.5, "steps": 4, "strength": 0.5}
    small, large = (
        easel.job(steps=6, strength=0.5),
        easel.job(steps=6, strength=0.5, upscale=enlarge),
    )
    first = easel.render(small).picture
    picture = easel.render(large, on_step=lambda d, t: seen.append((d, t))).picture
    assert picture.size == (384, 384)
    assert seen == [(step, 5) for step in range(1, 6)]
    away = pixels(picture.resize((256, 256), Image.Resampling.BOX)) - pixels(first)
    assert 1 < np.abs(away).mean() < 40


def test_face_repair_redraws_the_face_and_not_one_pixel_elsewhere(easel: Easel) -> None:
    mend = {"enabled": True, "strength": 0.5, "size": 128, "padding": 16, "blur": 3}
    plain = easel.job()
    before = pixels(easel.render(plain).picture)
    after = pixels(easel.render(easel.job(face_repair=mend)).picture)
    changed = (before != after).any(axis=-1)
    rows, columns = np.nonzero(changed)
    points = plain.base_image.keypoints
    assert points is not None
    assert points[0] is not None
    nose = (points[0][0] * 256, points[0][1] * 256)
    assert changed.mean() > 0.01
    assert np.abs(columns - nose[0]).max() < 80
    assert np.abs(rows - nose[1]).max() < 80


def test_a_base_without_keypoints_has_no_face_to_repair(easel: Easel) -> None:
    units = [u.model_dump() for u in easel.job().recipe.control_units if u.preprocessor != "pose"]
    job = easel.job(control_units=units, face_repair={"enabled": True, "size": 128})
    bare = job.model_copy(
        update={"base_image": job.base_image.model_copy(update={"keypoints": None})}
    )
    whole = job.model_copy(
        update={"recipe": job.recipe.model_copy(update={"face_repair": FaceRepair()})}
    )
    assert (pixels(easel.render(bare).picture) == pixels(easel.render(whole).picture)).all()
