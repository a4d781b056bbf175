"""Deployments: preflight, rollback, canary, fallback, schedule."""

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
from studio.recipes.generation.recipe import MaskSettings, ModelRef
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import SLOTS, RecipeSet
from studio.services.themes.check_result import CheckResult, worst_level
from tests import examples
from tests.unit.models.test_catalog import controlnet
from tests.unit.models.test_folder_config import encoder, write_model
from tests.unit.models.test_identification import ip_adapter, write


def saved(studio: AppContainer, **changes: Any) -> int:
    preset = studio.stores.themes.get_version("first-light", 1).preset
    return studio.stores.themes.save(preset.model_copy(update=changes)).version


def all_recipes(studio: AppContainer, **changes: Any) -> RecipeSet:
    recipe = studio.stores.themes.get_version("first-light", 1).preset.recipes.A.model_copy(
        update=changes
    )
    return RecipeSet(A=recipe, B=recipe, C=recipe, D=recipe)


def passed(studio: AppContainer) -> list[str]:
    return [
        str(f.message)
        for f in studio.authoring.deployments.run_checks("first-light")
        if f.level == "pass"
    ]


def robustness(passed: int, failed: int) -> RobustnessReport:
    case = RobustnessCase(doodle="all-black", base_image="mia", slot="A", score=0.9, passed=True)
    failed_case = case.model_copy(update={"score": 0.1, "passed": False})
    return RobustnessReport(cases=(case,) * passed + (failed_case,) * failed)


def sheet(reviewed_by: tuple[str, ...] = ()) -> RegressionReport:
    case = ImageComparison(doodle="star-dress", seed=1, slot="A", delta_e=6.5)
    metrics = QualityMetrics(color_error=8.0, diversity=12.0, seed_diversity=5.0)
    return RegressionReport(
        baseline_version=3, comparisons=(case,), metrics=metrics, reviewed_by=reviewed_by
    )


def stops(findings: tuple[CheckResult, ...]) -> list[str]:
    return [str(finding.message) for finding in findings if finding.level == "error"]


def test_bundled_theme_has_warnings_until_rendered_and_evaluated(studio: AppContainer) -> None:
    findings = studio.authoring.deployments.run_checks("first-light")
    assert worst_level(findings) == "warning"
    assert "Recipe A, B, C, D has never been rendered in this version" in [
        str(f.message) for f in findings
    ]
    for slot in SLOTS:
        variant = examples.variant(slot=slot, theme_slug="first-light", theme_version=1)
        studio.stores.variants.add(variant, examples.png())
    assert "6.0 s for four variants on this machine" in passed(studio)
    reports = studio.stores.reports
    reports.add("first-light", 1, "robustness", robustness(passed=19, failed=1))
    reports.add("first-light", 1, "regression", sheet(reviewed_by=("ada",)))
    assert worst_level(studio.authoring.deployments.run_checks("first-light")) == "pass"


def test_dry_run_renders_one_step_of_unrendered_recipes(studio: AppContainer) -> None:
    assert "Dry run passed: recipe A, B, C, D" in passed(studio)
    variant = examples.variant(slot="B", theme_slug="first-light", theme_version=1)
    studio.stores.variants.add(variant, examples.png())
    rendered: list[RenderJob] = []

    def render(job: RenderJob) -> bytes:
        rendered.append(job)
        if job.slot == "C":
            raise RenderError("recipe C: out of memory")
        return b""

    preflight = replace(studio.authoring.deployments.preflight, render_preview=render)
    assert stops(preflight.check(studio.stores.themes.get_version("first-light"))) == [
        "Dry run failed: recipe C: out of memory"
    ]
    assert [(job.slot, job.recipe.steps) for job in rendered] == [("A", 1), ("C", 1)]


def test_dry_run_has_no_doodle_and_needs_no_mask(studio: AppContainer) -> None:
    """Issue 23, 1."""
    rendered: list[RenderJob] = []

    def render(job: RenderJob) -> bytes:
        rendered.append(job)
        return b""

    version = studio.stores.themes.get_version("first-light")
    recipes = version.preset.recipes
    for slot in SLOTS:
        mask = MaskSettings(area="doodle", keep_face=True)
        recipes = recipes.replace(slot, recipes[slot].model_copy(update={"mask": mask}))
    preset = version.preset.model_copy(update={"recipes": recipes})
    preflight = replace(studio.authoring.deployments.preflight, render_preview=render)
    assert stops(preflight.check(version.model_copy(update={"preset": preset}))) == []
    assert [job.slot for job in rendered] == ["A", "B", "C", "D"]


def test_preflight_requires_a_passed_robustness_suite(
    studio: AppContainer,
) -> None:
    messages = {str(f.message): f for f in studio.authoring.deployments.run_checks("first-light")}
    missing = messages["Robustness suite not run for this version"]
    assert (missing.level, str(missing.hint)) == (
        "warning",
        "Run: studio themes robustness first-light --version 1",
    )
    studio.stores.reports.add("first-light", 1, "robustness", robustness(passed=8, failed=2))
    [lost] = stops(studio.authoring.deployments.run_checks("first-light"))
    assert "Robustness pass rate 80% (minimum 90%)" in lost
    assert "failed: all-black (A)" in lost
    studio.stores.reports.add("first-light", 1, "robustness", robustness(passed=9, failed=1))
    assert "Robustness pass rate 90%" in passed(studio)


def test_preflight_requires_a_reviewed_regression_report(studio: AppContainer) -> None:
    reports = studio.stores.reports
    messages = [str(f.message) for f in studio.authoring.deployments.run_checks("first-light")]
    assert "Regression suite not run for this version" in messages
    reports.add("first-light", 1, "regression", sheet())
    assert "Regression report not reviewed" in [
        str(f.message) for f in studio.authoring.deployments.run_checks("first-light")
    ]
    studio.evaluation.suites.mark_reviewed("first-light", 1, "ada")
    studio.evaluation.suites.mark_reviewed("first-light", 1, "bo")
    studio.evaluation.suites.mark_reviewed("first-light", 1, "bo")
    assert "Regression report reviewed by ada, bo; median change 6.5 from version 3" in passed(
        studio
    )


def test_deployment_with_a_missing_model_falls_back_where_allowed(
    studio: AppContainer,
) -> None:
    deployments, net_directory = (
        studio.authoring.deployments,
        controlnet(studio.settings.user_models_dir, "own", fill=1.0),
    )
    unit = examples.unit(model=ModelRef(name="own"))
    second = saved(studio, recipes=all_recipes(studio, control_units=(unit,)))
    deployments.deploy(DeploymentSpec(slug="first-light", version=1))
    deployments.deploy(
        DeploymentSpec(slug="first-light", version=second, fallback_to_previous=True)
    )
    assert deployments.resolve_version("first-light", "live", "r").version == second
    assert deployments.unhealthy("live") == {}
    shutil.rmtree(net_directory)
    assert "ControlNet not found: “own”" in str(deployments.unhealthy("live")["first-light"][0])
    assert deployments.resolve_version("first-light", "live", "r").version == 1
    deployments.deploy(DeploymentSpec(slug="first-light", version=second, bypassed_checks=True))
    assert deployments.resolve_version("first-light", "live", "r").version == second


def test_deployed_theme_cannot_be_archived(studio: AppContainer) -> None:
    studio.authoring.deployments.deploy(
        DeploymentSpec(slug="first-light", version=1, channel="canary")
    )
    with pytest.raises(
        InvalidInputError, match=r"Theme “first-light” is deployed to canary\. Undeploy it first\."
    ):
        studio.authoring.deployments.archive("first-light")
    studio.authoring.deployments.undeploy("first-light", "canary")
    studio.authoring.deployments.archive("first-light")
    assert "first-light" not in [each.slug for each in studio.stores.themes.list_summaries()]
    studio.authoring.deployments.archive("first-light", archived=False)
    assert "first-light" in [each.slug for each in studio.stores.themes.list_summaries()]


def test_preflight_counts_tokens_with_the_longest_user_prompt(studio: AppContainer) -> None:
    messages = [
        str(finding.message) for finding in studio.authoring.deployments.run_checks("first-light")
    ]
    [line] = [text for text in messages if text.startswith("Recipe A: ") and "tokens" in text]
    own, longest = (int(word) for word in line.split() if word.isdigit())
    assert own < 75 < longest
    saved(studio, theme_prompt="a meadow in spring, " * 30)
    findings = studio.authoring.deployments.run_checks("first-light")
    long_prompts = [f for f in findings if "the theme alone uses" in str(f.message)]
    assert [f.level for f in long_prompts] == ["warning"] * 4


def test_preflight_stops_invalid_versions_with_a_hint(studio: AppContainer) -> None:
    gone = ModelRef(name="gone")
    other = studio.stores.themes.get_version(
        "first-light", 1
    ).preset.recipes.A.base_model.model_copy(update={"sha256": "0" * 64})
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"recipes": all_recipes(studio, base_model=gone)}, "Base model gone", "studio models pull"),
        ({"recipes": all_recipes(studio, base_model=other)}, "Base model pocket-ink", "Hash mismatch"),
        ({"base_images": ("nobody",)}, "Base image nobody", "Base image not found"),
        ({"recipes": all_recipes(studio, control_units=(examples.unit(source="image", image_sha256="0" * 64),))}, "Image 0000000000 of a control unit or reference", "is missing"),
        ({"theme_prompt": "soft <lora:gone:1>"}, "LoRA gone", "LoRA not found"),
        ({"theme_prompt": "<lora:pocket-neon:0.1>" * 9}, "LoRAs called in prompts", "Too many LoRAs in a recipe: 9"),
    ]  # fmt: skip
    for changes, text, hint in cases:
        saved(studio, **changes)
        findings = studio.authoring.deployments.run_checks("first-light")
        results = [f for f in findings if f.level == "error"]
        assert [str(f.message) for f in results] == [text]
        assert hint in str(results[0].hint)


def test_base_image_without_keypoints_stops_pose_units_only(studio: AppContainer) -> None:
    without_keypoints = studio.stores.base_images.get("mia").model_copy(update={"keypoints": None})
    studio.stores.base_images.upsert(
        without_keypoints, studio.stores.base_images.read_png(without_keypoints)
    )
    assert stops(studio.authoring.deployments.run_checks("first-light")) == [
        "Base image mia has no keypoints, but the recipes use pose units"
    ]
    saved(studio, recipes=all_recipes(studio, control_units=()))
    assert stops(studio.authoring.deployments.run_checks("first-light")) == []


def test_controlnet_of_another_family_stops(studio: AppContainer) -> None:
    controlnet(studio.settings.user_models_dir, "wide", width=768)
    saved(
        studio,
        recipes=all_recipes(studio, control_units=(examples.unit(model=ModelRef(name="wide")),)),
    )
    assert stops(studio.authoring.deployments.run_checks("first-light"))[0] == (
        "Recipe A: ControlNet wide is for sd15, but base model pocket-ink is pocket"
    )


# Issue 23, 3.
def test_references_need_an_image_encoder_and_an_adapter_of_the_family(
    studio: AppContainer,
) -> None:
    models = studio.settings.user_models_dir
    write(models / "ip_adapters" / "plus.safetensors", ip_adapter(width=128))
    sha256 = studio.rendering.request_factory.store_control_image(examples.png())
    saved(
        studio,
        recipes=all_recipes(studio, references=(examples.reference(image_sha256=sha256),)),
    )
    errors = [
        f for f in studio.authoring.deployments.run_checks("first-light") if f.level == "error"
    ]
    assert [str(error.message) for error in errors] == [
        f"Recipe {slot}: image encoder of IP-Adapter “plus”" for slot in SLOTS
    ]
    assert "needs an image encoder with features of width 1024" in str(errors[0].hint)
    write_model(models, "image_encoders", encoder())
    assert stops(studio.authoring.deployments.run_checks("first-light")) == []
    write(models / "ip_adapters" / "plus.safetensors", ip_adapter())
    assert stops(studio.authoring.deployments.run_checks("first-light"))[0] == (
        "Recipe A: IP-Adapter plus is for sd15, but base model pocket-ink is pocket"
    )


def test_memory_is_compared_with_the_device(studio: AppContainer) -> None:
    version = studio.stores.themes.get_version("first-light")
    preflight = studio.authoring.deployments.preflight
    small, large = (
        replace(preflight, device_bytes=size).check(version) for size in (10**6, 10**10)
    )
    assert "0.001 GB available" in stops(small)[0]
    assert stops(large) == []


def test_deploy_rollback_and_undeploy(studio: AppContainer) -> None:
    deployments = studio.authoring.deployments
    deployments.deploy(DeploymentSpec(slug="first-light", version=1, author="ada"))
    second = saved(studio, theme_prompt="bold")
    deployments.deploy(DeploymentSpec(slug="first-light", version=second))
    assert [s.version.version for s in deployments.active_deployments("live")] == [2]
    assert deployments.resolve_version("first-light", "live", "r").preset.theme_prompt == "bold"
    back = deployments.rollback("first-light", "live", author="bo")
    assert (back.spec.version, back.spec.note) == (1, "rolled back from version 2")
    assert [s.version.version for s in deployments.active_deployments("live")] == [1]
    deployments.undeploy("first-light", "live")
    assert deployments.active_deployments("live") == []
    with pytest.raises(
        NotFoundError, match=r"Theme “first-light” is not deployed to channel “live”\."
    ):
        deployments.resolve_version("first-light", "live", "r")
    assert len(deployments.list_deployments()) == 4


def test_first_deployment_cannot_be_rolled_back(studio: AppContainer) -> None:
    studio.authoring.deployments.deploy(DeploymentSpec(slug="first-light", version=1))
    with pytest.raises(NotFoundError, match="no earlier version"):
        studio.authoring.deployments.rollback("first-light", "live")


def test_failed_preflight_is_deployed_only_with_bypass_which_is_recorded(
    studio: AppContainer,
) -> None:
    number = saved(studio, base_images=("nobody",))
    with pytest.raises(PreflightFailedError, match="Base image nobody .*--force"):
        studio.authoring.deployments.deploy(DeploymentSpec(slug="first-light", version=number))
    with pytest.raises(PreflightFailedError):
        studio.authoring.deployments.deploy(
            DeploymentSpec(slug="first-light", version=1, canary_version=number, canary_percent=5)
        )
    assert studio.stores.deployments.list_all() == []
    studio.authoring.deployments.deploy(
        DeploymentSpec(slug="first-light", version=number, bypassed_checks=True)
    )
    assert studio.stores.deployments.list_all()[0].spec.bypassed_checks


def test_deployment_needs_every_warning_acknowledged(studio: AppContainer) -> None:
    """Issue 18, 16: one click put a version live that nobody had tested."""
    spec = DeploymentSpec(slug="first-light", version=1, author="ada")
    warnings = [
        str(f.message)
        for f in studio.authoring.deployments.run_checks("first-light")
        if f.level == "warning"
    ]
    assert len(warnings) >= 3
    with pytest.raises(InvalidInputError, match="Findings of version 1 not acknowledged: .*Robust"):
        studio.authoring.deployments.deploy(spec, acknowledged={})
    with pytest.raises(InvalidInputError, match=f"not acknowledged: {warnings[-1]}"):
        studio.authoring.deployments.deploy(spec, acknowledged={1: warnings[:-1]})
    assert studio.stores.deployments.list_all() == []
    assert (
        studio.authoring.deployments.deploy(spec, acknowledged={1: warnings}).spec.author == "ada"
    )


# Issue 19, 1.
def test_results_may_be_acknowledged_in_any_language(studio: AppContainer) -> None:
    results = studio.authoring.deployments.run_checks("first-light", 1)
    acknowledged = [each.message.text("zh-CN") for each in results if each.level != "pass"]
    assert "回归报告尚未审阅" in acknowledged or "此版本尚未运行回归测试" in acknowledged
    spec = DeploymentSpec(slug="first-light", version=1)
    assert (
        studio.authoring.deployments.deploy(spec, acknowledged={1: acknowledged}).spec.version == 1
    )


def test_canary_and_bypass_need_acknowledgement_too(studio: AppContainer) -> None:
    stopped = saved(studio, base_images=("nobody",))
    acknowledged = [
        str(f.message)
        for f in studio.authoring.deployments.run_checks("first-light", 1)
        if f.level != "pass"
    ]
    spec = DeploymentSpec(
        slug="first-light",
        version=1,
        canary_version=stopped,
        canary_percent=5,
        bypassed_checks=True,
    )
    with pytest.raises(
        InvalidInputError, match=f"version {stopped} not acknowledged: Base image nobody"
    ):
        studio.authoring.deployments.deploy(spec, acknowledged={1: acknowledged})
    results = [
        str(f.message)
        for f in studio.authoring.deployments.run_checks("first-light", stopped)
        if f.level != "pass"
    ]
    assert studio.authoring.deployments.deploy(
        spec, acknowledged={1: acknowledged, stopped: results}
    ).spec.bypassed_checks


def test_scheduled_deployment_is_active_in_its_period_only(studio: AppContainer) -> None:
    now = datetime.now(UTC)
    week = timedelta(days=7)
    second = saved(studio, theme_prompt="winter")
    studio.authoring.deployments.deploy(DeploymentSpec(slug="first-light", version=1))
    season = DeploymentSpec(
        slug="first-light", version=second, starts_at=now + week, ends_at=now + 2 * week
    )
    studio.authoring.deployments.deploy(season)
    active = [
        studio.authoring.deployments.active_deployments("live", now + week * n + week / 2)
        for n in range(3)
    ]
    assert [[s.version.version for s in each] for each in active] == [[1], [2], [1]]
