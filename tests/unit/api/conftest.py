"""An API of one process over a renderer that needs no models, with a theme that is served."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from studio.api.app import build_api
from studio.bootstrap import Studio, open_studio
from studio.recipes.deployment import Order
from studio.recipes.serving import Client
from studio.service.fake import FakeRenderer
from studio.settings import Settings


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer(steps=2)


@pytest.fixture
def studio(home: Path, fresh: Path, renderer: FakeRenderer) -> Studio:
    shutil.copytree(fresh, home)
    opened = open_studio(Settings(home=home), lambda: renderer)
    opened.deploying.deploy(Order(slug="first-light", number=1))
    renderer.rendered.clear()
    return opened


@pytest.fixture
def app(studio: Studio) -> Iterator[TestClient]:
    key = studio.clients.put(Client(name="app", in_flight=2))
    with TestClient(build_api(studio), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client
