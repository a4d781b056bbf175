"""The deployment log: append-only, with optimistic concurrency."""

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


def test_log_lists_every_deployment_newest_first(store: DeploymentStore) -> None:
    store.add(DeploymentSpec(slug="spring", version=1, author="ada", note="season opens"))
    store.add(DeploymentSpec(slug="spring", version=2, channel="canary"))
    store.add(DeploymentSpec(slug="spring", version=None, author="bo", bypassed_checks=True))
    assert [(d.spec.version, d.spec.channel) for d in store.list_all()] == [
        (None, "live"),
        (2, "canary"),
        (1, "live"),
    ]
    assert [d.spec.version for d in store.list_all("spring", "live")] == [None, 1]
    assert store.list_all("autumn") == []
    first = store.list_all()[-1]
    assert (first.spec.author, first.spec.note) == ("ada", "season opens")
    assert first.created_at.tzinfo is not None


@pytest.mark.parametrize("changes", [{"version": 9}, {"canary_version": 9, "canary_percent": 5}])
def test_missing_version_cannot_be_deployed(
    store: DeploymentStore, changes: dict[str, int]
) -> None:
    with pytest.raises(NotFoundError, match="has no version 9"):
        store.add(DeploymentSpec(**({"slug": "spring", "version": 1} | changes)))
    assert store.list_all() == []


def test_one_of_two_concurrent_deployments_conflicts(store: DeploymentStore) -> None:
    latest_id = store.add(DeploymentSpec(slug="spring", version=1)).id
    results: list[object] = []

    def deploy(version: int) -> None:
        spec = DeploymentSpec(slug="spring", version=version)
        try:
            results.append(store.add(spec, expected_latest_id=latest_id))
        except VersionConflictError as error:
            results.append(error)

    threads = [threading.Thread(target=deploy, args=(version,)) for version in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [result for result in results if isinstance(result, VersionConflictError)]
    assert len(errors) == 1
    assert "was deployed to channel “live”" in str(errors[0])
    assert len(store.list_all()) == 2


def test_expected_latest_id_zero_means_no_deployment_yet(store: DeploymentStore) -> None:
    store.add(DeploymentSpec(slug="spring", version=1), expected_latest_id=0)
    with pytest.raises(VersionConflictError):
        store.add(DeploymentSpec(slug="spring", version=2), expected_latest_id=0)
    store.add(DeploymentSpec(slug="spring", version=2, channel="canary"), expected_latest_id=0)
