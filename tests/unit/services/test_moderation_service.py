"""Moderation by a theme's policy: decisions, audit log, failing closed."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.errors import ContentBlockedError, InvalidInputError
from studio.recipes.generation.events import Event, JobCompleted, ResultWithheld
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.moderation import AuditFilter, ModerationDecision
from studio.recipes.themes.preset import Preset
from studio.safety.image_classifier import OpenNsfwClassifier
from studio.safety.webhook import ModerationRequest, ModerationResponse, ModerationUnavailableError
from studio.settings import Settings
from tests import examples
from tests.fake_renderer import FakeRenderer


class Scores:
    """An image classifier with these scores, the last one repeated, or with an error."""

    def __init__(self, *scores: float, error: Exception | None = None) -> None:
        self.remaining, self.error = list(scores), error

    def score(self, image: Image.Image) -> Mapping[str, float]:
        if self.error is not None:
            raise self.error
        return {"nsfw": self.remaining.pop(0) if len(self.remaining) > 1 else self.remaining[0]}


@pytest.fixture(autouse=True)
def started(home: Path, fresh: Path) -> None:
    """A copy of a first start: each start takes half a second."""
    shutil.copytree(fresh, home)


def open_studio(home: Path, classifier: Scores) -> AppContainer:
    return create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1), classifier)


def preset(studio: AppContainer, **policy: object) -> Preset:
    saved = studio.stores.themes.get_version("first-light").preset
    return saved.model_copy(update={"safety": saved.safety.model_copy(update=policy)})


def make_request(
    studio: AppContainer, of: Preset, prompt: str = "", client: str = "studio"
) -> GenerationRequest:
    return studio.rendering.request_factory.create(of, "mia", None, prompt, 5, client=client)


def terminal_events(studio: AppContainer, request: GenerationRequest) -> dict[str, Event]:
    run = studio.rendering.renders.start(request)
    return {e.slot: e for e in run.events() if isinstance(e, JobCompleted | ResultWithheld)}


def decisions(studio: AppContainer) -> list[ModerationDecision]:
    return [stored.decision for stored in studio.stores.audit_log.query(AuditFilter())]


def test_blocked_prompt_is_refused_with_the_reason_for_operators_only(home: Path) -> None:
    studio = open_studio(home, Scores(0))
    theme = preset(studio)
    with pytest.raises(ContentBlockedError, match="Prompt contains blocked terms: naked"):
        make_request(studio, theme, "a n4ked man")
    with pytest.raises(
        ContentBlockedError, match=r"^Prompt rejected by moderation\. Use a different prompt\.$"
    ):
        make_request(studio, theme, "a n4ked man", client="app")
    by_app, by_operator = decisions(studio)
    assert (by_app.client, by_app.stage, by_app.verdict) == ("app", "prompt", "block")
    assert (by_app.input_text, by_app.reason, by_app.theme) == (
        "a n4ked man",
        "naked",
        "first-light",
    )
    assert by_operator.client == "studio"


def test_blocked_prompt_is_logged_as_a_hash_where_the_policy_says_so(home: Path) -> None:
    studio = open_studio(home, Scores(0))
    with pytest.raises(ContentBlockedError):
        make_request(studio, preset(studio, log_blocked_text=False), "a naked man", client="app")
    [decision] = decisions(studio)
    assert decision.input_text.startswith("sha256:")
    assert "naked" not in decision.model_dump_json()


def test_masked_terms_are_removed_and_flagged_ones_logged(home: Path) -> None:
    studio = open_studio(home, Scores(0))
    request = make_request(studio, preset(studio), "a dress and a gun")
    assert request.user_prompt == "a dress and a"
    assert all("gun" not in job.prompt for job in plan_jobs(request))
    assert (
        make_request(studio, preset(studio), "a bomb of colour").user_prompt == "a bomb of colour"
    )
    assert [one.verdict for one in decisions(studio)] == ["flag", "mask"]
    assert make_request(studio, preset(studio, check_prompts=False), "a gun").user_prompt == "a gun"


def test_prompt_that_cannot_be_checked_is_blocked(home: Path) -> None:
    studio = open_studio(home, Scores(0))
    (home / "words").mkdir()
    (home / "words" / "own.txt").write_text("[ban]\nfoo\n")
    with pytest.raises(ContentBlockedError, match="Prompt rejected by moderation"):
        make_request(studio, preset(studio), "a red dress", client="app")
    with pytest.raises(ContentBlockedError, match="own.txt, line 1"):
        make_request(studio, preset(studio), "a red dress")
    assert "could not be checked: own.txt" in decisions(studio)[0].reason


def test_policy_negative_prompt_is_added_to_every_recipe(home: Path) -> None:
    studio = open_studio(home, Scores(0))
    without = plan_jobs(make_request(studio, preset(studio)))
    for before, job in zip(
        without,
        plan_jobs(make_request(studio, preset(studio, negative_prompt="gore, "))),
        strict=True,
    ):
        assert job.negative_prompt == ", ".join(filter(None, [before.negative_prompt, "gore"]))


def test_image_over_the_threshold_is_withheld_and_logged(home: Path) -> None:
    studio = open_studio(home, Scores(0.9))
    events = terminal_events(studio, make_request(studio, preset(studio, nsfw_threshold=0.85)))
    assert [event.kind for event in events.values()] == ["withheld"] * 4
    withheld = events["A"]
    assert isinstance(withheld, ResultWithheld)
    assert str(withheld.reason) == "nsfw 0.90 exceeds 0.85"
    assert studio.stores.variants.list_latest(4) == []
    logged = decisions(studio)
    assert {each.slot for each in logged} == {"A", "B", "C", "D"}
    assert all(each.score == 0.9 and each.image_sha256 for each in logged)


def test_withheld_image_is_rendered_again_with_another_seed(home: Path) -> None:
    studio = open_studio(home, Scores(0.9, 0.1))
    request = make_request(studio, preset(studio, regenerate_withheld=True))
    events = terminal_events(studio, request)
    assert [event.kind for event in events.values()] == ["done"] * 4
    seeds = {v.slot: v.seed for v in studio.stores.variants.list_for_request(request.id)}
    planned = {job.slot: job.seed for job in plan_jobs(request)}
    assert sum(seeds[slot] != planned[slot] for slot in seeds) == 1


def test_broken_classifier_withholds_everything_with_a_reason(home: Path) -> None:
    studio = open_studio(home, Scores(error=RuntimeError("no weights")))
    events = terminal_events(studio, make_request(studio, preset(studio)))
    withheld = events["A"]
    assert isinstance(withheld, ResultWithheld)
    assert str(withheld.reason) == "moderation failed: RuntimeError: no weights"
    with pytest.raises(ContentBlockedError, match="moderation failed"):
        studio.rendering.request_factory.create(preset(studio), "mia", examples.doodle().png_bytes)
    [finding] = [
        f
        for f in studio.authoring.deployments.run_checks("first-light")
        if "Moderation" in str(f.message)
    ]
    assert (finding.level, "no weights" in str(finding.hint)) == ("error", True)
    open_theme = preset(studio, check_outputs=False, check_doodles=False, check_prompts=False)
    assert [e.kind for e in terminal_events(studio, make_request(studio, open_theme)).values()] == [
        "done"
    ] * 4


def test_doodle_over_the_threshold_is_refused(home: Path) -> None:
    studio = open_studio(home, Scores(0.95))
    with pytest.raises(
        ContentBlockedError, match=r"^Doodle rejected by moderation\. Draw a different one\.$"
    ):
        studio.rendering.request_factory.create(
            preset(studio), "mia", examples.doodle().png_bytes, client="app"
        )
    [decision] = decisions(studio)
    assert (decision.stage, decision.score) == ("doodle", 0.95)
    assert studio.rendering.request_factory.create(
        preset(studio, check_doodles=False), "mia", examples.doodle().png_bytes
    )


def test_preflight_warns_of_disabled_moderation(home: Path) -> None:
    studio = open_studio(home, Scores(0))
    studio.stores.themes.save(preset(studio, check_prompts=False))
    [finding] = [
        f
        for f in studio.authoring.deployments.run_checks("first-light")
        if "Moderation" in str(f.message)
    ]
    assert finding.level == "warning"
    assert "Moderation is off for prompts" in str(finding.message)


def test_bundled_classifier_passes_harmless_images() -> None:
    classifier = OpenNsfwClassifier()
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    for image in (Image.new("RGB", (256, 256), "white"), Image.fromarray(noise)):
        assert 0 <= classifier.score(image)["nsfw"] < 0.5


class FakeModerator:
    """A webhook that always answers the same; None: it is down."""

    def __init__(self, response: ModerationResponse | None) -> None:
        self.response = response
        self.requests: list[ModerationRequest] = []

    def moderate(self, request: ModerationRequest) -> ModerationResponse:
        self.requests.append(request)
        if self.response is None:
            raise ModerationUnavailableError("it is down")
        return self.response


@pytest.mark.parametrize(
    ("response", "policy", "kind", "reason"),
    [
        (ModerationResponse(verdict="pass"), "fail_closed", "done", ""),
        (ModerationResponse(verdict="withhold", reason="a logo"), "fail_open", "withheld", "withheld by external moderation: a logo"),
        (None, "fail_closed", "withheld", "moderation failed: it is down"),
        (None, "fail_open", "done", ""),
        (ModerationResponse(verdict="withhold"), "off", "done", ""),
    ],
)  # fmt: skip
def test_external_moderator_can_withhold_images(
    home: Path, response: ModerationResponse | None, policy: str, kind: str, reason: str
) -> None:
    studio, moderator = open_studio(home, Scores(0.1)), FakeModerator(response)
    object.__setattr__(studio.moderation, "moderator", moderator)
    events = terminal_events(
        studio, make_request(studio, preset(studio, external_moderation=policy))
    )
    assert [event.kind for event in events.values()] == [kind] * 4
    assert {str(e.reason) for e in events.values() if isinstance(e, ResultWithheld)} == (
        {reason} - {""}
    )
    assert {payload.slot for payload in moderator.requests} == (
        set() if policy == "off" else set("ABCD")
    )


def test_missing_external_moderation_fails_preflight(home: Path) -> None:
    studio = open_studio(home, Scores(0))
    studio.stores.themes.save(preset(studio, external_moderation="fail_closed"))
    [finding] = [
        f
        for f in studio.authoring.deployments.run_checks("first-light")
        if "Moderation" in str(f.message)
    ]
    assert (finding.level, "STUDIO_MODERATION_URL" in str(finding.hint)) == ("error", True)
    events = terminal_events(
        studio, make_request(studio, studio.stores.themes.get_version("first-light").preset)
    )
    assert {event.kind for event in events.values()} == {"withheld"}
    with pytest.raises(InvalidInputError, match="needs STUDIO_MODERATION_SECRET"):
        create_app_container(Settings(data_dir=home, moderation_url="https://judge.example/"))
