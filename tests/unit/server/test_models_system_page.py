"""Models and this process by session: memory tiers, downloads, queue, background tasks."""

import io
import logging
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.engine.stats import DeviceInfo
from studio.errors import InvalidInputError, ModelHubError
from studio.messages import message
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.services.background_tasks import About, ProgressCallback
from studio.services.model_downloads import DownloadEstimate, DownloadRequest
from studio.services.requests.request_spec import GenerationRequestSpec
from studio.settings import Settings
from studio.ui.server import build_app
from tests.fake_renderer import FakeRenderer
from tests.hub import model_hub
from tests.unit.models.test_identification import PEFT, write
from tests.waiting import LONG, until

CSRF_HEADERS = {"X-Studio": "page"}
MODELS = "/api/v1/models"
TASKS = "/api/v1/background-tasks"
APP = ApiClient(name="app")


@pytest.fixture
def studio(home: Path, fresh: Path, tmp_path: Path) -> Iterator[AppContainer]:
    """A studio whose hub stands on loopback and has one LoRA."""
    shutil.copytree(fresh, home)
    lora = write(tmp_path / "glow.safetensors", {PEFT: (8, 128)}).read_bytes()
    with model_hub({"acme/loras": {"glow.safetensors": lora}}) as hub:
        yield create_app_container(Settings(data_dir=home, hub_url=hub.endpoint))


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def wait_for_download(client: TestClient) -> dict[str, Any]:
    """The one download, once it has ended."""
    [download] = until(
        lambda: client.get(f"{MODELS}/downloads").json(),
        lambda downloads: downloads[0]["state"] != "running",
    )
    return dict(download)


def test_models_are_listed_with_their_memory_tier(client: TestClient) -> None:
    models = client.get(MODELS).json()
    models_by_name = {(each["kind"], each["name"]): each for each in models}
    assert models_by_name["checkpoint", "pocket-ink"]["tier"] == "disk"
    assert models_by_name["lora", "pocket-neon"]["trigger_words"]


# Issue 20, 8.
def test_models_are_listed_at_once_and_hashed_meanwhile(
    client: TestClient, studio: AppContainer
) -> None:
    def hash_on_the_page() -> Any:
        models = client.get(MODELS).json()
        return {model["name"]: model["sha256"] for model in models}["new"]

    write(studio.settings.user_models_dir / "loras" / "new.safetensors", {PEFT: (8, 128)})
    assert hash_on_the_page() is None
    assert until(hash_on_the_page)


def test_download_reports_progress_until_done(client: TestClient) -> None:
    body = {"repo": "acme/loras", "kind": "lora", "file": "glow.safetensors"}
    started = client.post(f"{MODELS}/downloads", json=body, headers=CSRF_HEADERS).json()
    assert (started["name"], started["state"]) == ("glow", "running")
    ended = wait_for_download(client)
    assert ended["state"] == "done"
    assert ended["downloaded_bytes"] == ended["bytes"] > 0
    assert "glow" in {each["name"] for each in client.get(MODELS).json()}
    client.post(f"{MODELS}/downloads", json=body, headers=CSRF_HEADERS)
    assert "already" in wait_for_download(client)["message"]


def test_of_two_who_start_a_download_at_once_one_is_refused(
    studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads, wanted = studio.models.downloads, DownloadRequest("acme/loras", "lora")

    def estimate(_: DownloadRequest) -> DownloadEstimate:
        with pytest.raises(InvalidInputError, match="already being downloaded"):
            downloads.start(wanted)
        raise ModelHubError("hub.timeout")

    monkeypatch.setattr(downloads, "estimate", estimate)
    with pytest.raises(ModelHubError):
        downloads.start(wanted)
    assert downloads.list_all() == ()


def test_size_of_a_download_is_known_before_it_starts(
    client: TestClient, studio: AppContainer
) -> None:
    body = {"repo": "acme/loras", "kind": "lora", "file": "glow.safetensors"}
    url = f"{MODELS}/downloads/estimate"
    estimate = client.post(url, json=body, headers=CSRF_HEADERS).json()
    assert (estimate["name"], estimate["files"]) == ("glow", 1)
    assert 0 < estimate["bytes"] < estimate["disk_free"]
    assert studio.models.downloads.list_all() == ()


def test_models_are_listed_with_the_themes_that_use_them(
    client: TestClient, studio: AppContainer
) -> None:
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    used = {
        (each["kind"], each["name"]): each["themes"]
        for each in client.get(f"{MODELS}/usage").json()
    }
    themes = {each["slug"]: each["live"] for each in used["checkpoint", "pocket-ink"]}
    assert themes["first-light"]
    assert not any(live for slug, live in themes.items() if slug != "first-light")


@pytest.mark.parametrize(
    ("body", "status", "expected_text"),
    [
        ({"repo": "../etc"}, 422, "not a valid repository"),
        ({"repo": "--help"}, 422, "not a valid repository"),
        ({"repo": "acme/nothing"}, 404, "acme/nothing not found"),
        ({"repo": "acme/loras", "kind": "lora", "file": "dim.safetensors"}, 404, "no file"),
    ],
)
def test_invalid_download_is_refused(
    client: TestClient, body: dict[str, str], status: int, expected_text: str
) -> None:
    answer = client.post(f"{MODELS}/downloads", json=body, headers=CSRF_HEADERS)
    assert answer.status_code == status
    assert expected_text in answer.json()["detail"]


def test_download_needs_the_csrf_header(client: TestClient) -> None:
    assert client.post(f"{MODELS}/downloads", json={"repo": "acme/loras"}).status_code == 403


def test_preview_image_is_served_and_no_other_file(
    client: TestClient, studio: AppContainer
) -> None:
    loras = studio.settings.user_models_dir / "loras"
    write(loras / "glow.safetensors", {PEFT: (8, 128)})
    assert client.get(f"{MODELS}/previews/lora/glow").status_code == 404
    (loras / "glow.png").write_bytes(b"\x89PNG picture")
    answer = client.get(f"{MODELS}/previews/lora/glow")
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG picture", "image/png")
    task = {each["name"]: each["preview"] for each in client.get(MODELS).json()}
    assert task["glow"] == f"{MODELS}/previews/lora/glow"
    for url in ("lora/..%2Fglow", "lora/dim", "checkpoint/glow"):
        assert client.get(f"{MODELS}/previews/{url}").status_code == 404
    assert client.get(f"{MODELS}/previews/secrets/glow").status_code == 422


def test_a_preview_is_also_served_small_where_it_can_be_read(
    client: TestClient, studio: AppContainer
) -> None:
    loras = studio.settings.user_models_dir / "loras"
    url = f"{MODELS}/previews/lora/glow?size=96"
    write(loras / "glow.safetensors", {PEFT: (8, 128)})
    Image.new("RGB", (512, 256), "red").save(loras / "glow.jpg")
    small = client.get(url)
    assert small.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(small.content)).size == (96, 48)
    assert client.get(url, headers={"if-none-match": small.headers["etag"]}).status_code == 304
    (loras / "glow.jpg").write_bytes(b"broken picture")
    assert client.get(url).content == b"broken picture"


def test_unusable_model_files_are_listed(client: TestClient, studio: AppContainer) -> None:
    broken = studio.settings.user_models_dir / "loras" / "broken.safetensors"
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_bytes(b"no weights")
    [problem] = client.get(f"{MODELS}/problems").json()
    assert "broken" in problem


# Issue 20, 7.
@pytest.mark.parametrize(
    ("language", "problem"), [("en", "only 1 found"), ("zh-CN", "编号从 cuda:0 开始")]
)
def test_status_tells_the_device_and_its_problem_in_the_readers_language(
    client: TestClient, studio: AppContainer, language: str, problem: str
) -> None:
    studio.rendering.device_probe.info = DeviceInfo(
        "cpu", "x86", 2**30, "fp32", "flash", message("engine.cuda_index", count=1)
    )
    answer = client.get("/api/v1/system", headers={"accept-language": language})
    device = answer.json()["device"]
    assert (device["device"], device["memory_bytes"], device["attention"]) == (
        "cpu",
        2**30,
        "flash",
    )
    assert problem in device["problem"]


def test_status_has_versions_runs_and_log(client: TestClient) -> None:
    logging.getLogger("studio.services").warning("something odd")
    status = client.get("/api/v1/system").json()
    assert status["versions"]["torch"]
    assert (status["engine"], status["device"]) == (None, None)
    assert status["active_runs"] == []
    assert status["queue"] == {"waiting": [], "running": 0, "ended": {}, "mean_durations": {}}
    assert 0 < status["disk_free"] <= status["disk_total"]
    assert status["recent_log"][-1].endswith("something odd")


def test_background_tasks_are_listed_and_cancelled(
    client: TestClient, studio: AppContainer
) -> None:
    """Issue 18, 16: System said "Nothing" while a pack of 168 pictures was drawn."""
    assert client.get(TASKS).json() == []
    started, go_on = threading.Event(), threading.Event()

    def render_images(on_progress: ProgressCallback) -> None:
        on_progress(3, 168)
        started.set()
        go_on.wait()
        on_progress(4, 168)

    about = About("robustness", "Quick", "/themes?theme=quick", 2)
    studio.background_tasks.start("quick/2/robustness", about, render_images)
    assert started.wait(LONG)
    [task] = client.get(TASKS).json()
    fields = ("kind", "subject", "version", "page", "done", "total", "state")
    assert [task[each] for each in fields] == ["robustness", "Quick", 2, "/themes?theme=quick", 3, 168, "running"]  # fmt: skip
    assert datetime.fromisoformat(task["started_at"]) <= datetime.now(UTC)
    stop = {"name": task["name"]}
    assert client.post(f"{TASKS}/cancel", json=stop).status_code == 403
    client.post(f"{TASKS}/cancel", json=stop, headers=CSRF_HEADERS)
    assert client.get(TASKS).json()[0]["stopping"]
    go_on.set()
    until(lambda: client.get(TASKS).json()[0]["state"] != "running")
    assert client.get(TASKS).json()[0]["state"] == "stopped"


def test_status_has_the_queue(home: Path) -> None:
    studio = create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1))
    client = TestClient(build_app(studio), base_url="http://127.0.0.1:7860")
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    request_status = studio.serving.requests.submit(
        APP, GenerationRequestSpec("first-light", "mia", seed=5)
    )
    list(studio.rendering.renders.run(request_status.id).events())
    waiting = studio.rendering.request_factory.create(studio.stores.themes.get_version("first-light").preset, "mia", None, "", 5, 1)  # fmt: skip
    studio.stores.jobs.requests.create(
        waiting, "app", "live", datetime.now(UTC) + timedelta(minutes=5), admit=lambda _: 2
    )
    queue = client.get("/api/v1/system").json()["queue"]
    assert {(row["fair_share_tier"], row["count"]) for row in queue["waiting"]} == {(2, 2)}
    assert (queue["running"], queue["ended"]) == (0, {"done": 4})
    assert set(queue["mean_durations"]["pocket-ink"]) == {"wait", "render", "load"}


# Issue 18, 17: models of any name are shown with their picture; 12 (review 3.3): links to elsewhere are not.
@pytest.mark.parametrize("name", ["Detail (v2)", "【汉服】_v1", "a,b", "_u", "o'neil", "x&y", "100%", "a#b?c", "[a]+b"])  # fmt: skip
def test_preview_image_is_found_for_any_model_name(
    client: TestClient, home: Path, name: str
) -> None:
    lora = write(home / "models" / "loras" / f"{name}.safetensors", {PEFT: (8, 128)})
    lora.with_name(f"{name}.png").write_bytes(b"picture")
    [listed] = [m for m in client.get(MODELS).json() if m["name"] == name]
    url = listed["preview"]
    assert url == f"{MODELS}/previews/lora/{quote(name, safe='')}"
    assert client.get(url).content == b"picture"
    lora.with_name(f"{name}.png").unlink()
    lora.with_name(f"{name}.png").symlink_to("/etc/passwd")
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("name", ["..%2Fx", "%2E%2E", "a%00b", "%1b[2J", "a%5Cb"])
def test_model_name_cannot_leave_its_directory(client: TestClient, name: str) -> None:
    assert client.get(f"{MODELS}/previews/lora/{name}").status_code in (400, 404, 422)


def test_malformed_model_file_does_not_break_the_list(client: TestClient, home: Path) -> None:
    """Issue 18, 12 (review 3.2)."""
    header = b'{"__metadata__":null,"w":' + b"[" * 10_000
    (home / "models" / "loras").mkdir(parents=True)
    malformed = home / "models" / "loras" / "odd.safetensors"
    malformed.write_bytes(len(header).to_bytes(8, "little") + header)
    assert client.get(MODELS).status_code == 200
    assert "odd.safetensors" in str(client.get(f"{MODELS}/problems").json())


@pytest.mark.parametrize(
    "body", [{"repo": "acme/lo\0ras"}, {"repo": "acme/loras", "file": "glow\0.safetensors"}]
)
def test_download_arguments_with_control_characters_are_refused(
    client: TestClient, body: dict[str, str]
) -> None:
    assert client.post(f"{MODELS}/downloads", json=body, headers=CSRF_HEADERS).status_code in (
        400,
        422,
    )


def test_the_warm_up_is_told_until_it_is_done(home: Path) -> None:
    may_build = threading.Event()

    def build() -> FakeRenderer:
        assert may_build.wait(LONG)
        return FakeRenderer()

    studio = create_app_container(Settings(data_dir=home), build)
    client = TestClient(build_app(studio), base_url="http://127.0.0.1:7860")

    def state() -> str:
        return str(client.get("/api/v1/warm-up").json()["state"])

    assert state() == "done"
    studio.rendering.warm_up.start()
    assert state() == "renderer"
    may_build.set()
    until(state, lambda it: it == "done")
