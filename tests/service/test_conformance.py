"""What a client may rely on, whoever draws: the same tests on each Runner."""

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

ASK = ("first-light", "mia")


def ended(themes: StudioClient, request_id: str) -> RequestResponse:
    return until(lambda: themes.get_request(request_id), lambda shown: shown.ended, pause=0.05)


def states(shown: RequestResponse) -> list[str]:
    return [variant.state for variant in shown.variants]


def test_a_doodle_becomes_four_images_told_in_order(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.create_request(*ASK, examples.doodle().png_bytes, "a red dress", seed=5)
        events = list(themes.stream_events(asked.id))
        assert states(themes.get_request(asked.id)) == ["done"] * 4
        for slot in "ABCD":
            kinds = [event["type"] for event in events if event["slot"] == slot]
            assert kinds[:2] == ["queued", "started"]
            assert kinds[-1] == "done"
            assert kinds.count("step") == 4
        assert [event["id"] for event in events] == list(range(len(events)))
        assert list(themes.stream_events(asked.id, after=events[-4]["id"])) == events[-3:]
        assert len(themes.get_images(asked.id)) == 4


def test_the_same_order_makes_the_same_pixels_as_the_page(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.create_request(*ASK, examples.doodle().png_bytes, "a red dress", seed=5)
        ended(themes, asked.id)
        served = {k: decode_png(png, "it") for k, png in themes.get_images(asked.id).items()}
    request: GenerationRequest = service.studio.request_factory.create(
        service.studio.themes.get_version("first-light", 1).preset, "mia", examples.doodle().png_bytes,
        "a red dress", 5, 1,
    )  # fmt: skip
    for event in service.studio.renders.start(request).events():
        if event.kind == "done":
            assert (
                decode_png(event.png, "it").convert("RGB").tobytes() == served[event.slot].tobytes()
            )


def test_a_withheld_image_is_shown_once_a_reviewer_clears_it(service: Service) -> None:
    service.work()
    preset = service.studio.themes.get_version("first-light").preset
    strict = preset.safety.model_copy(update={"nsfw_threshold": 1e-9, "check_doodles": False})
    saved = service.studio.themes.save(preset.model_copy(update={"safety": strict}))
    order = DeploymentSpec(slug="first-light", version=saved.version, bypassed_checks=True)
    service.studio.deployments.deploy(order)
    with service.client() as themes:
        asked = themes.create_request(*ASK, seed=5)
        assert states(ended(themes, asked.id)) == ["withheld"] * 4
        service.studio.requests.release(asked.id, "B", "a red dress, no more", "ana")
        shown = ended(themes, asked.id)
        assert states(shown) == ["withheld", "done", "withheld", "withheld"]
        assert list(themes.get_images(asked.id)) == ["B"]
        service.studio.requests.withdraw(asked.id, "B", "on second thoughts", "bo")
        service.studio.requests.release(asked.id, "B", "on third thoughts", "ana")
        assert states(themes.get_request(asked.id)) == states(shown)
    kept = service.studio.moderation.audit.query(AuditFilter(verdict="released"))
    assert [each.decision.reason for each in kept] == [
        "released by ana: on third thoughts",
        "released by ana: a red dress, no more",
    ]


def test_three_of_four_is_an_end_that_says_why(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.create_request(*ASK, prompt="C fails")
        shown = ended(themes, asked.id)
        assert states(shown) == ["done", "done", "failed", "done"]
        assert shown.variants[2].error == "recipe C: NaN latents"
        [told] = [event for event in themes.stream_events(asked.id) if event["type"] == "failed"]
        assert told["error"] == "recipe C: NaN latents"


def test_cancelling_ends_the_running_and_the_queued(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.create_request(*ASK, prompt="slow")
        for event in themes.stream_events(asked.id):
            if event["type"] == "step":
                break
        shown = themes.cancel(asked.id)
        assert shown.ended
        assert set(states(shown)) <= {"cancelled", "done"}
        ends = [
            event
            for event in themes.stream_events(asked.id)
            if event["type"] in ("cancelled", "done")
        ]
        assert sorted(event["slot"] for event in ends) == ["A", "B", "C", "D"]
        # Nobody is held up by what was cancelled.
        assert states(ended(themes, themes.create_request(*ASK).id)) == ["done"] * 4


def test_who_asks_for_little_passes_by_who_floods(service: Service) -> None:
    quiet = service.studio.clients.create_or_rotate_key(ApiClient(name="quiet"))
    with service.client() as flooding:
        flood = [flooding.create_request(*ASK, prompt="slow") for _ in range(4)]
        service.work()
        next(e for e in flooding.stream_events(flood[0].id) if e["type"] == "step")
        with StudioClient(str(flooding._http.base_url), quiet) as themes:
            asked = ended(themes, themes.create_request(*ASK).id)
        for each in flood[:-1]:
            flooding.cancel(each.id)
        ended(flooding, flood[-1].id)
    last, first = (
        max(variant.created_at for variant in service.studio.variants.list_for_request(each.id))
        for each in (asked, flood[-1])
    )
    assert last < first


def test_what_waits_too_long_expires_and_is_told(service: Service) -> None:
    """Nobody draws in the fleet, and in one process something slow is in the way; the API looks for
    such jobs by itself."""
    with service.client() as themes:
        in_the_way = [
            themes.create_request(*ASK, prompt="slow").id for _ in range(0 if service.redis else 20)
        ]
        asked = themes.create_request(*ASK)
        queue = service.studio.requests.jobs.queue
        with queue._database.write_session() as session:
            of_it = update(JobRow).where(JobRow.request_id == asked.id)
            session.execute(of_it.values(expires_at=examples.LONG_AGO))
        shown = ended(themes, asked.id)
        assert set(states(shown)) == {"expired"}
        assert shown.variants[0].error == "it waited longer than it may"
        for each in in_the_way:
            themes.cancel(each)
