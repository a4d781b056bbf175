"""A theme's way through the gate, into a channel and back out."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio.bootstrap import Studio
from studio.errors import EngineError, GateClosed, InputError, NotFound
from studio.recipes.deployment import Order
from studio.recipes.preset import LETTERS, Recipes
from studio.recipes.recipe import ModelRef
from studio.recipes.reports import Compared, FigureSeen, Looks, Regression, Robustness
from studio.recipes.request import Job
from studio.service.gate import Finding, worst
from tests import examples
from tests.unit.library.test_catalogue import controlnet


def saved(studio: Studio, **changes: Any) -> int:
    preset = studio.presets.version("first-light", 1).preset
    return studio.presets.save(preset.model_copy(update=changes)).number


def all_recipes(studio: Studio, **changes: Any) -> Recipes:
    recipe = studio.presets.version("first-light", 1).preset.recipes.A.model_copy(update=changes)
    return Recipes(A=recipe, B=recipe, C=recipe, D=recipe)


def passed(studio: Studio) -> list[str]:
    return [str(f.what) for f in studio.deploying.check("first-light") if f.level == "pass"]


def robustness(kept: int, lost: int) -> Robustness:
    cell = FigureSeen(doodle="all-black", base_image="mia", letter="A", score=0.9, kept=True)
    gone = cell.model_copy(update={"score": 0.1, "kept": False})
    return Robustness(cells=(cell,) * kept + (gone,) * lost)


def sheet(seen_by: tuple[str, ...] = ()) -> Regression:
    cell = Compared(doodle="star-dress", seed=1, letter="A", difference=6.5)
    looks = Looks(likeness=8.0, diversity=12.0, of_seeds=5.0)
    return Regression(against=3, cells=(cell,), looks=looks, seen_by=seen_by)


def stops(findings: tuple[Finding, ...]) -> list[str]:
    return [str(finding.what) for finding in findings if finding.level == "stop"]


def test_a_shipped_theme_passes_with_a_warning_until_it_was_rendered(studio: Studio) -> None:
    findings = studio.deploying.check("first-light")
    assert worst(findings) == "warning"
    assert "recipe A, B, C, D of this version was never rendered" in [str(f.what) for f in findings]
    for letter in LETTERS:
        made = examples.variant(letter=letter, preset="first-light", preset_version=1)
        studio.variants.add(made, examples.png())
    assert "6.0 s for four variants, as rendered here" in passed(studio)
    reports = studio.reviewing.reports
    reports.put("first-light", 1, "robustness", robustness(kept=19, lost=1))
    reports.put("first-light", 1, "regression", sheet(seen_by=("ada",)))
    assert worst(studio.deploying.check("first-light")) == "pass"


def test_recipes_that_were_never_rendered_are_tried_for_a_step(studio: Studio) -> None:
    assert "dry run: recipe A, B, C, D draws" in passed(studio)
    made = examples.variant(letter="B", preset="first-light", preset_version=1)
    studio.variants.add(made, examples.png())
    tried: list[Job] = []

    def draw(job: Job) -> bytes:
        tried.append(job)
        if job.letter == "C":
            raise EngineError("recipe C: out of memory")
        return b""

    gate = replace(studio.deploying.gate, draw=draw)
    assert stops(gate.check(studio.presets.version("first-light"))) == [
        "dry run: recipe C: out of memory"
    ]
    assert [(job.letter, job.recipe.steps) for job in tried] == [("A", 1), ("C", 1)]


def test_the_gate_asks_for_the_robustness_pack_and_stops_where_the_figure_is_lost(
    studio: Studio,
) -> None:
    whats = {str(f.what): f for f in studio.deploying.check("first-light")}
    missing = whats["the robustness pack was not run on this version"]
    assert (missing.level, str(missing.remedy)) == ("warning", "studio presets robustness first-light --version 1")  # fmt: skip
    studio.reviewing.reports.put("first-light", 1, "robustness", robustness(kept=8, lost=2))
    [lost] = stops(studio.deploying.check("first-light"))
    assert "kept in 80% of the robustness pack's pictures, 90% are needed" in lost
    assert "lost under all-black (A)" in lost
    studio.reviewing.reports.put("first-light", 1, "robustness", robustness(kept=9, lost=1))
    assert "the figure is kept in 90% of the robustness pack's pictures" in passed(studio)


def test_the_gate_asks_who_has_seen_the_regression_sheet(studio: Studio) -> None:
    reports = studio.reviewing.reports
    whats = [str(f.what) for f in studio.deploying.check("first-light")]
    assert "no regression sheet was drawn of this version" in whats
    reports.put("first-light", 1, "regression", sheet())
    assert "nobody has looked at the regression sheet" in [str(f.what) for f in studio.deploying.check("first-light")]  # fmt: skip
    studio.reviewing.mark_seen("first-light", 1, "ada")
    studio.reviewing.mark_seen("first-light", 1, "bo")
    studio.reviewing.mark_seen("first-light", 1, "bo")
    assert "regression sheet seen by ada, bo; 6.5 from version 3" in passed(studio)


def test_a_deployed_version_whose_model_is_gone_falls_back_where_that_is_allowed(
    studio: Studio,
) -> None:
    deploying, net = studio.deploying, controlnet(studio.settings.models_home, "own", fill=1.0)
    unit = examples.unit(model=ModelRef(name="own"))
    second = saved(studio, recipes=all_recipes(studio, control_units=(unit,)))
    deploying.deploy(Order(slug="first-light", number=1))
    deploying.deploy(Order(slug="first-light", number=second, fallback=True))
    assert deploying.version_for("first-light", "live", "r").number == second
    assert deploying.ailing("live") == {}
    shutil.rmtree(net)
    assert "no controlnet named 'own'" in str(deploying.ailing("live")["first-light"][0])
    assert deploying.version_for("first-light", "live", "r").number == 1
    deploying.deploy(Order(slug="first-light", number=second, forced=True))
    assert deploying.version_for("first-light", "live", "r").number == second


def test_a_theme_that_is_served_is_not_archived(studio: Studio) -> None:
    studio.deploying.deploy(Order(slug="first-light", number=1, channel="canary"))
    with pytest.raises(InputError, match=r"'first-light' is served in canary: take it down first"):
        studio.deploying.archive("first-light")
    studio.deploying.take_down("first-light", "canary")
    studio.deploying.archive("first-light")
    assert "first-light" not in [each.slug for each in studio.presets.summaries()]
    studio.deploying.archive("first-light", archived=False)
    assert "first-light" in [each.slug for each in studio.presets.summaries()]


def test_the_gate_counts_tokens_with_the_longest_words_of_a_user(studio: Studio) -> None:
    whats = [str(finding.what) for finding in studio.deploying.check("first-light")]
    [told] = [what for what in whats if what.startswith("recipe A: ") and "tokens" in what]
    own, longest = (int(word) for word in told.split() if word.isdigit())
    assert own < 75 < longest
    saved(studio, prompt="a meadow in spring, " * 30)
    findings = studio.deploying.check("first-light")
    wordy = [f for f in findings if "the theme alone takes" in str(f.what)]
    assert [f.level for f in wordy] == ["warning"] * 4


def test_the_gate_stops_what_cannot_be_served_and_says_what_to_do(studio: Studio) -> None:
    gone = ModelRef(name="gone")
    other = studio.presets.version("first-light", 1).preset.recipes.A.base_model.model_copy(update={"sha256": "0" * 64})  # fmt: skip
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"recipes": all_recipes(studio, base_model=gone)}, "checkpoint gone", "studio models pull"),
        ({"recipes": all_recipes(studio, base_model=other)}, "checkpoint pocket-ink", "not the one the recipe was tuned with"),
        ({"base_images": ("nobody",)}, "base image nobody", "no base image named"),
        ({"recipes": all_recipes(studio, control_units=(examples.unit(source="picture", picture="0" * 64),))}, "own picture 0000000000", "is gone"),
        ({"prompt": "soft <lora:gone:1>"}, "lora gone", "no lora named"),
        ({"prompt": "<lora:pocket-neon:0.1>" * 9}, "LoRAs that prompts call", "recipe A: 9 LoRAs are too many"),
    ]  # fmt: skip
    for changes, what, remedy in cases:
        saved(studio, **changes)
        findings = studio.deploying.check("first-light")
        found = [f for f in findings if f.level == "stop"]
        assert [str(f.what) for f in found] == [what]
        assert remedy in str(found[0].remedy)


def test_a_base_image_without_a_figure_stops_pose_units_alone(studio: Studio) -> None:
    bare = studio.bases.get("mia").model_copy(update={"keypoints": None})
    studio.bases.put(bare, studio.bases.png(bare))
    assert stops(studio.deploying.check("first-light")) == [
        "base image mia has no keypoints, which pose units need"
    ]
    saved(studio, recipes=all_recipes(studio, control_units=()))
    assert stops(studio.deploying.check("first-light")) == []


def test_a_controlnet_of_another_family_stops(studio: Studio) -> None:
    controlnet(studio.settings.models_home, "wide", width=768)
    saved(studio, recipes=all_recipes(studio, control_units=(examples.unit(model=ModelRef(name="wide")),)))  # fmt: skip
    assert stops(studio.deploying.check("first-light"))[0] == (
        "recipe A: controlnet wide is made for sd15, pocket-ink is pocket"
    )


def test_memory_is_held_against_the_device(studio: Studio) -> None:
    version = studio.presets.version("first-light")
    gate = studio.deploying.gate
    small, large = (replace(gate, device_bytes=size).check(version) for size in (10**6, 10**10))
    assert "more than the 0.001 GB there are" in stops(small)[0]
    assert stops(large) == []


def test_deploy_roll_back_and_take_down(studio: Studio) -> None:
    deploying = studio.deploying
    deploying.deploy(Order(slug="first-light", number=1, author="ada"))
    second = saved(studio, prompt="bold")
    deploying.deploy(Order(slug="first-light", number=second))
    assert [s.version.number for s in deploying.serving("live")] == [2]
    assert deploying.version_for("first-light", "live", "r").preset.prompt == "bold"
    back = deploying.roll_back("first-light", "live", author="bo")
    assert (back.order.number, back.order.note) == (1, "rolled back from version 2")
    assert [s.version.number for s in deploying.serving("live")] == [1]
    deploying.take_down("first-light", "live")
    assert deploying.serving("live") == []
    with pytest.raises(NotFound, match="'live' does not serve a theme 'first-light'"):
        deploying.version_for("first-light", "live", "r")
    assert len(deploying.deployments.log()) == 4


def test_there_is_no_way_back_from_the_first(studio: Studio) -> None:
    studio.deploying.deploy(Order(slug="first-light", number=1))
    with pytest.raises(NotFound, match="served no other version"):
        studio.deploying.roll_back("first-light", "live")


def test_what_the_gate_stops_is_served_only_when_forced_and_that_is_recorded(
    studio: Studio,
) -> None:
    number = saved(studio, base_images=("nobody",))
    with pytest.raises(GateClosed, match=r"base image nobody .*--force"):
        studio.deploying.deploy(Order(slug="first-light", number=number))
    with pytest.raises(GateClosed):
        studio.deploying.deploy(Order(slug="first-light", number=1, trial=number, trial_share=5))
    assert studio.deploying.deployments.log() == []
    studio.deploying.deploy(Order(slug="first-light", number=number, forced=True))
    assert studio.deploying.deployments.log()[0].order.forced


def test_a_reviewed_order_is_given_only_once_every_warning_was_seen(studio: Studio) -> None:
    """Issue 18, 16: one click put a version live that nobody had tested."""
    order = Order(slug="first-light", number=1, author="ada")
    warnings = [str(f.what) for f in studio.deploying.check("first-light") if f.level == "warning"]
    assert len(warnings) >= 3
    with pytest.raises(
        InputError, match="confirm first what the checks say of version 1: .*robust"
    ):
        studio.deploying.deploy(order, seen={})
    with pytest.raises(InputError, match=f"version 1: {warnings[-1]}"):
        studio.deploying.deploy(order, seen={1: warnings[:-1]})
    assert studio.deploying.deployments.log() == []
    assert studio.deploying.deploy(order, seen={1: warnings}).order.author == "ada"


# Issue 19, 1.
def test_findings_may_have_been_read_in_any_language(studio: Studio) -> None:
    found = studio.deploying.check("first-light", 1)
    seen = [each.what.text("zh-CN") for each in found if each.level != "pass"]
    assert "还没有人看过对照表" in seen or "此版本尚未绘制对照表" in seen
    order = Order(slug="first-light", number=1)
    assert studio.deploying.deploy(order, seen={1: seen}).order.number == 1


def test_a_trial_and_force_are_reviewed_too(studio: Studio) -> None:
    stopped = saved(studio, base_images=("nobody",))
    seen = [str(f.what) for f in studio.deploying.check("first-light", 1) if f.level != "pass"]
    order = Order(slug="first-light", number=1, trial=stopped, trial_share=5, forced=True)
    with pytest.raises(InputError, match=f"version {stopped}: base image nobody"):
        studio.deploying.deploy(order, seen={1: seen})
    found = [
        str(f.what) for f in studio.deploying.check("first-light", stopped) if f.level != "pass"
    ]
    assert studio.deploying.deploy(order, seen={1: seen, stopped: found}).order.forced


def test_a_season_comes_and_goes(studio: Studio) -> None:
    now = datetime.now(UTC)
    week = timedelta(days=7)
    second = saved(studio, prompt="winter")
    studio.deploying.deploy(Order(slug="first-light", number=1))
    season = Order(slug="first-light", number=second, starts=now + week, ends=now + 2 * week)
    studio.deploying.deploy(season)
    served = [studio.deploying.serving("live", now + week * n + week / 2) for n in range(3)]
    assert [[s.version.number for s in each] for each in served] == [[1], [2], [1]]
