"""What a client can rely on: the same tests with each job runner."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from studio.client import StudioClient
from studio.imaging.png_io import decode_png
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.moderation import AuditFilter
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.deployment import DeploymentSpec
from studio.server.schemas import RequestResponse
from studio.store.tables import JobRow
from tests import examples
from tests.service.conftest import Service
from tests.waiting import until

THEME_AND_BASE = ("first-light", "mia")


def wait_until_finished(client: StudioClient, request_id: str) -> RequestResponse:
    return until(
        lambda: client.get_request(request_id), lambda response: response.ended, pause=0.05
    )


def job_states(response: RequestResponse) -> list[str]:
    return [variant.state for variant in response.variants]


def test_doodle_becomes_four_images_with_events_in_order(service: Service) -> None:
    service.start_workers()
    with service.client() as client:
        created = client.create_request(
            *THEME_AND_BASE, examples.doodle().png_bytes, "a red dress", seed=5
        )
        events = list(client.stream_events(created.id))
        assert job_states(client.get_request(created.id)) == ["done"] * 4
        for slot in "ABCD":
            kinds = [event["type"] for event in events if event["slot"] == slot]
            assert kinds[:2] == ["queued", "started"]
            assert kinds[-1] == "done"
            assert kinds.count("step") == 4
        assert [event["id"] for event in events] == list(range(len(events)))
        assert list(client.stream_events(created.id, after=events[-4]["id"])) == events[-3:]
        assert len(client.get_images(created.id)) == 4


def test_api_request_renders_the_same_pixels_as_the_page(service: Service) -> None:
    service.start_workers()
    with service.client() as client:
        created = client.create_request(
            *THEME_AND_BASE, examples.doodle().png_bytes, "a red dress", seed=5
        )
        wait_until_finished(client, created.id)
        served = {k: decode_png(png, "it") for k, png in client.get_images(created.id).items()}
    preset = service.studio.stores.themes.get_version("first-light", 1).preset
    request: GenerationRequest = service.studio.rendering.request_factory.create(
        preset, "mia", examples.doodle().png_bytes, "a red dress", 5, 1
    )
    for event in service.studio.rendering.renders.start(request).events():
        if event.kind == "done":
            assert (
                decode_png(event.png, "it").convert("RGB").tobytes() == served[event.slot].tobytes()
            )


def test_withheld_image_is_shown_after_a_reviewer_releases_it(service: Service) -> None:
    service.start_workers()
    preset = service.studio.stores.themes.get_version("first-light").preset
    strict = preset.safety.model_copy(update={"nsfw_threshold": 1e-9, "check_doodles": False})
    saved = service.studio.stores.themes.save(preset.model_copy(update={"safety": strict}))
    spec = DeploymentSpec(slug="first-light", version=saved.version, bypassed_checks=True)
    service.studio.authoring.deployments.deploy(spec)
    with service.client() as client:
        created = client.create_request(*THEME_AND_BASE, seed=5)
        assert job_states(wait_until_finished(client, created.id)) == ["withheld"] * 4
        service.studio.serving.reviews.release(created.id, "B", "a red dress, no more", "ana")
        response = wait_until_finished(client, created.id)
        assert job_states(response) == ["withheld", "done", "withheld", "withheld"]
        assert list(client.get_images(created.id)) == ["B"]
        service.studio.serving.reviews.withdraw(created.id, "B", "on second thoughts", "bo")
        service.studio.serving.reviews.release(created.id, "B", "on third thoughts", "ana")
        assert job_states(client.get_request(created.id)) == job_states(response)
    stored = service.studio.stores.audit_log.query(AuditFilter(verdict="released"))
    assert [decision.decision.reason for decision in stored] == [
        "released by ana: on third thoughts",
        "released by ana: a red dress, no more",
    ]


def test_request_finishes_with_three_variants_and_an_error(service: Service) -> None:
    service.start_workers()
    with service.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="C fails")
        response = wait_until_finished(client, created.id)
        assert job_states(response) == ["done", "done", "failed", "done"]
        assert response.variants[2].error == "recipe C: NaN latents"
        [failed] = [
            event for event in client.stream_events(created.id) if event["type"] == "failed"
        ]
        assert failed["error"] == "recipe C: NaN latents"


def test_stored_request_that_cannot_be_planned_fails_by_name_and_others_go_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issue 18. An older version has stored it."""
    monkeypatch.setattr("studio.services.requests.celery_runner.RESEND_AFTER", timedelta())
    store, preset = service.studio.stores.jobs.requests, examples.unplannable_preset()
    base = service.studio.stores.base_images.get("mia")
    old = examples.request(preset=preset, base_image=base, theme_version=1, client="app")
    store.create(old, "app", "live", datetime.now(UTC) + timedelta(minutes=5))
    service.start_workers()
    with service.client() as client:
        created = client.create_request(*THEME_AND_BASE)
        assert job_states(wait_until_finished(client, created.id)) == ["done"] * 4
        response = wait_until_finished(client, old.id)
        assert job_states(response) == ["done", "failed", "done", "done"]
        [event] = [e for e in client.stream_events(old.id) if e["type"] == "failed"]
        assert (event["slot"], event["error"]) == ("B", response.variants[1].error)
        assert "Invalid LoRA tag" in event["error"]


def test_cancel_ends_running_and_queued_jobs(service: Service) -> None:
    service.start_workers()
    with service.client() as client:
        created = client.create_request(*THEME_AND_BASE, prompt="slow")
        for event in client.stream_events(created.id):
            if event["type"] == "step":
                break
        response = client.cancel(created.id)
        assert response.ended
        assert set(job_states(response)) <= {"cancelled", "done"}
        ends = [
            event
            for event in client.stream_events(created.id)
            if event["type"] in ("cancelled", "done")
        ]
        assert sorted(event["slot"] for event in ends) == ["A", "B", "C", "D"]
        # A cancelled request does not block the next one.
        assert (
            job_states(wait_until_finished(client, client.create_request(*THEME_AND_BASE).id))
            == ["done"] * 4
        )


def test_client_with_one_request_overtakes_a_flooding_client(service: Service) -> None:
    quiet = service.studio.stores.clients.create_or_rotate_key(ApiClient(name="quiet"))
    with service.client() as flooding:
        flood = [flooding.create_request(*THEME_AND_BASE, prompt="slow") for _ in range(4)]
        service.start_workers()
        next(e for e in flooding.stream_events(flood[0].id) if e["type"] == "step")
        with StudioClient(str(flooding._http.base_url), quiet) as client:
            created = wait_until_finished(client, client.create_request(*THEME_AND_BASE).id)
        for request in flood[:-1]:
            flooding.cancel(request.id)
        wait_until_finished(flooding, flood[-1].id)
    one_finished, flood_finished = (
        max(
            variant.created_at
            for variant in service.studio.stores.variants.list_for_request(request.id)
        )
        for request in (created, flood[-1])
    )
    assert one_finished < flood_finished


def test_overdue_request_expires(service: Service) -> None:
    """Without workers, or behind slow requests in one process.

    The API's maintenance expires the jobs.
    """
    with service.client() as client:
        slow_requests = [
            client.create_request(*THEME_AND_BASE, prompt="slow").id
            for _ in range(0 if service.redis else 20)
        ]
        created = client.create_request(*THEME_AND_BASE)
        queue = service.studio.stores.jobs.queue
        with queue._database.write_session() as session:
            jobs = update(JobRow).where(JobRow.request_id == created.id)
            session.execute(jobs.values(expires_at=examples.LONG_AGO))
        response = wait_until_finished(client, created.id)
        assert set(job_states(response)) == {"expired"}
        assert response.variants[0].error == "Queue timeout."
        for request_id in slow_requests:
            client.cancel(request_id)
