"""The real engine with the pocket models: a worker renders the same pixels as this process, in exact mode.

Elsewhere the last bits depend on the matrix units (AMX) that the kernel lets a process use."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from benchmarks.redis_server import RedisServer
from studio.app import create_app_container
from studio.client import StudioClient
from studio.imaging.png_io import decode_png
from studio.recipes.generation.events import JobCompleted
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.settings import Settings
from tests import examples
from tests.servers.api import serving
from tests.service.test_conformance import THEME_AND_BASE, job_states, wait_until_finished


def test_worker_renders_the_same_pixels_as_the_page(redis: RedisServer, home: Path) -> None:
    environment = {
        "STUDIO_DATA_DIR": str(home),
        "STUDIO_BROKER_URL": redis.url,
        "STUDIO_DEVICE": "cpu",
        "STUDIO_DISABLE_APPROXIMATIONS": "true",
    }
    studio = create_app_container(
        Settings(data_dir=home, broker_url=SecretStr(redis.url), disable_approximations=True)
    )
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    key = studio.stores.clients.create_or_rotate_key(ApiClient(name="app"))
    worker = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "worker"],
        env=os.environ | environment,
        start_new_session=True,
    )
    try:
        with serving(studio) as url, StudioClient(url, key) as client:
            created = client.create_request(
                *THEME_AND_BASE, examples.doodle().png_bytes, "a red dress", seed=5
            )
            response = wait_until_finished(client, created.id)
            assert job_states(response) == ["done"] * 4
            served = {k: decode_png(png, "it") for k, png in client.get_images(created.id).items()}
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    request = studio.rendering.request_factory.create(
        studio.stores.themes.get_version("first-light", 1).preset,
        "mia",
        examples.doodle().png_bytes,
        "a red dress",
        5,
        1,
    )
    completed = [
        e for e in studio.rendering.renders.start(request).events() if isinstance(e, JobCompleted)
    ]
    assert len(completed) == 4
    for event in completed:
        local = decode_png(event.png, "it").convert("RGB")
        assert local.tobytes() == served[event.slot].tobytes(), event.slot
