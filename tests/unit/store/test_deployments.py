"""The log of deployments: only ever added to, and told apart by whom came first."""

import threading

import pytest

from studio.errors import NotFoundError, VersionConflictError
from studio.recipes.themes.deployment import DeploymentSpec
from studio.store.database import Database
from studio.store.deployments import DeploymentStore
from studio.store.themes import ThemeStore
from tests import examples


@pytest.fixture
def store(url: str) -> DeploymentStore:
    database = Database(url)
    presets = ThemeStore(database)
    for prompt in ("soft", "bold"):
        presets.save(examples.preset(theme_prompt=prompt))
    return DeploymentStore(database)


def test_the_log_keeps_every_order_the_newest_first(store: DeploymentStore) -> None:
    store.add(DeploymentSpec(slug="spring", version=1, author="ada", note="season opens"))
    store.add(DeploymentSpec(slug="spring", version=2, channel="canary"))
    store.add(DeploymentSpec(slug="spring", version=None, author="bo", bypassed_checks=True))
    assert [(d.spec.version, d.spec.channel) for d in store.list_all()] == [
        (None, "live"), (2, "canary"), (1, "live"),
    ]  # fmt: skip
    assert [d.spec.version for d in store.list_all("spring", "live")] == [None, 1]
    assert store.list_all("autumn") == []
    first = store.list_all()[-1]
    assert (first.spec.author, first.spec.note) == ("ada", "season opens")
    assert first.created_at.tzinfo is not None


@pytest.mark.parametrize("changes", [{"number": 9}, {"trial": 9, "canary_percent": 5}])
def test_a_version_that_is_not_there_is_not_deployed(
    store: DeploymentStore, changes: dict[str, int]
) -> None:
    with pytest.raises(NotFoundError, match="has no version 9"):
        store.add(DeploymentSpec(**({"slug": "spring", "number": 1} | changes)))
    assert store.list_all() == []


def test_of_two_who_deploy_at_once_one_wins_and_the_other_is_told(store: DeploymentStore) -> None:
    seen = store.add(DeploymentSpec(slug="spring", version=1)).id
    told: list[object] = []

    def deploy(number: int) -> None:
        try:
            told.append(
                store.add(
                    DeploymentSpec(slug="spring", version=number), expected_latest_id=seen
                ).spec.version
            )
        except VersionConflictError as error:
            told.append(error)

    both = [threading.Thread(target=deploy, args=(number,)) for number in (1, 2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    errors = [each for each in told if isinstance(each, VersionConflictError)]
    assert len(errors) == 1
    assert "was deployed to 'live' meanwhile" in str(errors[0])
    assert len(store.list_all()) == 2


def test_the_first_deployment_may_be_asked_to_be_the_first(store: DeploymentStore) -> None:
    store.add(DeploymentSpec(slug="spring", version=1), expected_latest_id=0)
    with pytest.raises(VersionConflictError):
        store.add(DeploymentSpec(slug="spring", version=2), expected_latest_id=0)
    store.add(DeploymentSpec(slug="spring", version=2, channel="canary"), expected_latest_id=0)
