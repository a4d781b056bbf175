"""Retention of clients' requests and of the audit log."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio.app import AppContainer, create_app_container
from studio.errors import ContentBlockedError, NotFoundError
from studio.recipes.base_image import ZoneImages
from studio.recipes.generation.recipe import MaskSettings
from studio.recipes.moderation import AuditFilter
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.services.requests.request_spec import GenerationRequestSpec
from studio.settings import Settings
from studio.store.tables import RequestRow
from tests import examples
from tests.fake_renderer import FakeRenderer

APP = ApiClient(name="app", max_concurrent_requests=100)


def open_studio(home: Path, days: int | None) -> AppContainer:
    studio = create_app_container(
        Settings(data_dir=home, request_retention_days=days, audit_retention_days=days),
        lambda: FakeRenderer(steps=1),
    )
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    return studio


def render_request(studio: AppContainer) -> str:
    spec = GenerationRequestSpec(
        "first-light", "mia", examples.doodle().png_bytes, "a red dress", 5
    )
    status = studio.serving.requests.submit(APP, spec)
    list(studio.rendering.renders.run(status.id).events())
    return status.id


def days_from_now(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_expired_request_is_redacted_and_its_selection_stays(home: Path) -> None:
    studio = open_studio(home, 7)
    old = render_request(studio)
    studio.serving.requests.select_variant(APP, old, "B")
    assert studio.serving.retention.purge_expired(days_from_now(6.9)) == 0
    assert len(studio.serving.requests.get_image(APP, old, "B")) > 100
    images = len(list(studio.settings.images_dir.rglob("*.png")))
    assert studio.serving.retention.purge_expired(days_from_now(7.1)) == 1
    assert (
        len(list(studio.settings.images_dir.rglob("*.png"))) == images - 5
    )  # Four variants and their doodle.
    with pytest.raises(NotFoundError):
        studio.serving.requests.get_image(APP, old, "B")
    stored = studio.stores.jobs.requests.get(old)
    assert (stored.doodle, stored.user_prompt, stored.seed) == (None, "", 5)
    assert studio.stores.jobs.requests.selection_counts("first-light")[1]["B"] == 1
    assert studio.serving.retention.purge_expired(days_from_now(8)) == 0


# Issue 23, 1.
def test_zones_that_a_request_holds_go_with_its_doodle(home: Path) -> None:
    """They may be of an uploaded base image, and show whom it shows."""
    studio = open_studio(home, 7)
    preset = studio.stores.themes.get_version("first-light").preset
    recipe = preset.recipes.B.model_copy(update={"mask": MaskSettings(area="both")})
    studio.stores.themes.save(
        preset.model_copy(update={"recipes": preset.recipes.replace("B", recipe)})
    )
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=2))
    request_id = render_request(studio)
    assert studio.stores.jobs.requests.get(request_id).zone_images.clothes is not None
    variants = {v.slot: v for v in studio.stores.variants.list_for_request(request_id)}
    assert variants["B"].zones == studio.stores.base_images.get("mia").zones
    assert variants["A"].zones is None
    studio.serving.retention.purge_expired(days_from_now(8))
    assert studio.stores.jobs.requests.get(request_id).zone_images == ZoneImages()


def test_variants_of_operators_are_not_purged(home: Path) -> None:
    """Two requests with the same seed may share an image."""
    studio = open_studio(home, 7)
    operators = studio.rendering.request_factory.create(
        studio.stores.themes.get_version("first-light").preset, "mia", None, "", 5
    )
    list(studio.rendering.renders.start(operators).events())
    render_request(studio)
    studio.serving.retention.purge_expired(days_from_now(8))
    assert all(
        studio.stores.variants.png(each)
        for each in studio.stores.variants.list_for_request(operators.id)
    )
    assert studio.stores.base_images.read_png(studio.stores.base_images.get("mia"))


def test_audit_log_is_purged_after_its_retention_period(home: Path) -> None:
    studio = open_studio(home, 7)
    with pytest.raises(ContentBlockedError):
        studio.rendering.request_factory.create(
            studio.stores.themes.get_version("first-light").preset, "mia", None, "naked"
        )
    studio.serving.retention.purge_expired(days_from_now(6))
    assert len(studio.stores.audit_log.query(AuditFilter())) == 1
    studio.serving.retention.purge_expired(days_from_now(8))
    assert studio.stores.audit_log.query(AuditFilter()) == []


def test_without_retention_period_nothing_is_purged(home: Path) -> None:
    studio = open_studio(home, None)
    old = render_request(studio)
    assert studio.serving.retention.purge_expired(days_from_now(9999)) == 0
    assert studio.stores.jobs.requests.get(old).doodle is not None


def test_request_that_cannot_be_read_is_emptied_and_the_others_are_redacted(home: Path) -> None:
    """Issue 18. As an older version may have stored it: one such document stopped the retention of all."""
    studio = open_studio(home, 7)
    unreadable, other = render_request(studio), render_request(studio)
    with studio.stores.database.write_session() as session:
        row = session.get_one(RequestRow, unreadable)
        row.document = '{"sketch": "a secret"}'
    assert studio.serving.retention.purge_expired(days_from_now(8)) == 2
    assert studio.stores.jobs.requests.get(other).user_prompt == ""
    with studio.stores.database.read_session() as session:
        assert "secret" not in session.get_one(RequestRow, unreadable).document
    assert studio.serving.retention.purge_expired(days_from_now(9)) == 0
