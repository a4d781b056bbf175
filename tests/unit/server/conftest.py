"""A studio with a fake renderer and a deployed theme, and its API as a test client."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer, create_app_container
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.server.app import create_api
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer


@pytest.fixture
def renderer() -> FakeRenderer:
    return FakeRenderer(steps=2)


@pytest.fixture
def studio(home: Path, fresh: Path, renderer: FakeRenderer) -> AppContainer:
    shutil.copytree(fresh, home)
    opened = create_app_container(Settings(data_dir=home), lambda: renderer)
    # Without the checks before a deployment, which take half a second.
    opened.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    return opened


@pytest.fixture
def app(studio: AppContainer) -> Iterator[TestClient]:
    key = studio.stores.clients.create_or_rotate_key(
        ApiClient(name="app", max_concurrent_requests=2)
    )
    with TestClient(create_api(studio), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client
