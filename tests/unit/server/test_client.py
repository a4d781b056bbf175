"""The Python client against a server that really listens."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from studio.app import AppContainer
from studio.client import StudioClient
from studio.errors import ApiError, CapacityError, InvalidInputError, NotFoundError
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from tests import examples
from tests.servers.api import serving


@pytest.fixture
def url(studio: AppContainer) -> Iterator[str]:
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    with serving(studio) as listening:
        yield listening


@pytest.fixture
def themes(url: str, studio: AppContainer) -> Iterator[StudioClient]:
    with StudioClient(
        url,
        studio.stores.clients.create_or_rotate_key(ApiClient(name="app", requests_per_minute=6)),
    ) as client:
        yield client


def test_a_doodle_becomes_four_images(themes: StudioClient) -> None:
    [theme] = themes.themes()
    request = themes.create_request(
        theme.slug, "mia", examples.doodle().png_bytes, "a red dress", seed=5, idempotency_key="one"
    )
    repeated = themes.create_request(
        theme.slug, "mia", examples.doodle().png_bytes, "a red dress", seed=5, idempotency_key="one"
    )
    assert repeated.id == request.id
    with pytest.raises(InvalidInputError, match="Idempotency-Key already used"):
        themes.create_request(theme.slug, "mia", idempotency_key="one")
    events = list(themes.stream_events(request.id))
    assert sum(event["type"] == "done" for event in events) == 4
    assert list(themes.stream_events(request.id, after=events[-2]["id"])) == events[-1:]
    images = themes.get_images(request.id)
    assert sorted(images) == ["A", "B", "C", "D"]
    assert Image.open(io.BytesIO(images["A"])).size == (256, 256)
    themes.select_variant(request.id, "B")
    assert themes.get_request(request.id).selected_slot == "B"
    assert themes.cancel(request.id).ended


def test_problems_are_raised_as_errors(themes: StudioClient, url: str) -> None:
    with pytest.raises(NotFoundError, match="Theme “spring” is not deployed"):
        themes.create_request("spring", "mia")
    with pytest.raises(InvalidInputError, match="is not a PNG"):
        themes.create_request("first-light", "mia", b"GIF89a")
    with pytest.raises(NotFoundError):
        list(themes.stream_events("f" * 32))
    with pytest.raises(
        InvalidInputError, match="slug: should match|theme: "
    ) as refused:  # A message in another.
        themes.create_request("No Slug", "mia")
    assert refused.value.code == "request.invalid"

    def ask_often() -> None:
        for _ in range(12):
            themes.create_request("first-light", "mia")

    with pytest.raises(CapacityError) as caught:
        ask_often()
    assert caught.value.retry_after_seconds >= 1
    with pytest.raises(InvalidInputError, match="API key missing or invalid"):
        StudioClient(url, "dts_wrong").themes()
    with pytest.raises(ApiError, match="does not respond"):
        StudioClient("http://127.0.0.1:1", "dts_x").themes()
