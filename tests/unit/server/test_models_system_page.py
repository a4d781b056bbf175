"""Models and System: what is where, what runs; a pull goes through a process of its own."""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer, create_app_container
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.services.background_tasks import About, ProgressCallback
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.services.requests.request_service import GenerationRequestSpec
from studio.settings import Settings
from studio.ui.server import build_app
from tests.hub import model_hub
from tests.unit.models.test_safetensors_header import PEFT, write
from tests.waiting import LONG, until

OWN = {"X-Studio": "models"}
APP = ApiClient(name="app")


@pytest.fixture
def studio(home: Path, tmp_path: Path) -> Iterator[AppContainer]:
    """A studio whose hub stands on loopback and has one LoRA."""
    lora = write(tmp_path / "glow.safetensors", {PEFT: (8, 128)}).read_bytes()
    with model_hub({"acme/loras": {"glow.safetensors": lora}}) as hub:
        yield create_app_container(Settings(data_dir=home, hub_url=hub.endpoint))


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def pulled(client: TestClient) -> dict[str, Any]:
    """The one download, once it has ended."""
    [pull] = until(
        lambda: client.get("/models/list").json()["pulls"],
        lambda pulls: pulls[0]["state"] != "running",
    )
    return dict(pull)


def test_every_model_says_where_it_is(client: TestClient) -> None:
    models = client.get("/models/list").json()["models"]
    found = {(each["kind"], each["name"]): each for each in models}
    assert found["checkpoint", "pocket-ink"]["where"] == "disk"
    assert found["lora", "pocket-neon"]["triggers"]


def test_a_pull_is_watched_until_the_model_is_here(client: TestClient) -> None:
    wish = {"repo": "acme/loras", "kind": "lora", "file": "glow.safetensors"}
    begun = client.post("/models/pull", json=wish, headers=OWN).json()
    assert (begun["name"], begun["state"]) == ("glow", "running")
    ended = pulled(client)
    assert ended["state"] == "done"
    assert ended["fetched"] == ended["bytes"] > 0
    assert "glow" in {each["name"] for each in client.get("/models/list").json()["models"]}
    client.post("/models/pull", json=wish, headers=OWN)
    assert "already" in pulled(client)["message"]


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"repo": "../etc"}, 400, "no repository"),
        ({"repo": "--help"}, 400, "no repository"),
        ({"repo": "acme/nothing"}, 404, "the hub has no acme/nothing"),
        ({"repo": "acme/loras", "kind": "lora", "file": "dim.safetensors"}, 404, "no file"),
    ],
)
def test_what_cannot_be_pulled_is_said_at_once(
    client: TestClient, wish: dict[str, str], status: int, said: str
) -> None:
    answer = client.post("/models/pull", json=wish, headers=OWN)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_only_a_page_of_the_studio_pulls(client: TestClient) -> None:
    assert client.post("/models/pull", json={"repo": "acme/loras"}).status_code == 422


def test_a_models_image_is_served_and_nothing_beside_it(
    client: TestClient, studio: AppContainer
) -> None:
    loras = studio.settings.user_models_dir / "loras"
    write(loras / "glow.safetensors", {PEFT: (8, 128)})
    assert client.get("/models/picture/lora/glow").status_code == 404
    (loras / "glow.png").write_bytes(b"\x89PNG picture")
    answer = client.get("/models/picture/lora/glow")
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG picture", "image/png")
    shown = {each["name"]: each["image"] for each in client.get("/models/list").json()["models"]}
    assert shown["glow"]
    for address in ("lora/..%2Fglow", "lora/dim", "checkpoint/glow"):
        assert client.get(f"/models/picture/{address}").status_code == 404
    assert client.get("/models/picture/secrets/glow").status_code == 422


def test_a_scan_tells_what_cannot_be_used(client: TestClient, studio: AppContainer) -> None:
    broken = studio.settings.user_models_dir / "loras" / "broken.safetensors"
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_bytes(b"no weights")
    [problem] = client.get("/models/problems").json()
    assert "broken" in problem


def test_the_system_page_knows_versions_runs_and_the_log(client: TestClient) -> None:
    logging.getLogger("studio.services").warning("something odd")
    status = client.get("/system/status").json()
    assert status["versions"]["torch"]
    assert status["engine"] is None
    assert status["under_way"] == []
    assert status["queue"] == {"waiting": [], "running": 0, "ended": {}, "seconds": {}}
    assert 0 < status["disk_free"] <= status["disk_total"]
    assert status["log"][-1].endswith("something odd")


def test_the_system_page_lists_long_work_and_stops_it(
    client: TestClient, studio: AppContainer
) -> None:
    """Issue 18, 16: System said "Nothing" while a pack of 168 pictures was drawn."""
    assert client.get("/system/chores").json() == []
    begun, go_on = threading.Event(), threading.Event()

    def act(tell: ProgressCallback) -> None:
        tell(3, 168)
        begun.set()
        go_on.wait()
        tell(4, 168)

    about = About("robustness", "Quick", "/themes?theme=quick", 2)
    studio.background_tasks.start("quick/2/robustness", about, act)
    assert begun.wait(LONG)
    [shown] = client.get("/system/chores").json()
    told = ("kind", "subject", "version", "page", "done", "total", "state")
    assert [shown[each] for each in told] == ["robustness", "Quick", 2, "/themes?theme=quick", 3, 168, "running"]  # fmt: skip
    assert datetime.fromisoformat(shown["started"]) <= datetime.now(UTC)
    stop = {"name": shown["name"]}
    assert client.post("/system/chores/stop", json=stop).status_code == 422
    client.post("/system/chores/stop", json=stop, headers=OWN)
    assert client.get("/system/chores").json()[0]["stopping"]
    go_on.set()
    until(lambda: client.get("/system/chores").json()[0]["state"] != "running")
    assert client.get("/system/chores").json()[0]["state"] == "stopped"


def test_the_system_page_knows_what_apps_wait_for(home: Path) -> None:
    studio = create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1))
    client = TestClient(build_app(studio), base_url="http://127.0.0.1:7860")
    studio.deployments.deployments.add(DeploymentSpec(slug="first-light", version=1))
    asked = studio.requests.submit(APP, GenerationRequestSpec("first-light", "mia", seed=5))
    list(studio.renders.run(asked.id).events())
    waiting = studio.request_factory.create(studio.themes.get_version("first-light").preset, "mia", None, "", 5, 1)  # fmt: skip
    studio.requests.jobs.requests.create(
        waiting, "app", "live", datetime.now(UTC) + timedelta(minutes=5), admit=lambda _: 2
    )
    queue = client.get("/system/status").json()["queue"]
    assert {(row["turn"], row["count"]) for row in queue["waiting"]} == {(2, 2)}
    assert (queue["running"], queue["ended"]) == (0, {"done": 4})
    assert set(queue["seconds"]["pocket-ink"]) == {"wait", "render", "load"}


@pytest.mark.parametrize("address", ["/models", "/system", "/history"])
def test_the_plain_pages_are_served(client: TestClient, address: str) -> None:
    assert "Doodle Theme Studio" in client.get(address).text


# Issue 18, 17: models of any name are shown with their picture; 12 (review 3.3): links to elsewhere are not.
@pytest.mark.parametrize("name", ["Detail (v2)", "【汉服】_v1", "a,b", "_u", "o'neil", "x&y", "100%", "a#b?c", "[a]+b"])  # fmt: skip
def test_a_models_image_is_found_by_any_name(client: TestClient, home: Path, name: str) -> None:
    lora = write(home / "models" / "loras" / f"{name}.safetensors", {PEFT: (8, 128)})
    lora.with_name(f"{name}.png").write_bytes(b"picture")
    [listed] = [m for m in client.get("/models/list").json()["models"] if m["name"] == name]
    assert listed["image"]
    assert client.get(f"/models/picture/lora/{quote(name, safe='')}").content == b"picture"
    lora.with_name(f"{name}.png").unlink()
    lora.with_name(f"{name}.png").symlink_to("/etc/passwd")
    assert client.get(f"/models/picture/lora/{quote(name, safe='')}").status_code == 404


@pytest.mark.parametrize("name", ["..%2Fx", "%2E%2E", "a%00b", "%1b[2J", "a%5Cb"])
def test_no_models_name_leads_out_of_its_folder(client: TestClient, name: str) -> None:
    assert client.get(f"/models/picture/lora/{name}").status_code in (400, 404, 422)


def test_one_malformed_file_does_not_take_the_page_with_it(client: TestClient, home: Path) -> None:
    """Issue 18, 12 (review 3.2)."""
    header = b'{"__metadata__":null,"w":' + b"[" * 10_000
    (home / "models" / "loras").mkdir(parents=True)
    odd = home / "models" / "loras" / "odd.safetensors"
    odd.write_bytes(len(header).to_bytes(8, "little") + header)
    assert client.get("/models/list").status_code == 200
    assert "odd.safetensors" in str(client.get("/models/problems").json())


@pytest.mark.parametrize(
    "wish", [{"repo": "acme/lo\0ras"}, {"repo": "acme/loras", "file": "glow\0.safetensors"}]
)
def test_what_no_command_line_can_carry_is_refused(
    client: TestClient, wish: dict[str, str]
) -> None:
    assert client.post("/models/pull", json=wish, headers=OWN).status_code in (400, 422)
