"""What a client may rely on, whoever draws: the same tests on each Runner."""

from sqlalchemy import update

from studio.api.wire import RequestShown
from studio.client import Themes
from studio.imaging.limits import open_png
from studio.recipes.deployment import Order
from studio.recipes.request import Request
from studio.recipes.safety import AuditFilter
from studio.recipes.serving import Client
from studio.store.tables import JobRow
from tests import examples
from tests.service.conftest import Service
from tests.waiting import until

ASK = ("first-light", "mia")


def ended(themes: Themes, request_id: str) -> RequestShown:
    return until(lambda: themes.asked(request_id), lambda shown: shown.ended, pause=0.05)


def states(shown: RequestShown) -> list[str]:
    return [variant.state for variant in shown.variants]


def test_a_doodle_becomes_four_pictures_told_in_order(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.ask(*ASK, examples.doodle().png, "a red dress", seed=5)
        events = list(themes.events(asked.id))
        assert states(themes.asked(asked.id)) == ["done"] * 4
        for letter in "ABCD":
            kinds = [event["kind"] for event in events if event["letter"] == letter]
            assert kinds[:2] == ["queued", "started"]
            assert kinds[-1] == "done"
            assert kinds.count("step") == 4
        assert [event["id"] for event in events] == list(range(len(events)))
        assert list(themes.events(asked.id, after=events[-4]["id"])) == events[-3:]
        assert len(themes.pictures(asked.id)) == 4


def test_the_same_order_makes_the_same_pixels_as_the_page(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.ask(*ASK, examples.doodle().png, "a red dress", seed=5)
        ended(themes, asked.id)
        served = {k: open_png(png, "it") for k, png in themes.pictures(asked.id).items()}
    request: Request = service.studio.intake.request(
        service.studio.presets.version("first-light", 1).preset, "mia", examples.doodle().png,
        "a red dress", 5, 1,
    )  # fmt: skip
    for event in service.studio.rendering.start(request).events():
        if event.kind == "done":
            assert (
                open_png(event.png, "it").convert("RGB").tobytes() == served[event.letter].tobytes()
            )


def test_a_withheld_picture_is_shown_once_a_reviewer_clears_it(service: Service) -> None:
    service.work()
    preset = service.studio.presets.version("first-light").preset
    strict = preset.safety.model_copy(update={"threshold": 1e-9, "doodles": False})
    saved = service.studio.presets.save(preset.model_copy(update={"safety": strict}))
    order = Order(slug="first-light", number=saved.number, forced=True)
    service.studio.deploying.deploy(order)
    with service.client() as themes:
        asked = themes.ask(*ASK, seed=5)
        assert states(ended(themes, asked.id)) == ["withheld"] * 4
        service.studio.serving.release(asked.id, "B", "a red dress, no more", "ana")
        shown = ended(themes, asked.id)
        assert states(shown) == ["withheld", "done", "withheld", "withheld"]
        assert list(themes.pictures(asked.id)) == ["B"]
        service.studio.serving.withdraw(asked.id, "B", "on second thoughts", "bo")
        service.studio.serving.release(asked.id, "B", "on third thoughts", "ana")
        assert states(themes.asked(asked.id)) == states(shown)
    kept = service.studio.safety.audit.page(AuditFilter(verdict="released"))
    assert [each.judged.reason for each in kept] == [
        "released by ana: on third thoughts",
        "released by ana: a red dress, no more",
    ]


def test_three_of_four_is_an_end_that_says_why(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.ask(*ASK, words="C fails")
        shown = ended(themes, asked.id)
        assert states(shown) == ["done", "done", "failed", "done"]
        assert shown.variants[2].error == "recipe C: NaN latents"
        [told] = [event for event in themes.events(asked.id) if event["kind"] == "failed"]
        assert told["error"] == "recipe C: NaN latents"


def test_cancelling_ends_the_running_and_the_queued(service: Service) -> None:
    service.work()
    with service.client() as themes:
        asked = themes.ask(*ASK, words="slow")
        for event in themes.events(asked.id):
            if event["kind"] == "step":
                break
        shown = themes.cancel(asked.id)
        assert shown.ended
        assert set(states(shown)) <= {"cancelled", "done"}
        ends = [
            event for event in themes.events(asked.id) if event["kind"] in ("cancelled", "done")
        ]
        assert sorted(event["letter"] for event in ends) == ["A", "B", "C", "D"]
        # Nobody is held up by what was cancelled.
        assert states(ended(themes, themes.ask(*ASK).id)) == ["done"] * 4


def test_who_asks_for_little_passes_by_who_floods(service: Service) -> None:
    quiet = service.studio.clients.put(Client(name="quiet"))
    with service.client() as flooding:
        flood = [flooding.ask(*ASK, words="slow") for _ in range(4)]
        service.work()
        next(e for e in flooding.events(flood[0].id) if e["kind"] == "step")
        with Themes(str(flooding._http.base_url), quiet) as themes:
            asked = ended(themes, themes.ask(*ASK).id)
        for each in flood[:-1]:
            flooding.cancel(each.id)
        ended(flooding, flood[-1].id)
    last, first = (
        max(variant.created for variant in service.studio.variants.of_request(each.id))
        for each in (asked, flood[-1])
    )
    assert last < first


def test_what_waits_too_long_expires_and_is_told(service: Service) -> None:
    """Nobody draws in the fleet, and in one process something slow is in the way; the API looks for
    such jobs by itself."""
    with service.client() as themes:
        in_the_way = [themes.ask(*ASK, words="slow").id for _ in range(0 if service.redis else 20)]
        asked = themes.ask(*ASK)
        store = service.studio.serving.jobs
        with store._database.writing() as session:
            of_it = update(JobRow).where(JobRow.request_id == asked.id)
            session.execute(of_it.values(expires=examples.LONG_AGO))
        shown = ended(themes, asked.id)
        assert set(states(shown)) == {"expired"}
        assert shown.variants[0].error == "it waited longer than it may"
        for each in in_the_way:
            themes.cancel(each)
