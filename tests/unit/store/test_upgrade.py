"""Upgrade of a data directory made by commit 8a8b60c (schema 0013).

`home_8a8b60c.sql` is the dump of a database that that code wrote: three versions of a theme,
deployments on three channels, a user, two API clients, three requests with their jobs, four
variants, moderation decisions, reports, a blind test with a vote and a tuning study.
`home_8a8b60c_pictures` are its images.
"""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio.app import AppContainer, create_app_container
from studio.recipes.evaluation.blind_test import Candidate
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.moderation import AuditFilter, Review
from studio.settings import Settings
from studio.store.audit_log import AuditLog
from studio.store.blind_tests import BlindTestStore
from studio.store.deployments import DeploymentStore
from studio.store.evaluation_reports import ReportStore
from tests.fake_renderer import FakeRenderer

HERE = Path(__file__).parent
FINISHED = "23a5dbfa5204dca85c110ae0c4338d47"
"""A request of the client "app" with four variants; the user selected B."""
WITHHELD = "8c97213e986f10b66560036fb6dc8a74"
"""A request of the client "kids": every variant was withheld."""
WAITING = "5" * 32
"""A request whose job A was running, and the others queued, when the process ended."""
API_KEY = "dts__taUT0zESrrT734IfYaotokb3GYjIHpm7iY3xob2n8I"
CONTROL_IMAGE = "3a78574c8a087a425259f2544842071a1a0bf851a15dec9101eca78eab41c5c2"


@pytest.fixture
def studio(home: Path) -> AppContainer:
    """The old data directory, opened by today's studio."""
    home.mkdir()
    with closing(sqlite3.connect(home / "studio.db")) as database:
        database.executescript((HERE / "home_8a8b60c.sql").read_text())
    for image in (HERE / "home_8a8b60c_pictures").glob("*.png"):
        target = home / "pictures" / image.name[:2] / image.name
        target.parent.mkdir(parents=True)
        shutil.copy(image, target)
    return create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1))


def test_old_home_is_copied_before_the_upgrade(studio: AppContainer) -> None:
    with closing(sqlite3.connect(studio.settings.data_dir / "studio.db.0013.bak")) as copy:
        assert copy.execute("SELECT count(*) FROM preset_versions").fetchone() == (4,)


def test_old_themes_are_read(studio: AppContainer) -> None:
    versions = studio.stores.themes.list_versions("spring")
    assert [(v.version, v.author, v.message) for v in versions] == [
        (3, "bo", "stricter"),
        (2, "bo", "bolder"),
        (1, "ada", "first"),
    ]
    first = versions[-1].preset
    assert (first.name, first.description) == ("Spring", "The first one")
    assert (first.theme_prompt, first.base_images) == ("soft colours", ("mia",))
    policy = versions[0].preset.safety
    assert (policy.nsfw_threshold, policy.concept_margin) == (0.2, 0.05)
    assert (policy.check_prompts, policy.check_doodles) == (True, False)
    assert (policy.negative_prompt, policy.log_blocked_text) == ("text", True)
    archived = studio.stores.themes.list_summaries("first", include_archived=True)
    assert [(theme.slug, theme.archived) for theme in archived] == [("first-light", True)]


def test_old_recipes_are_read(studio: AppContainer) -> None:
    recipes = studio.stores.themes.get_version("spring", 1).preset.recipes
    a, b, c, d = (recipes[slot] for slot in ("A", "B", "C", "D"))
    assert (a.denoising_strength, a.guidance_end_fraction, a.deepcache_interval) == (0.6, 0.8, 2)
    assert (a.clip_skip, a.steps, a.seed_policy.mode) == (2, 4, "shared")
    assert [unit.weight for unit in b.control_units] == [0.7, 1.0]
    assert (b.control_units[1].source, b.control_units[1].image_sha256) == ("image", CONTROL_IMAGE)
    assert c.upscale.enabled
    assert (c.upscale.scale_factor, c.upscale.denoising_strength) == (1.5, 0.45)
    repair = d.face_repair
    assert (repair.denoising_strength, repair.mask_blur, repair.render_size) == (0.3, 6, 256)
    assert (d.seed_policy.mode, d.seed_policy.value) == ("offset", 3)


def test_old_deployments_are_served(studio: AppContainer) -> None:
    strict, canary, live = DeploymentStore(studio.stores.database).list_all()
    assert (live.spec.version, live.spec.author, live.spec.note) == (2, "ada", "season opens")
    assert live.spec.starts_at == datetime(2025, 3, 1, tzinfo=UTC)
    assert (live.spec.bypassed_checks, live.spec.fallback_to_previous) == (True, True)
    assert (canary.spec.channel, canary.spec.canary_version, canary.spec.canary_percent) == (
        "canary",
        1,
        20,
    )
    assert strict.spec.channel == "strict"


def test_old_users_and_api_keys_are_valid(studio: AppContainer) -> None:
    assert studio.stores.users.verify_password("ada", "correct horse battery")
    client = studio.stores.clients.find_by_key(API_KEY)
    assert client is not None
    assert (client.name, client.channel) == ("app", "live")
    limits = client.requests_per_minute, client.requests_per_day, client.max_concurrent_requests
    assert limits == (30, 500, 5)
    assert len(client.scopes) == 2


def test_old_requests_and_jobs_are_read(studio: AppContainer) -> None:
    requests = studio.stores.jobs.requests
    finished = requests.get_status(FINISHED)
    assert (finished.client, finished.theme, finished.version) == ("app", "spring", 2)
    assert (finished.selected_slot, finished.is_finished, finished.seed) == ("B", True, 7)
    assert requests.find_by_idempotency_key("app", "order-1") == FINISHED
    request = requests.get(FINISHED)
    assert request.user_prompt == "a red dress"
    assert request.doodle is not None
    assert request.doodle.png_bytes.startswith(b"\x89PNG")
    assert request.preset == studio.stores.themes.get_version("spring", 2).preset
    withheld = requests.get_status(WITHHELD).jobs
    assert {(job.state, str(job.error)) for job in withheld} == {
        ("withheld", "nsfw 0.30 is over 0.20")
    }


def test_old_active_jobs_are_resumed(studio: AppContainer) -> None:
    [running] = studio.stores.jobs.queue.requeue_stale()
    assert (running.request_id, running.slots, running.fair_share_tier) == (WAITING, ("A",), 1)
    lease = studio.stores.jobs.queue.claim(WAITING, "A")
    assert lease is not None
    assert (lease.attempt, lease.model) == (2, "pocket-ink")


def test_old_variants_and_images_are_read(studio: AppContainer) -> None:
    variants = studio.stores.variants.list_for_request(FINISHED)
    assert [variant.slot for variant in variants] == ["A", "B", "C", "D"]
    for variant in variants:
        assert (variant.theme_slug, variant.theme_version) == ("spring", 2)
        assert variant.prompt == "a red dress, bold colours"
        assert (variant.timings.load_seconds, variant.timings.render_seconds) == (0.0, 0.1)
        assert studio.stores.variants.read_image(variant.image_sha256).startswith(b"\x89PNG")
    assert variants[3].seed == 10


def test_old_moderation_decisions_are_read_and_filtered(studio: AppContainer) -> None:
    audit = AuditLog(studio.stores.database)
    [blocked] = audit.query(AuditFilter(stage="prompt"))
    assert (blocked.decision.stage, blocked.decision.verdict) == ("prompt", "block")
    assert (blocked.decision.input_text, blocked.decision.reason) == ("a naked man", "naked")
    withheld = audit.query(AuditFilter(stage="image"))
    assert [stored.decision.slot for stored in withheld] == ["D", "C", "B", "A"]
    assert {stored.decision.score for stored in withheld} == {0.3}
    assert withheld[-1].review == Review(reviewer="ada", is_false_positive=True, note="a statue")


def test_old_reports_are_read(studio: AppContainer) -> None:
    reports = ReportStore(studio.stores.database)
    robustness = reports.latest("spring", 2, "robustness", RobustnessReport)
    assert robustness is not None
    assert robustness.pass_rate == 0.5
    [failure] = robustness.failures
    assert (failure.slot, str(failure.failure_reason)) == ("B", "recipe B: no room")
    regression = reports.latest("spring", 2, "regression", RegressionReport)
    assert regression is not None
    assert (regression.baseline_version, regression.reviewed_by) == (1, ("ada",))
    [comparison] = regression.comparisons
    assert (comparison.delta_e, comparison.changed_regions[0].delta_e) == (3.5, 9.0)
    assert (regression.metrics.color_error, regression.metrics.seed_diversity) == (8.0, 4.0)


def test_old_blind_test_and_votes_are_read(studio: AppContainer) -> None:
    blind_tests = BlindTestStore(studio.stores.database)
    [stored] = blind_tests.list_latest()
    assert (stored.blind_test.title, stored.author) == ("soft or bold", "ada")
    [first, second] = stored.blind_test.candidates
    assert (first, second) == tuple(Candidate(slug="spring", version=v) for v in (1, 2))
    [vote] = blind_tests.votes(stored.id)
    assert (vote.voter, vote.choice) == ("bo", "left")


def test_old_tuning_study_is_read_and_can_be_applied(studio: AppContainer) -> None:
    [name] = studio.evaluation.tuning.list_studies("spring")
    study = studio.evaluation.tuning.get_study(name)
    assert (study.version, study.slot, study.objective) == (2, "B", "both")
    assert [(field.field, field.low, field.high) for field in study.search_space] == [
        ("denoising_strength", 0.1, 0.9)
    ]
    unrated, rated = studio.evaluation.tuning.trials(name)
    assert (rated.stars, rated.score, rated.values) == (4, 0.625, {"denoising_strength": 0.54})
    assert unrated.stars is None
    preset = studio.evaluation.tuning.theme_with_trial(name, rated.number)
    assert preset.recipes.B.denoising_strength == 0.54
