"""The Python client against a server that really listens."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from studio.bootstrap import Studio
from studio.client import Themes
from studio.errors import Busy, InputError, NotFound, ServerError
from studio.recipes.deployment import Order
from studio.recipes.serving import Client
from tests import examples
from tests.servers.api import serving


@pytest.fixture
def address(studio: Studio) -> Iterator[str]:
    studio.deploying.deployments.add(Order(slug="first-light", number=1))
    with serving(studio) as listening:
        yield listening


@pytest.fixture
def themes(address: str, studio: Studio) -> Iterator[Themes]:
    with Themes(address, studio.clients.put(Client(name="app", per_minute=6))) as client:
        yield client


def test_a_doodle_becomes_four_pictures(themes: Themes) -> None:
    [theme] = themes.themes()
    asked = themes.ask(theme.slug, "mia", examples.doodle().png, "a red dress", seed=5, key="one")
    again = themes.ask(theme.slug, "mia", examples.doodle().png, "a red dress", seed=5, key="one")
    assert again.id == asked.id
    with pytest.raises(InputError, match="another request was sent"):
        themes.ask(theme.slug, "mia", key="one")
    events = list(themes.events(asked.id))
    assert sum(event["kind"] == "done" for event in events) == 4
    assert list(themes.events(asked.id, after=events[-2]["id"])) == events[-1:]
    pictures = themes.pictures(asked.id)
    assert sorted(pictures) == ["A", "B", "C", "D"]
    assert Image.open(io.BytesIO(pictures["A"])).size == (256, 256)
    themes.pick(asked.id, "B")
    assert themes.asked(asked.id).picked == "B"
    assert themes.cancel(asked.id).ended


def test_what_goes_wrong_is_raised_as_the_api_says_it(themes: Themes, address: str) -> None:
    with pytest.raises(NotFound, match="does not serve a theme 'spring'"):
        themes.ask("spring", "mia")
    with pytest.raises(InputError, match="is not a PNG"):
        themes.ask("first-light", "mia", b"GIF89a")
    with pytest.raises(NotFound):
        list(themes.events("f" * 32))
    with pytest.raises(
        InputError, match="slug: should match|theme: "
    ) as refused:  # A message in another.
        themes.ask("No Slug", "mia")
    assert refused.value.code == "request.invalid"

    def ask_often() -> None:
        for _ in range(12):
            themes.ask("first-light", "mia")

    with pytest.raises(Busy) as caught:
        ask_often()
    assert caught.value.seconds >= 1
    with pytest.raises(InputError, match="bring the key"):
        Themes(address, "dts_wrong").themes()
    with pytest.raises(ServerError, match="does not answer"):
        Themes("http://127.0.0.1:1", "dts_x").themes()
