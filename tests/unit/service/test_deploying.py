"""A theme's way through the gate, into a channel and back out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio.bootstrap import Studio
from studio.errors import GateClosed, NotFound
from studio.recipes.deployment import Order
from studio.recipes.preset import LETTERS, Recipes
from studio.recipes.recipe import ModelRef
from studio.service.gate import Finding, worst
from tests import examples
from tests.unit.library.test_catalogue import controlnet


def saved(studio: Studio, **changes: Any) -> int:
    preset = studio.presets.version("first-light", 1).preset
    return studio.presets.save(preset.model_copy(update=changes)).number


def all_recipes(studio: Studio, **changes: Any) -> Recipes:
    recipe = studio.presets.version("first-light", 1).preset.recipes.A.model_copy(update=changes)
    return Recipes(A=recipe, B=recipe, C=recipe, D=recipe)


def stops(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.what for finding in findings if finding.level == "stop"]


def test_a_shipped_theme_passes_with_a_warning_until_it_was_rendered(studio: Studio) -> None:
    findings = studio.deploying.check("first-light")
    assert worst(findings) == "warning"
    assert "recipe A, B, C, D of this version was never rendered" in [f.what for f in findings]
    for letter in LETTERS:
        made = examples.variant(letter=letter, preset="first-light", preset_version=1)
        studio.variants.add(made, examples.png())
    findings = studio.deploying.check("first-light")
    assert worst(findings) == "pass"
    assert "6.0 s for four variants, as rendered here" in [f.what for f in findings]


def test_the_gate_counts_tokens_with_the_longest_words_of_a_user(studio: Studio) -> None:
    whats = [finding.what for finding in studio.deploying.check("first-light")]
    [told] = [what for what in whats if what.startswith("recipe A: ") and "tokens" in what]
    own, longest = (int(word) for word in told.split() if word.isdigit())
    assert own < 75 < longest
    saved(studio, prompt="a meadow in spring, " * 30)
    findings = studio.deploying.check("first-light")
    wordy = [f for f in findings if "the theme alone takes" in f.what]
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
    ]  # fmt: skip
    for changes, what, remedy in cases:
        saved(studio, **changes)
        findings = studio.deploying.check("first-light")
        found = [f for f in findings if f.level == "stop"]
        assert [f.what for f in found] == [what]
        assert remedy in found[0].remedy


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


def test_a_season_comes_and_goes(studio: Studio) -> None:
    now = datetime.now(UTC)
    week = timedelta(days=7)
    second = saved(studio, prompt="winter")
    studio.deploying.deploy(Order(slug="first-light", number=1))
    season = Order(slug="first-light", number=second, starts=now + week, ends=now + 2 * week)
    studio.deploying.deploy(season)
    served = [studio.deploying.serving("live", now + week * n + week / 2) for n in range(3)]
    assert [[s.version.number for s in each] for each in served] == [[1], [2], [1]]
