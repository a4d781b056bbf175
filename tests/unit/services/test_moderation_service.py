"""What a theme's policy lets pass, what is put on record, and that every stage fails closed."""

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
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings
from tests import examples


class Scores:
    """Gives the scores of a list, the last again and again; raises what is raised."""

    def __init__(self, *scores: float, error: Exception | None = None) -> None:
        self.left, self.error = list(scores), error

    def score(self, image: Image.Image) -> Mapping[str, float]:
        if self.error is not None:
            raise self.error
        return {"nsfw": self.left.pop(0) if len(self.left) > 1 else self.left[0]}


def opened(home: Path, judge: Scores) -> AppContainer:
    return create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1), judge)


def preset(studio: AppContainer, **policy: object) -> Preset:
    found = studio.themes.get_version("first-light").preset
    return found.model_copy(update={"safety": found.safety.model_copy(update=policy)})


def asked(
    studio: AppContainer, of: Preset, words: str = "", client: str = "studio"
) -> GenerationRequest:
    return studio.request_factory.create(of, "mia", None, words, 5, client=client)


def ends(studio: AppContainer, request: GenerationRequest) -> dict[str, Event]:
    run = studio.renders.start(request)
    return {e.slot: e for e in run.events() if isinstance(e, JobCompleted | ResultWithheld)}


def record(studio: AppContainer) -> list[ModerationDecision]:
    return [kept.decision for kept in studio.moderation.audit.query(AuditFilter())]


def test_blocked_words_are_refused_with_the_reason_for_operators_alone(home: Path) -> None:
    studio = opened(home, Scores(0))
    theme = preset(studio)
    with pytest.raises(ContentBlockedError, match="hold what the lists block: naked"):
        asked(studio, theme, "a n4ked man")
    with pytest.raises(
        ContentBlockedError, match="^these words cannot be used here: choose others$"
    ):
        asked(studio, theme, "a n4ked man", client="app")
    by_app, by_operator = record(studio)
    assert (by_app.client, by_app.stage, by_app.verdict) == ("app", "prompt", "block")
    assert (by_app.input_text, by_app.reason, by_app.theme) == (
        "a n4ked man",
        "naked",
        "first-light",
    )
    assert by_operator.client == "studio"


def test_blocked_words_are_kept_as_a_hash_where_the_policy_says_so(home: Path) -> None:
    studio = opened(home, Scores(0))
    with pytest.raises(ContentBlockedError):
        asked(studio, preset(studio, log_blocked_text=False), "a naked man", client="app")
    [kept] = record(studio)
    assert kept.input_text.startswith("sha256:")
    assert "naked" not in kept.model_dump_json()


def test_masked_words_are_not_drawn_and_flagged_ones_are_on_record(home: Path) -> None:
    studio = opened(home, Scores(0))
    request = asked(studio, preset(studio), "a dress and a gun")
    assert request.user_prompt == "a dress and a"
    assert all("gun" not in job.prompt for job in plan_jobs(request))
    assert asked(studio, preset(studio), "a bomb of colour").user_prompt == "a bomb of colour"
    assert [kept.verdict for kept in record(studio)] == ["flag", "mask"]
    assert asked(studio, preset(studio, check_prompts=False), "a gun").user_prompt == "a gun"


def test_words_that_cannot_be_judged_do_not_pass(home: Path) -> None:
    studio = opened(home, Scores(0))
    (home / "words").mkdir()
    (home / "words" / "own.txt").write_text("[ban]\nfoo\n")
    with pytest.raises(ContentBlockedError, match="these words cannot be used"):
        asked(studio, preset(studio), "a red dress", client="app")
    with pytest.raises(ContentBlockedError, match="own.txt, line 1"):
        asked(studio, preset(studio), "a red dress")
    assert "could not be judged" in record(studio)[0].reason


def test_a_themes_negative_prompt_is_added_to_every_recipe(home: Path) -> None:
    studio = opened(home, Scores(0))
    plain = plan_jobs(asked(studio, preset(studio)))
    for before, job in zip(
        plain, plan_jobs(asked(studio, preset(studio, negative_prompt="gore, "))), strict=True
    ):
        assert job.negative_prompt == ", ".join(filter(None, [before.negative_prompt, "gore"]))


def test_a_image_over_the_threshold_is_withheld_and_on_record(home: Path) -> None:
    studio = opened(home, Scores(0.9))
    told = ends(studio, asked(studio, preset(studio, nsfw_threshold=0.85)))
    assert [event.kind for event in told.values()] == ["withheld"] * 4
    withheld = told["A"]
    assert isinstance(withheld, ResultWithheld)
    assert str(withheld.reason) == "nsfw 0.90 is over 0.85"
    assert studio.variants.list_latest(4) == []
    kept = record(studio)
    assert {each.slot for each in kept} == {"A", "B", "C", "D"}
    assert all(each.score == 0.9 and each.image_sha256 for each in kept)


def test_a_theme_may_ask_for_a_second_image_of_another_seed(home: Path) -> None:
    studio = opened(home, Scores(0.9, 0.1))
    request = asked(studio, preset(studio, regenerate_withheld=True))
    told = ends(studio, request)
    assert [event.kind for event in told.values()] == ["done"] * 4
    seeds = {v.slot: v.seed for v in studio.variants.list_for_request(request.id)}
    planned = {job.slot: job.seed for job in plan_jobs(request)}
    assert sum(seeds[slot] != planned[slot] for slot in seeds) == 1


def test_a_judge_that_cannot_judge_withholds_and_says_so(home: Path) -> None:
    studio = opened(home, Scores(error=RuntimeError("no weights")))
    told = ends(studio, asked(studio, preset(studio)))
    withheld = told["A"]
    assert isinstance(withheld, ResultWithheld)
    assert str(withheld.reason) == "it could not be judged: RuntimeError: no weights"
    with pytest.raises(ContentBlockedError, match="could not be judged"):
        studio.request_factory.create(preset(studio), "mia", examples.doodle().png_bytes)
    [finding] = [
        f for f in studio.deployments.run_checks("first-light") if "safety" in str(f.message)
    ]
    assert (finding.level, "no weights" in str(finding.hint)) == ("stop", True)
    open_theme = preset(studio, check_outputs=False, check_doodles=False, check_prompts=False)
    assert [e.kind for e in ends(studio, asked(studio, open_theme)).values()] == ["done"] * 4


def test_a_doodle_over_the_threshold_is_refused(home: Path) -> None:
    studio = opened(home, Scores(0.95))
    with pytest.raises(
        ContentBlockedError, match="^this drawing cannot be used here: draw another$"
    ):
        studio.request_factory.create(
            preset(studio), "mia", examples.doodle().png_bytes, client="app"
        )
    [kept] = record(studio)
    assert (kept.stage, kept.score) == ("doodle", 0.95)
    assert studio.request_factory.create(
        preset(studio, check_doodles=False), "mia", examples.doodle().png_bytes
    )


def test_the_gate_points_out_what_passes_unjudged(home: Path) -> None:
    studio = opened(home, Scores(0))
    studio.themes.save(preset(studio, check_prompts=False))
    [finding] = [
        f for f in studio.deployments.run_checks("first-light") if "safety" in str(f.message)
    ]
    assert finding.level == "warning"
    assert "words pass unjudged" in str(finding.message)


def test_the_shipped_judge_lets_the_shipped_images_pass() -> None:
    judge = OpenNsfwClassifier()
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    for image in (Image.new("RGB", (256, 256), "white"), Image.fromarray(noise)):
        assert 0 <= judge.score(image)["nsfw"] < 0.5


class Says:
    """A moderator of one mind; None: it is down."""

    def __init__(self, said: ModerationResponse | None) -> None:
        self.said = said
        self.shown: list[ModerationRequest] = []

    def moderate(self, shown: ModerationRequest) -> ModerationResponse:
        self.shown.append(shown)
        if self.said is None:
            raise ModerationUnavailableError("it is down")
        return self.said


@pytest.mark.parametrize(
    ("said", "policy", "kind", "reason"),
    [
        (ModerationResponse(verdict="pass"), "withhold", "done", ""),
        (ModerationResponse(verdict="withhold", reason="a logo"), "pass", "withheld", "outside moderation withholds it: a logo"),
        (None, "withhold", "withheld", "it could not be judged: it is down"),
        (None, "pass", "done", ""),
        (ModerationResponse(verdict="withhold"), "off", "done", ""),
    ],
)  # fmt: skip
def test_somebody_outside_has_a_say(
    home: Path, said: ModerationResponse | None, policy: str, kind: str, reason: str
) -> None:
    studio, moderator = opened(home, Scores(0.1)), Says(said)
    object.__setattr__(studio.moderation, "moderator", moderator)
    told = ends(studio, asked(studio, preset(studio, external_moderation=policy)))
    assert [event.kind for event in told.values()] == [kind] * 4
    assert {str(e.reason) for e in told.values() if isinstance(e, ResultWithheld)} == (
        {reason} - {""}
    )
    assert {shown.slot for shown in moderator.shown} == (set() if policy == "off" else set("ABCD"))


def test_moderation_that_is_not_set_up_stops_at_the_gate(home: Path) -> None:
    studio = opened(home, Scores(0))
    studio.themes.save(preset(studio, external_moderation="withhold"))
    [finding] = [
        f for f in studio.deployments.run_checks("first-light") if "safety" in str(f.message)
    ]
    assert (finding.level, "STUDIO_MODERATION_URL" in str(finding.hint)) == ("stop", True)
    told = ends(studio, asked(studio, studio.themes.get_version("first-light").preset))
    assert {event.kind for event in told.values()} == {"withheld"}
    with pytest.raises(InvalidInputError, match="needs STUDIO_MODERATION_SECRET"):
        create_app_container(Settings(data_dir=home, moderation_url="https://judge.example/"))
