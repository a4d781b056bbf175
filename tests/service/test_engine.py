"""The real engine on the pocket models: who draws, this process or a worker of a fleet, changes no pixel."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from studio.app import create_app_container
from studio.bench.redis import RedisServer
from studio.client import StudioClient
from studio.imaging.png_io import decode_png
from studio.recipes.generation.events import JobCompleted
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.settings import Settings
from tests import examples
from tests.servers.api import serving
from tests.service.test_conformance import ASK, ended, states


def test_a_fleet_draws_the_pixels_that_the_page_draws(redis: RedisServer, home: Path) -> None:
    own = {"STUDIO_DATA_DIR": str(home), "STUDIO_BROKER_URL": redis.url, "STUDIO_DEVICE": "cpu"}
    studio = create_app_container(Settings(data_dir=home, broker_url=SecretStr(redis.url)))
    studio.deployments.deployments.add(DeploymentSpec(slug="first-light", version=1))
    key = studio.clients.create_or_rotate_key(ApiClient(name="app"))
    worker = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "worker"], env=os.environ | own, start_new_session=True
    )
    try:
        with serving(studio) as address, StudioClient(address, key) as themes:
            asked = themes.create_request(*ASK, examples.doodle().png_bytes, "a red dress", seed=5)
            shown = ended(themes, asked.id)
            assert states(shown) == ["done"] * 4
            served = {k: decode_png(png, "it") for k, png in themes.get_images(asked.id).items()}
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    request = studio.request_factory.create(
        studio.themes.get_version("first-light", 1).preset, "mia", examples.doodle().png_bytes, "a red dress", 5, 1
    )  # fmt: skip
    drawn = [e for e in studio.renders.start(request).events() if isinstance(e, JobCompleted)]
    assert len(drawn) == 4
    for event in drawn:
        here = decode_png(event.png, "it").convert("RGB")
        assert here.tobytes() == served[event.slot].tobytes(), event.slot
