"""The real engine on the pocket models: who draws, this process or a worker of a fleet, changes no pixel."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from studio.bench.redis import RedisServer
from studio.bootstrap import open_studio
from studio.client import Themes
from studio.imaging.limits import open_png
from studio.recipes.deployment import Order
from studio.recipes.events import Done
from studio.recipes.serving import Client
from studio.settings import Settings
from tests import examples
from tests.servers.api import serving
from tests.service.test_conformance import ASK, ended, states


def test_a_fleet_draws_the_pixels_that_the_page_draws(redis: RedisServer, home: Path) -> None:
    own = {"STUDIO_HOME": str(home), "STUDIO_BROKER": redis.url, "STUDIO_DEVICE": "cpu"}
    studio = open_studio(Settings(home=home, broker=SecretStr(redis.url)))
    studio.deploying.deployments.add(Order(slug="first-light", number=1))
    key = studio.clients.put(Client(name="app"))
    worker = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "worker"], env=os.environ | own, start_new_session=True
    )
    try:
        with serving(studio) as address, Themes(address, key) as themes:
            asked = themes.ask(*ASK, examples.doodle().png, "a red dress", seed=5)
            shown = ended(themes, asked.id)
            assert states(shown) == ["done"] * 4
            served = {k: open_png(png, "it") for k, png in themes.pictures(asked.id).items()}
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    request = studio.intake.request(
        studio.presets.version("first-light", 1).preset, "mia", examples.doodle().png, "a red dress", 5, 1
    )  # fmt: skip
    drawn = [e for e in studio.rendering.start(request).events() if isinstance(e, Done)]
    assert len(drawn) == 4
    for event in drawn:
        here = open_png(event.png, "it").convert("RGB")
        assert here.tobytes() == served[event.letter].tobytes(), event.letter
