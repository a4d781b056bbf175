"""What clients sent and the record are kept as long as the settings say, and no longer."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio.bootstrap import Studio, open_studio
from studio.errors import Blocked, NotFound
from studio.recipes.deployment import Order
from studio.recipes.safety import AuditFilter
from studio.recipes.serving import Client
from studio.service.fake import FakeRenderer
from studio.service.serving import Commission
from studio.settings import Settings
from tests import examples

APP = Client(name="app", in_flight=100)


def opened(home: Path, days: int | None) -> Studio:
    studio = open_studio(
        Settings(home=home, request_days=days, record_days=days), lambda: FakeRenderer(steps=1)
    )
    studio.deploying.deployments.add(Order(slug="first-light", number=1))
    return studio


def drawn(studio: Studio) -> str:
    order = Commission("first-light", "mia", examples.doodle().png, "a red dress", 5)
    asked = studio.serving.ask(APP, order)
    list(studio.rendering.run(asked.id).events())
    return asked.id


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_after_its_days_a_request_is_emptied_and_its_pick_stays(home: Path) -> None:
    studio = opened(home, 7)
    old = drawn(studio)
    studio.serving.pick(APP, old, "B")
    assert studio.keeping.tend(later(6.9)) == 0
    assert len(studio.serving.picture(APP, old, "B")) > 100
    pictures = len(list(studio.settings.pictures.rglob("*.png")))
    assert studio.keeping.tend(later(7.1)) == 1
    assert len(list(studio.settings.pictures.rglob("*.png"))) == pictures - 4
    with pytest.raises(NotFound):
        studio.serving.picture(APP, old, "B")
    kept = studio.serving.jobs.request(old)
    assert (kept.doodle, kept.words, kept.seed) == (None, "", 5)
    assert studio.serving.jobs.picks("first-light")[1]["B"] == 1
    assert studio.keeping.tend(later(8)) == 0


def test_what_an_operator_draws_stays_and_so_does_its_picture(home: Path) -> None:
    """Two requests of the same seed may show one picture."""
    studio = opened(home, 7)
    mine = studio.intake.request(studio.presets.version("first-light").preset, "mia", None, "", 5)
    list(studio.rendering.start(mine).events())
    drawn(studio)
    studio.keeping.tend(later(8))
    assert all(studio.variants.png(each) for each in studio.variants.of_request(mine.id))
    assert studio.bases.png(studio.bases.get("mia"))


def test_the_record_goes_after_its_days(home: Path) -> None:
    studio = opened(home, 7)
    with pytest.raises(Blocked):
        studio.intake.request(studio.presets.version("first-light").preset, "mia", None, "naked")
    studio.keeping.tend(later(6))
    assert len(studio.safety.audit.page(AuditFilter())) == 1
    studio.keeping.tend(later(8))
    assert studio.safety.audit.page(AuditFilter()) == []


def test_unless_told_everything_is_kept(home: Path) -> None:
    studio = opened(home, None)
    old = drawn(studio)
    assert studio.keeping.tend(later(9999)) == 0
    assert studio.serving.jobs.request(old).doodle is not None
