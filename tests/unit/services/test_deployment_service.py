"""A theme's way through the gate, into a channel and back out."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio.app import AppContainer
from studio.errors import InvalidInputError, NotFoundError, PreflightFailedError, RenderError
from studio.recipes.evaluation.reports import (
    ImageComparison,
    QualityMetrics,
    RegressionReport,
    RobustnessCase,
    RobustnessReport,
)
from studio.recipes.generation.job import RenderJob
from studio.recipes.generation.recipe import ModelRef
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS, RecipeSet
from studio.services.themes.preflight import CheckResult, worst_level
from tests import examples
from tests.unit.models.test_catalog import controlnet


def saved(studio: AppContainer, **changes: Any) -> int:
    preset = studio.themes.get_version("first-light", 1).preset
    return studio.themes.save(preset.model_copy(update=changes)).version


def all_recipes(studio: AppContainer, **changes: Any) -> RecipeSet:
    recipe = studio.themes.get_version("first-light", 1).preset.recipes.A.model_copy(update=changes)
    return RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)


def passed(studio: AppContainer) -> list[str]:
    return [
        str(f.message) for f in studio.deployments.run_checks("first-light") if f.level == "pass"
    ]


def robustness(kept: int, lost: int) -> RobustnessReport:
    cell = RobustnessCase(doodle="all-black", base_image="mia", slot="A", score=0.9, passed=True)
    gone = cell.model_copy(update={"score": 0.1, "passed": False})
    return RobustnessReport(cases=(cell,) * kept + (gone,) * lost)


def sheet(seen_by: tuple[str, ...] = ()) -> RegressionReport:
    cell = ImageComparison(doodle="star-dress", seed=1, slot="A", delta_e=6.5)
    looks = QualityMetrics(color_error=8.0, diversity=12.0, seed_diversity=5.0)
    return RegressionReport(
        baseline_version=3, comparisons=(cell,), metrics=looks, reviewed_by=seen_by
    )


def stops(findings: tuple[CheckResult, ...]) -> list[str]:
    return [str(finding.message) for finding in findings if finding.level == "stop"]


def test_a_shipped_theme_passes_with_a_warning_until_it_was_rendered(studio: AppContainer) -> None:
    findings = studio.deployments.run_checks("first-light")
    assert worst_level(findings) == "warning"
    assert "recipe A, B, C, D of this version was never rendered" in [
        str(f.message) for f in findings
    ]
    for slot in SLOTS:
        made = examples.variant(slot=slot, theme_slug="first-light", theme_version=1)
        studio.variants.add(made, examples.png())
    assert "6.0 s for four variants, as rendered here" in passed(studio)
    reports = studio.evaluations.reports
    reports.add("first-light", 1, "robustness", robustness(kept=19, lost=1))
    reports.add("first-light", 1, "regression", sheet(seen_by=("ada",)))
    assert worst_level(studio.deployments.run_checks("first-light")) == "pass"


def test_recipes_that_were_never_rendered_are_tried_for_a_step(studio: AppContainer) -> None:
    assert "dry run: recipe A, B, C, D draws" in passed(studio)
    made = examples.variant(slot="B", theme_slug="first-light", theme_version=1)
    studio.variants.add(made, examples.png())
    tried: list[RenderJob] = []

    def draw(job: RenderJob) -> bytes:
        tried.append(job)
        if job.slot == "C":
            raise RenderError("recipe C: out of memory")
        return b""

    gate = replace(studio.deployments.gate, render_preview=draw)
    assert stops(gate.check(studio.themes.get_version("first-light"))) == [
        "dry run: recipe C: out of memory"
    ]
    assert [(job.slot, job.recipe.steps) for job in tried] == [("A", 1), ("C", 1)]


def test_the_gate_asks_for_the_robustness_pack_and_stops_where_the_figure_is_lost(
    studio: AppContainer,
) -> None:
    whats = {str(f.message): f for f in studio.deployments.run_checks("first-light")}
    missing = whats["the robustness pack was not run on this version"]
    assert (missing.level, str(missing.hint)) == ("warning", "studio presets robustness first-light --version 1")  # fmt: skip
    studio.evaluations.reports.add("first-light", 1, "robustness", robustness(kept=8, lost=2))
    [lost] = stops(studio.deployments.run_checks("first-light"))
    assert "kept in 80% of the robustness pack's pictures, 90% are needed" in lost
    assert "lost under all-black (A)" in lost
    studio.evaluations.reports.add("first-light", 1, "robustness", robustness(kept=9, lost=1))
    assert "the figure is kept in 90% of the robustness pack's pictures" in passed(studio)


def test_the_gate_asks_who_has_seen_the_regression_sheet(studio: AppContainer) -> None:
    reports = studio.evaluations.reports
    whats = [str(f.message) for f in studio.deployments.run_checks("first-light")]
    assert "no regression sheet was drawn of this version" in whats
    reports.add("first-light", 1, "regression", sheet())
    assert "nobody has looked at the regression sheet" in [str(f.message) for f in studio.deployments.run_checks("first-light")]  # fmt: skip
    studio.evaluations.mark_reviewed("first-light", 1, "ada")
    studio.evaluations.mark_reviewed("first-light", 1, "bo")
    studio.evaluations.mark_reviewed("first-light", 1, "bo")
    assert "regression sheet seen by ada, bo; 6.5 from version 3" in passed(studio)


def test_a_deployed_version_whose_model_is_gone_falls_back_where_that_is_allowed(
    studio: AppContainer,
) -> None:
    deploying, net = (
        studio.deployments,
        controlnet(studio.settings.user_models_dir, "own", fill=1.0),
    )
    unit = examples.unit(model=ModelRef(name="own"))
    second = saved(studio, recipes=all_recipes(studio, control_units=(unit,)))
    deploying.deploy(DeploymentSpec(slug="first-light", version=1))
    deploying.deploy(DeploymentSpec(slug="first-light", version=second, fallback_to_previous=True))
    assert deploying.resolve_version("first-light", "live", "r").version == second
    assert deploying.unhealthy("live") == {}
    shutil.rmtree(net)
    assert "no controlnet named 'own'" in str(deploying.unhealthy("live")["first-light"][0])
    assert deploying.resolve_version("first-light", "live", "r").version == 1
    deploying.deploy(DeploymentSpec(slug="first-light", version=second, bypassed_checks=True))
    assert deploying.resolve_version("first-light", "live", "r").version == second


def test_a_theme_that_is_served_is_not_archived(studio: AppContainer) -> None:
    studio.deployments.deploy(DeploymentSpec(slug="first-light", version=1, channel="canary"))
    with pytest.raises(
        InvalidInputError, match=r"'first-light' is served in canary: take it down first"
    ):
        studio.deployments.archive("first-light")
    studio.deployments.undeploy("first-light", "canary")
    studio.deployments.archive("first-light")
    assert "first-light" not in [each.slug for each in studio.themes.list_summaries()]
    studio.deployments.archive("first-light", archived=False)
    assert "first-light" in [each.slug for each in studio.themes.list_summaries()]


def test_the_gate_counts_tokens_with_the_longest_words_of_a_user(studio: AppContainer) -> None:
    whats = [str(finding.message) for finding in studio.deployments.run_checks("first-light")]
    [told] = [what for what in whats if what.startswith("recipe A: ") and "tokens" in what]
    own, longest = (int(word) for word in told.split() if word.isdigit())
    assert own < 75 < longest
    saved(studio, theme_prompt="a meadow in spring, " * 30)
    findings = studio.deployments.run_checks("first-light")
    wordy = [f for f in findings if "the theme alone takes" in str(f.message)]
    assert [f.level for f in wordy] == ["warning"] * 4


def test_the_gate_stops_what_cannot_be_served_and_says_what_to_do(studio: AppContainer) -> None:
    gone = ModelRef(name="gone")
    other = studio.themes.get_version("first-light", 1).preset.recipes.A.base_model.model_copy(update={"sha256": "0" * 64})  # fmt: skip
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"recipes": all_recipes(studio, base_model=gone)}, "checkpoint gone", "studio models pull"),
        ({"recipes": all_recipes(studio, base_model=other)}, "checkpoint pocket-ink", "not the one the recipe was tuned with"),
        ({"base_images": ("nobody",)}, "base image nobody", "no base image named"),
        ({"recipes": all_recipes(studio, control_units=(examples.unit(source="image", image_sha256="0" * 64),))}, "own picture 0000000000", "is gone"),
        ({"theme_prompt": "soft <lora:gone:1>"}, "lora gone", "no lora named"),
        ({"theme_prompt": "<lora:pocket-neon:0.1>" * 9}, "LoRAs that prompts call", "recipe A: 9 LoRAs are too many"),
    ]  # fmt: skip
    for changes, what, remedy in cases:
        saved(studio, **changes)
        findings = studio.deployments.run_checks("first-light")
        found = [f for f in findings if f.level == "stop"]
        assert [str(f.message) for f in found] == [what]
        assert remedy in str(found[0].hint)


def test_a_base_image_without_a_figure_stops_pose_units_alone(studio: AppContainer) -> None:
    bare = studio.base_images.get("mia").model_copy(update={"keypoints": None})
    studio.base_images.upsert(bare, studio.base_images.read_png(bare))
    assert stops(studio.deployments.run_checks("first-light")) == [
        "base image mia has no keypoints, which pose units need"
    ]
    saved(studio, recipes=all_recipes(studio, control_units=()))
    assert stops(studio.deployments.run_checks("first-light")) == []


def test_a_controlnet_of_another_family_stops(studio: AppContainer) -> None:
    controlnet(studio.settings.user_models_dir, "wide", width=768)
    saved(studio, recipes=all_recipes(studio, control_units=(examples.unit(model=ModelRef(name="wide")),)))  # fmt: skip
    assert stops(studio.deployments.run_checks("first-light"))[0] == (
        "recipe A: controlnet wide is made for sd15, pocket-ink is pocket"
    )


def test_memory_is_held_against_the_device(studio: AppContainer) -> None:
    version = studio.themes.get_version("first-light")
    gate = studio.deployments.gate
    small, large = (replace(gate, device_bytes=size).check(version) for size in (10**6, 10**10))
    assert "more than the 0.001 GB there are" in stops(small)[0]
    assert stops(large) == []


def test_deploy_roll_back_and_take_down(studio: AppContainer) -> None:
    deploying = studio.deployments
    deploying.deploy(DeploymentSpec(slug="first-light", version=1, author="ada"))
    second = saved(studio, theme_prompt="bold")
    deploying.deploy(DeploymentSpec(slug="first-light", version=second))
    assert [s.version.version for s in deploying.active_deployments("live")] == [2]
    assert deploying.resolve_version("first-light", "live", "r").preset.theme_prompt == "bold"
    back = deploying.roll_back("first-light", "live", author="bo")
    assert (back.spec.version, back.spec.note) == (1, "rolled back from version 2")
    assert [s.version.version for s in deploying.active_deployments("live")] == [1]
    deploying.undeploy("first-light", "live")
    assert deploying.active_deployments("live") == []
    with pytest.raises(NotFoundError, match="'live' does not serve a theme 'first-light'"):
        deploying.resolve_version("first-light", "live", "r")
    assert len(deploying.deployments.list_all()) == 4


def test_there_is_no_way_back_from_the_first(studio: AppContainer) -> None:
    studio.deployments.deploy(DeploymentSpec(slug="first-light", version=1))
    with pytest.raises(NotFoundError, match="served no other version"):
        studio.deployments.roll_back("first-light", "live")


def test_what_the_gate_stops_is_served_only_when_forced_and_that_is_recorded(
    studio: AppContainer,
) -> None:
    number = saved(studio, base_images=("nobody",))
    with pytest.raises(PreflightFailedError, match=r"base image nobody .*--force"):
        studio.deployments.deploy(DeploymentSpec(slug="first-light", version=number))
    with pytest.raises(PreflightFailedError):
        studio.deployments.deploy(
            DeploymentSpec(slug="first-light", version=1, canary_version=number, canary_percent=5)
        )
    assert studio.deployments.deployments.list_all() == []
    studio.deployments.deploy(
        DeploymentSpec(slug="first-light", version=number, bypassed_checks=True)
    )
    assert studio.deployments.deployments.list_all()[0].spec.bypassed_checks


def test_a_reviewed_order_is_given_only_once_every_warning_was_seen(studio: AppContainer) -> None:
    """Issue 18, 16: one click put a version live that nobody had tested."""
    order = DeploymentSpec(slug="first-light", version=1, author="ada")
    warnings = [
        str(f.message) for f in studio.deployments.run_checks("first-light") if f.level == "warning"
    ]
    assert len(warnings) >= 3
    with pytest.raises(
        InvalidInputError, match="confirm first what the checks say of version 1: .*robust"
    ):
        studio.deployments.deploy(order, seen={})
    with pytest.raises(InvalidInputError, match=f"version 1: {warnings[-1]}"):
        studio.deployments.deploy(order, seen={1: warnings[:-1]})
    assert studio.deployments.deployments.list_all() == []
    assert studio.deployments.deploy(order, seen={1: warnings}).spec.author == "ada"


# Issue 19, 1.
def test_findings_may_have_been_read_in_any_language(studio: AppContainer) -> None:
    found = studio.deployments.run_checks("first-light", 1)
    seen = [each.message.text("zh-CN") for each in found if each.level != "pass"]
    assert "还没有人看过对照表" in seen or "此版本尚未绘制对照表" in seen
    order = DeploymentSpec(slug="first-light", version=1)
    assert studio.deployments.deploy(order, seen={1: seen}).spec.version == 1


def test_a_trial_and_force_are_reviewed_too(studio: AppContainer) -> None:
    stopped = saved(studio, base_images=("nobody",))
    seen = [
        str(f.message) for f in studio.deployments.run_checks("first-light", 1) if f.level != "pass"
    ]
    order = DeploymentSpec(
        slug="first-light",
        version=1,
        canary_version=stopped,
        canary_percent=5,
        bypassed_checks=True,
    )
    with pytest.raises(InvalidInputError, match=f"version {stopped}: base image nobody"):
        studio.deployments.deploy(order, seen={1: seen})
    found = [
        str(f.message)
        for f in studio.deployments.run_checks("first-light", stopped)
        if f.level != "pass"
    ]
    assert studio.deployments.deploy(order, seen={1: seen, stopped: found}).spec.bypassed_checks


def test_a_season_comes_and_goes(studio: AppContainer) -> None:
    now = datetime.now(UTC)
    week = timedelta(days=7)
    second = saved(studio, theme_prompt="winter")
    studio.deployments.deploy(DeploymentSpec(slug="first-light", version=1))
    season = DeploymentSpec(
        slug="first-light", version=second, starts_at=now + week, ends_at=now + 2 * week
    )
    studio.deployments.deploy(season)
    served = [
        studio.deployments.active_deployments("live", now + week * n + week / 2) for n in range(3)
    ]
    assert [[s.version.version for s in each] for each in served] == [[1], [2], [1]]
