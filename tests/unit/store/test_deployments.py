"""The log of deployments: only ever added to, and told apart by whom came first."""

import threading

import pytest

from studio.errors import NotFound, Outdated
from studio.recipes.deployment import Order
from studio.store.database import Database
from studio.store.deployments import DeploymentStore
from studio.store.presets import PresetStore
from tests import examples


@pytest.fixture
def store(url: str) -> DeploymentStore:
    database = Database(url)
    presets = PresetStore(database)
    for prompt in ("soft", "bold"):
        presets.save(examples.preset(prompt=prompt))
    return DeploymentStore(database)


def test_the_log_keeps_every_order_the_newest_first(store: DeploymentStore) -> None:
    store.add(Order(slug="spring", number=1, author="ada", note="season opens"))
    store.add(Order(slug="spring", number=2, channel="canary"))
    store.add(Order(slug="spring", number=None, author="bo", forced=True))
    assert [(d.order.number, d.order.channel) for d in store.log()] == [
        (None, "live"), (2, "canary"), (1, "live"),
    ]  # fmt: skip
    assert [d.order.number for d in store.log("spring", "live")] == [None, 1]
    assert store.log("autumn") == []
    first = store.log()[-1]
    assert (first.order.author, first.order.note) == ("ada", "season opens")
    assert first.created.tzinfo is not None


@pytest.mark.parametrize("changes", [{"number": 9}, {"trial": 9, "trial_share": 5}])
def test_a_version_that_is_not_there_is_not_deployed(
    store: DeploymentStore, changes: dict[str, int]
) -> None:
    with pytest.raises(NotFound, match="has no version 9"):
        store.add(Order(**({"slug": "spring", "number": 1} | changes)))
    assert store.log() == []


def test_of_two_who_deploy_at_once_one_wins_and_the_other_is_told(store: DeploymentStore) -> None:
    seen = store.add(Order(slug="spring", number=1)).id
    told: list[object] = []

    def deploy(number: int) -> None:
        try:
            told.append(store.add(Order(slug="spring", number=number), over=seen).order.number)
        except Outdated as error:
            told.append(error)

    both = [threading.Thread(target=deploy, args=(number,)) for number in (1, 2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    errors = [each for each in told if isinstance(each, Outdated)]
    assert len(errors) == 1
    assert "was deployed to 'live' meanwhile" in str(errors[0])
    assert len(store.log()) == 2


def test_the_first_deployment_may_be_asked_to_be_the_first(store: DeploymentStore) -> None:
    store.add(Order(slug="spring", number=1), over=0)
    with pytest.raises(Outdated):
        store.add(Order(slug="spring", number=2), over=0)
    store.add(Order(slug="spring", number=2, channel="canary"), over=0)
