"""What clients sent and the record are kept as long as the settings say, and no longer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio.app import AppContainer, create_app_container
from studio.errors import ContentBlockedError, NotFoundError
from studio.recipes.moderation import AuditFilter
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.services.requests.request_service import GenerationRequestSpec
from studio.settings import Settings
from tests import examples

APP = ApiClient(name="app", max_concurrent_requests=100)


def opened(home: Path, days: int | None) -> AppContainer:
    studio = create_app_container(
        Settings(data_dir=home, request_retention_days=days, audit_retention_days=days),
        lambda: FakeRenderer(steps=1),
    )
    studio.deployments.deployments.add(DeploymentSpec(slug="first-light", version=1))
    return studio


def drawn(studio: AppContainer) -> str:
    order = GenerationRequestSpec(
        "first-light", "mia", examples.doodle().png_bytes, "a red dress", 5
    )
    asked = studio.requests.submit(APP, order)
    list(studio.renders.run(asked.id).events())
    return asked.id


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_after_its_days_a_request_is_emptied_and_its_pick_stays(home: Path) -> None:
    studio = opened(home, 7)
    old = drawn(studio)
    studio.requests.select_variant(APP, old, "B")
    assert studio.retention.purge_expired(later(6.9)) == 0
    assert len(studio.requests.get_image(APP, old, "B")) > 100
    images = len(list(studio.settings.images_dir.rglob("*.png")))
    assert studio.retention.purge_expired(later(7.1)) == 1
    assert len(list(studio.settings.images_dir.rglob("*.png"))) == images - 4
    with pytest.raises(NotFoundError):
        studio.requests.get_image(APP, old, "B")
    kept = studio.requests.jobs.requests.get(old)
    assert (kept.doodle, kept.user_prompt, kept.seed) == (None, "", 5)
    assert studio.requests.jobs.requests.selection_counts("first-light")[1]["B"] == 1
    assert studio.retention.purge_expired(later(8)) == 0


def test_what_an_operator_draws_stays_and_so_does_its_image(home: Path) -> None:
    """Two requests of the same seed may show one picture."""
    studio = opened(home, 7)
    mine = studio.request_factory.create(
        studio.themes.get_version("first-light").preset, "mia", None, "", 5
    )
    list(studio.renders.start(mine).events())
    drawn(studio)
    studio.retention.purge_expired(later(8))
    assert all(studio.variants.png(each) for each in studio.variants.list_for_request(mine.id))
    assert studio.base_images.read_png(studio.base_images.get("mia"))


def test_the_record_goes_after_its_days(home: Path) -> None:
    studio = opened(home, 7)
    with pytest.raises(ContentBlockedError):
        studio.request_factory.create(
            studio.themes.get_version("first-light").preset, "mia", None, "naked"
        )
    studio.retention.purge_expired(later(6))
    assert len(studio.moderation.audit.query(AuditFilter())) == 1
    studio.retention.purge_expired(later(8))
    assert studio.moderation.audit.query(AuditFilter()) == []


def test_unless_told_everything_is_kept(home: Path) -> None:
    studio = opened(home, None)
    old = drawn(studio)
    assert studio.retention.purge_expired(later(9999)) == 0
    assert studio.requests.jobs.requests.get(old).doodle is not None
