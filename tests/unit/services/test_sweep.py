"""Sweeps into a directory: rendering, resuming, contact sheets, cost."""

from dataclasses import replace
from pathlib import Path

import pytest

from studio.errors import InvalidInputError, RenderError
from studio.imaging.png_io import decode_png
from studio.recipes.generation.axes import Axis
from studio.recipes.themes.preset import RecipeSet
from studio.services.rendering.sweep import Sweep, estimate_cost, run_sweep, sweep_cache
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.unit.services.test_render_service import Bench


def sweep(bench: Bench, *axes: str, user_prompt: str = "") -> Sweep:
    recipe = examples.recipe(prompt_template="a red coat, {prompt}")
    same = RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)
    request = bench.request(
        preset=examples.preset(recipes=same), doodle=examples.doodle(), words=user_prompt
    )
    return Sweep(request, "B", [Axis.parse(axis) for axis in axes])


def test_third_axis_makes_one_contact_sheet_per_value(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    bench = Bench(tmp_path, renderer)
    progress: list[tuple[int, int]] = []
    planned = sweep(bench, "denoising_strength=0.4,0.6", "steps=8,9,10", "seed=1,2")
    files = run_sweep(
        planned, bench.service, tmp_path / "out", lambda *counts: progress.append(counts)
    )
    assert [file.name for file in files] == ["sheet-1.png", "sheet-2.png"]
    assert progress == [(n, 12) for n in range(1, 13)]
    assert {
        (j.slot, j.recipe.denoising_strength, j.recipe.steps, j.seed) for j in renderer.rendered
    } == {
        ("B", strength, steps, seed)
        for strength in (0.4, 0.6)
        for steps in (8, 9, 10)
        for seed in (1, 2)
    }
    assert decode_png(files[0].read_bytes(), "it").width > 2 * 256


def test_a_recipes_name_decides_no_image(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    bench = Bench(tmp_path, renderer)
    planned, directory = sweep(bench, "steps=8"), tmp_path / "out"
    run_sweep(planned, bench.service, directory, lambda *_: None)
    recipe = planned.request.preset.recipes.B.model_copy(update={"name": "Ink, free"})
    recipes = planned.request.preset.recipes.replace("B", recipe)
    preset = planned.request.preset.model_copy(update={"recipes": recipes})
    renamed = replace(planned, request=planned.request.model_copy(update={"preset": preset}))
    assert estimate_cost(renamed, sweep_cache(bench.service, directory)).cached == 1


def test_interrupted_sweep_resumes_from_the_cache(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    bench = Bench(tmp_path, renderer)
    planned, directory = sweep(bench, "steps=8,9,10"), tmp_path / "out"

    def power_cut(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_sweep(planned, bench.service, directory, power_cut)
    assert len(renderer.rendered) == 2
    (sheet,) = run_sweep(planned, bench.service, directory, lambda *_: None)
    assert len(renderer.rendered) == 3
    assert sheet.name == "sheet.png"
    run_sweep(
        sweep(bench, "steps=8,9,10", user_prompt="other"), bench.service, directory, lambda *_: None
    )
    assert len(renderer.rendered) == 6


def test_prompt_axis_replaces_text_in_template_theme_and_user_prompt(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    jobs = sweep(bench, "prompt=red,blue", user_prompt="with red dots").jobs()
    assert [job.prompt for _, job in jobs] == [
        "a red coat, with red dots, soft colours",
        "a blue coat, with blue dots, soft colours",
    ]


def test_replaced_prompts_stay_within_the_limits(tmp_path: Path) -> None:
    planned = sweep(Bench(tmp_path, FakeRenderer()), "prompt=soft," + "x" * 2000)
    for theme_prompt, user_prompt in (("soft, soft, soft", ""), ("", "a soft dog")):
        preset = planned.request.preset.model_copy(update={"theme_prompt": theme_prompt})
        request = planned.request.model_copy(update={"preset": preset, "user_prompt": user_prompt})
        with pytest.raises(InvalidInputError, match="Prompt too long"):
            replace(planned, request=request).jobs()


def test_a_sheet_of_many_images_is_made_of_smaller_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.services.rendering.sweep.MAX_SHEET_PIXELS", 6 * 100 * 100)
    bench, directory = Bench(tmp_path, FakeRenderer()), tmp_path / "out"
    planned = sweep(bench, "steps=8,9,10", "seed=1,2")
    [sheet] = run_sweep(planned, bench.service, directory, lambda *_: None)
    assert 3 * 100 < decode_png(sheet.read_bytes(), "it").width < 3 * 256


def test_failed_image_ends_the_sweep_with_its_error(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer(errors={"B": RenderError("no room for B")}))
    with pytest.raises(RenderError, match="no room for B"):
        run_sweep(sweep(bench, "steps=8"), bench.service, tmp_path / "out", lambda *_: None)


def test_sweep_needs_one_to_three_axes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, FakeRenderer())
    for axes in ((), ("steps=1",) * 4):
        with pytest.raises(InvalidInputError, match="one to three axes"):
            sweep(bench, *axes).jobs()


def test_theme_axis_uses_recipes_and_prompts_of_each_theme(tmp_path: Path) -> None:
    renderer = FakeRenderer()
    bench = Bench(tmp_path, renderer)
    other = examples.preset(slug="autumn", name="Autumn", theme_prompt="falling leaves")
    planned = sweep(bench, "preset=spring,autumn", "steps=8,9")
    with_themes = replace(planned, themes={"spring": planned.request.preset, "autumn": other})
    run_sweep(with_themes, bench.service, tmp_path / "out", lambda *_: None)
    rendered = {("falling leaves" in job.prompt, job.recipe.steps) for job in renderer.rendered}
    assert rendered == {(False, 8), (False, 9), (True, 8), (True, 9)}
    with pytest.raises(InvalidInputError, match="Theme not found: “winter”"):
        sweep(bench, "preset=winter").jobs()


def test_cost_counts_images_cached_images_and_model_switches(tmp_path: Path) -> None:
    bench, directory = Bench(tmp_path, FakeRenderer()), tmp_path / "out"
    run_sweep(sweep(bench, "steps=8"), bench.service, directory, lambda *_: None)
    models = "base_model.name=pocket-ink,pocket-water"
    cost = estimate_cost(sweep(bench, "steps=8,9", models), sweep_cache(bench.service, directory))
    assert (cost.images, cost.cached, cost.model_switches) == (4, 1, 1)
