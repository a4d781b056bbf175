"""The API as an app calls it: themes, requests, events, images; errors as problems."""

import base64
import io
import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.errors import InsufficientMemoryError, RenderError
from studio.recipes.moderation import AuditFilter
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.server.app import create_api
from studio.settings import Settings
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import until

V1 = "/api/v1"
BODY = {"theme": "first-light", "base_image": "mia", "prompt": "a red dress", "seed": 5}
DOODLE = base64.b64encode(examples.doodle().png_bytes).decode()


def wait_until_ended(app: TestClient, request_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = until(
        lambda: app.get(f"{V1}/requests/{request_id}").json(), lambda it: it["ended"]
    )
    return shown


def read_events(app: TestClient, request_id: str, after: int | None = None) -> list[dict[str, Any]]:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    text = app.get(f"{V1}/requests/{request_id}/events", headers=headers).text
    blocks = [block for block in text.split("\n\n") if block.startswith("id:")]
    lines = [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]
    return [{**json.loads(line["data"]), "id": int(line["id"]), "event": line["event"]} for line in lines]  # fmt: skip


def test_deployed_themes_are_listed_with_base_images(app: TestClient) -> None:
    [theme] = app.get(f"{V1}/themes").json()
    assert (theme["slug"], theme["version"]) == ("first-light", 1)
    assert {image["id"] for image in theme["base_images"]} >= {"mia", "noah"}
    answer = app.get(theme["base_images"][0]["image"])
    assert answer.headers["content-type"] == "image/png"
    small = app.get(theme["base_images"][0]["thumbnail"], params={"size": 96})
    assert small.headers["content-type"] == "image/webp"
    assert len(small.content) < len(answer.content) / 3
    assert app.get(f"{V1}/themes/picnic").status_code == 404
    for kind in ("png", "webp"):
        nobody = app.get(f"{V1}/themes/first-light/base-images/nobody.{kind}")
        assert nobody.status_code == 404


def test_a_doodle_becomes_four_images(app: TestClient, renderer: FakeRenderer) -> None:
    answer = app.post(f"{V1}/requests", json=BODY | {"doodle": DOODLE})
    assert answer.status_code == 202
    created = answer.json()
    assert answer.headers["location"] == f"{V1}/requests/{created['id']}"
    shown = wait_until_ended(app, created["id"])
    assert [v["state"] for v in shown["variants"]] == ["done"] * 4
    assert (shown["version"], shown["seed"]) == (1, 5)
    for variant in shown["variants"]:
        answer = app.get(variant["image"])
        image = Image.open(io.BytesIO(answer.content))
        assert (image.format, image.size, image.info) == ("PNG", (256, 256), {})
        # Issue 18, 17: a review may withdraw it.
        assert answer.headers["cache-control"] == "private, no-store"
    small = app.get(f"{variant['image']}?format=webp")
    assert Image.open(io.BytesIO(small.content)).format == "WEBP"
    assert [job.slot for job in renderer.rendered] == ["A", "B", "C", "D"]
    assert renderer.rendered[0].doodle is not None


def test_previews_are_sent_only_without_image_moderation(
    app: TestClient, studio: AppContainer, renderer: FakeRenderer
) -> None:
    """Issue 18, 10: a preview shows what may be withheld in the end."""
    preset = studio.stores.themes.get_version("first-light").preset
    for is_checked in (True, False):
        safety = preset.safety.model_copy(update={"check_outputs": is_checked})
        saved = studio.stores.themes.save(preset.model_copy(update={"safety": safety}))
        spec = DeploymentSpec(slug="first-light", version=saved.version, bypassed_checks=True)
        studio.stores.deployments.add(spec)
        gate = renderer.gate = threading.Semaphore(0)
        created = app.post(f"{V1}/requests", json=BODY).json()["id"]
        studio.serving.events.events_since(created, 0)  # Who asks for events listens.
        gate.release(100)
        kinds = {event["type"] for event in read_events(app, created)}
        assert ("preview" in kinds) is not is_checked


def test_event_stream_resumes_after_last_event_id(app: TestClient) -> None:
    created = app.post(f"{V1}/requests", json=BODY).json()["id"]
    events = read_events(app, created)
    of_b = [event["type"] for event in events if event["slot"] == "B"]
    assert of_b == ["queued", "started", "loading", "step", "step", "done"]
    assert [event["id"] for event in events] == list(range(len(events)))
    assert sum(event["event"] == "done" for event in events) == 4
    done = next(event for event in events if event["type"] == "done")
    assert done["image"] == f"{V1}/requests/{created}/variants/{done['slot']}"
    assert "recipe" not in json.dumps(events)
    assert read_events(app, created, after=events[-3]["id"]) == events[-2:]
    assert read_events(app, created, after=events[-1]["id"]) == []


def test_restart_resumes_requests_and_serves_events_of_finished_ones(
    home: Path, studio: AppContainer, app: TestClient
) -> None:
    created = app.post(f"{V1}/requests", json=BODY).json()["id"]
    wait_until_ended(app, created)
    waiting = examples.request(
        id="f" * 32, base_image=studio.stores.base_images.get("mia"), theme_version=1,
        preset=studio.stores.themes.get_version("first-light").preset,
    )  # fmt: skip
    from datetime import UTC, datetime

    studio.stores.jobs.requests.create(
        waiting, "app", "live", datetime.now(UTC) + timedelta(minutes=1)
    )
    studio.stores.jobs.queue.claim(waiting.id, "C")
    repeated = create_app_container(Settings(data_dir=home), FakeRenderer)
    with TestClient(create_api(repeated), headers=dict(app.headers)) as restarted:
        assert [v["state"] for v in wait_until_ended(restarted, waiting.id)["variants"]] == [
            "done"
        ] * 4
        assert {event["type"] for event in read_events(restarted, created)} == {"done"}
        assert restarted.get(f"{V1}/requests/{created}/variants/A").status_code == 200


def test_repeated_idempotency_key_renders_once(app: TestClient, renderer: FakeRenderer) -> None:
    headers = {"Idempotency-Key": "order-17"}
    first, second = (app.post(f"{V1}/requests", json=BODY, headers=headers).json()["id"] for _ in range(2))  # fmt: skip
    assert first == second
    wait_until_ended(app, first)
    assert len(renderer.rendered) == 4


# Issue 18, 17: it answered with the first request, whatever was asked for.
@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "a blue dress"},
        {"seed": 6},
        {"base_image": "noah"},
        {"doodle": DOODLE},
        {"seed": None},
    ],
)
def test_idempotency_key_with_another_body_is_422(
    app: TestClient, changes: dict[str, object]
) -> None:
    headers = {"Idempotency-Key": "order-17"}
    first = app.post(f"{V1}/requests", json=BODY, headers=headers)
    changed = app.post(f"{V1}/requests", json=BODY | changes, headers=headers)
    assert changed.status_code == 422
    assert "Idempotency-Key already used" in changed.json()["detail"]
    repeated = app.post(f"{V1}/requests", json=BODY, headers=headers)
    assert (repeated.status_code, repeated.json()["id"]) == (202, first.json()["id"])


def test_request_is_cancelled_within_a_step(home: Path) -> None:
    gate = threading.Semaphore(0)
    renderer = FakeRenderer(steps=3, gate=gate)
    studio = create_app_container(Settings(data_dir=home), lambda: renderer)
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    key = studio.stores.clients.create_or_rotate_key(ApiClient(name="app"))
    with TestClient(create_api(studio), headers={"Authorization": f"Bearer {key}"}) as app:
        created = app.post(f"{V1}/requests", json=BODY).json()["id"]
        until(lambda: renderer.rendered)
        cancelled = app.delete(f"{V1}/requests/{created}").json()
        assert cancelled["ended"]
        gate.release(3)
        assert {v["state"] for v in wait_until_ended(app, created)["variants"]} == {"cancelled"}
        kinds = [event["type"] for event in read_events(app, created) if event["event"] == "done"]
        assert kinds == ["cancelled"] * 4
    assert len(renderer.rendered) == 1


def test_failed_variant_has_an_error(app: TestClient, renderer: FakeRenderer) -> None:
    renderer._errors["C"] = RenderError("recipe C: NaN latents")
    shown = wait_until_ended(app, app.post(f"{V1}/requests", json=BODY).json()["id"])
    assert [v["state"] for v in shown["variants"]] == ["done", "done", "failed", "done"]
    assert shown["variants"][2]["error"] == "recipe C: NaN latents"


def test_out_of_memory_is_retried_up_to_the_limit(app: TestClient, renderer: FakeRenderer) -> None:
    renderer._errors["B"] = InsufficientMemoryError("no room beside what is in use")
    shown = wait_until_ended(app, app.post(f"{V1}/requests", json=BODY).json()["id"])
    assert [v["state"] for v in shown["variants"]] == ["done", "failed", "done", "done"]
    assert [job.slot for job in renderer.rendered].count("B") == 3


def test_selected_variant_is_recorded(app: TestClient, studio: AppContainer) -> None:
    created = app.post(f"{V1}/requests", json=BODY).json()["id"]
    wait_until_ended(app, created)
    assert (
        app.post(f"{V1}/requests/{created}/selection", json={"slot": "C"}).json()["selected_slot"]
        == "C"
    )
    assert studio.stores.jobs.requests.selection_counts("first-light")[1]["C"] == 1
    assert app.post(f"{V1}/requests/{created}/selection", json={"slot": "E"}).status_code == 422


@pytest.mark.parametrize(
    ("changes", "status", "expected_text"),
    [
        ({"theme": "picnic"}, 404, "Theme “picnic” is not deployed"),
        ({"base_image": "nobody"}, 404, "has no base image “nobody”"),
        ({"doodle": "no base64!"}, 422, "Doodle is not valid base64"),
        ({"doodle": base64.b64encode(b"GIF89a").decode()}, 422, "is not a PNG"),
        ({"doodle": base64.b64encode(examples.png((64, 64))).decode()}, 422, "Draw it at the size of the base image"),
        ({"prompt": "x" * 501}, 422, "prompt"),
        ({"seed": -1}, 422, "seed"),
        ({"base_image": "../mia"}, 422, "base_image"),
        ({"recipe": {}}, 422, "recipe"),
    ],
)  # fmt: skip
def test_invalid_request_is_a_problem(
    app: TestClient, changes: dict[str, object], status: int, expected_text: str
) -> None:
    answer = app.post(f"{V1}/requests", json=BODY | changes)
    problem = answer.json()
    assert (answer.status_code, problem["status"], expected_text in problem["detail"]) == (status, status, True)  # fmt: skip
    assert answer.headers["content-type"] == "application/problem+json"


def test_requests_need_a_key_and_belong_to_their_client(
    app: TestClient, studio: AppContainer
) -> None:
    created = app.post(f"{V1}/requests", json=BODY).json()["id"]
    other_client = {
        "Authorization": f"Bearer {studio.stores.clients.create_or_rotate_key(ApiClient(name='other'))}"
    }
    for method, url in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/events"),
        ("GET", "/variants/A"),
    ):
        assert app.request(method, f"{V1}/requests/{created}{url}", headers=other_client).status_code == 404  # fmt: skip
        for authorization in ("Bearer dts_wrong", "Basic YTpi", ""):
            answer = app.request(method, f"{V1}/requests/{created}{url}", headers={"Authorization": authorization})  # fmt: skip
            assert answer.status_code == 401
    assert app.get(f"{V1}/health", headers={"Authorization": ""}).status_code == 200


def test_limits_answer_429_with_retry_after(home: Path) -> None:
    gate = threading.Semaphore(0)
    studio = create_app_container(Settings(data_dir=home), lambda: FakeRenderer(steps=1, gate=gate))
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=1))
    key = studio.stores.clients.create_or_rotate_key(
        ApiClient(name="app", max_concurrent_requests=2, requests_per_minute=4)
    )
    with TestClient(create_api(studio), headers={"Authorization": f"Bearer {key}"}) as app:
        assert [app.post(f"{V1}/requests", json=BODY).status_code for _ in range(2)] == [202, 202]
        full = app.post(f"{V1}/requests", json=BODY)
        assert (full.status_code, "limit reached (2)" in full.json()["detail"]) == (429, True)
        assert int(full.headers["retry-after"]) >= 1
        assert app.get(f"{V1}/ready").json()["waiting"] >= 6
        app.post(f"{V1}/requests", json=BODY)
        too_often = app.post(f"{V1}/requests", json=BODY)
        assert (too_often.status_code, "per minute" in too_often.json()["detail"]) == (429, True)
        gate.release(20)


def test_canary_version_answers_its_share(app: TestClient, studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("first-light").preset
    studio.stores.themes.save(preset.model_copy(update={"theme_prompt": "bold"}))
    studio.stores.deployments.add(
        DeploymentSpec(slug="first-light", version=1, canary_version=2, canary_percent=50)
    )
    versions = set()
    for _ in range(64):  # Each is on trial by the toss of a coin.
        created = app.post(f"{V1}/requests", json=BODY).json()
        versions.add(created["version"])
        wait_until_ended(app, created["id"])
        if len(versions) == 2:
            break
    assert versions == {1, 2}


def test_openapi_document_has_routes_and_examples(app: TestClient) -> None:
    document = app.get(f"{V1}/openapi.json").json()
    assert {f"{V1}/themes", f"{V1}/requests", f"{V1}/requests/{{request_id}}/events"} <= set(document["paths"])  # fmt: skip
    body = document["components"]["schemas"]["GenerationRequestCreate"]["properties"]
    assert body["prompt"]["examples"] == ["a red dress with a star"]


def test_blocked_prompt_is_a_problem_without_the_reason(
    app: TestClient, studio: AppContainer
) -> None:
    refused = app.post(f"{V1}/requests", json=BODY | {"prompt": "a n@ked man"})
    assert refused.status_code == 422
    assert refused.json()["detail"] == "Prompt rejected by moderation. Use a different prompt."
    [stored] = studio.stores.audit_log.query(AuditFilter())
    assert (stored.decision.client, stored.decision.reason) == ("app", "naked")


def test_withheld_variant_has_no_image_and_no_reason(
    app: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio.moderation.image_classifier, "score", lambda _: {"nsfw": 0.97})
    created = app.post(f"{V1}/requests", json=BODY).json()
    shown = wait_until_ended(app, created["id"])
    assert [variant["state"] for variant in shown["variants"]] == ["withheld"] * 4
    assert {v["error"] for v in shown["variants"]} == {"Image withheld by moderation."}
    assert all(variant["image"] is None for variant in shown["variants"])
    withheld = [event for event in read_events(app, created["id"]) if event["type"] == "withheld"]
    assert len(withheld) == 4
    assert "0.97" not in str(withheld) + str(shown)
    assert app.get(f"{V1}/requests/{created['id']}/variants/A").status_code == 404
    assert {stored.decision.client for stored in studio.stores.audit_log.query(AuditFilter())} == {
        "app"
    }


def image_of(color: str, size: tuple[int, int] = (128, 96)) -> str:
    png = io.BytesIO()
    Image.new("RGB", size, color).save(png, "PNG")
    return base64.b64encode(png.getvalue()).decode()


def upload_body(studio: AppContainer) -> dict[str, Any]:
    """A wish with a picture of one's own, for a theme that takes any."""
    preset = studio.stores.themes.get_version("first-light").preset
    policy = preset.safety.model_copy(update={"allow_base_uploads": True})
    studio.stores.themes.save(preset.model_copy(update={"safety": policy}))
    studio.stores.deployments.add(DeploymentSpec(slug="first-light", version=2))
    points = [[0.5, 0.1 + 0.04 * n] for n in range(18)]
    return {
        "theme": "first-light",
        "uploaded_base_image": {"png": image_of("tan"), "keypoints": points},
    }


def test_uploaded_base_image_is_rendered(app: TestClient, studio: AppContainer) -> None:
    body = upload_body(studio)
    created = app.post(f"{V1}/requests", json=body)
    assert created.status_code == 202
    shown = wait_until_ended(app, created.json()["id"])
    assert [variant["state"] for variant in shown["variants"]] == ["done"] * 4
    drawn = app.get(f"{V1}/requests/{shown['id']}/variants/A")
    assert Image.open(io.BytesIO(drawn.content)).getpixel((5, 5)) == (210, 180, 140)
    assert shown["base_image"] not in {
        image.id for image in studio.stores.base_images.list_all(include_retired=True)
    }


def test_invalid_base_image_upload_is_refused(
    app: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusal(body: dict[str, Any]) -> str:
        answer = app.post(f"{V1}/requests", json=body)
        assert answer.status_code == 422
        return str(answer.json()["detail"])

    upload = {"png": image_of("tan")}
    closed = refusal({"theme": "first-light", "uploaded_base_image": upload})
    assert (
        closed
        == "Theme “first-light” does not accept uploaded base images. Choose one of its base images."
    )
    body = upload_body(studio)
    assert "send either base_image or uploaded_base_image, not both" in refusal(
        body | {"base_image": "mia"}
    )
    assert "send either" in refusal({"theme": "first-light"})
    assert "18 keypoints" in refusal(body | {"uploaded_base_image": upload})
    points = body["uploaded_base_image"]["keypoints"]
    for png, why in (
        ("%%%", "not valid base64"),
        (base64.b64encode(b"<svg onload='x'/>").decode(), "not a PNG"),
        (image_of("tan", (32, 32)), "width"),
    ):
        assert why in refusal(body | {"uploaded_base_image": {"png": png, "keypoints": points}})
    monkeypatch.setattr(studio.moderation.image_classifier, "score", lambda _: {"nsfw": 0.97})
    assert refusal(body) == "Doodle rejected by moderation. Draw a different one."
    assert studio.stores.audit_log.query(AuditFilter())[0].decision.stage == "upload"
