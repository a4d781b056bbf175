"""Presets by the API as by page and command line: files, versions, the gate, deployments, reviews."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.recipes.moderation import AuditFilter
from studio.recipes.serving.request_status import ApiClient
from studio.server.app import create_api
from tests.unit.server.test_api import WISH, ended
from tests.waiting import until

V1 = "/api/v1/admin/themes"


@pytest.fixture
def manager(studio: AppContainer) -> Iterator[TestClient]:
    key = studio.clients.create_or_rotate_key(
        ApiClient(name="ci", scopes=frozenset({"admin"}), requests_per_minute=1000)
    )
    with TestClient(create_api(studio), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def next_version(manager: TestClient, **changes: Any) -> int:
    """A file of the newest version, changed and sent back."""
    number = manager.get(f"{V1}/first-light/versions").json()[0]["version"]
    document = manager.get(f"{V1}/first-light/versions/{number}/file").json()
    taken = manager.post(V1, json=document | changes)
    assert taken.status_code == 201
    assert taken.json()["missing"] == []
    return int(taken.json()["version"])


def test_what_users_chose_is_told_by_version(
    app: TestClient, manager: TestClient, studio: AppContainer
) -> None:
    for slot in "CCA":
        made = app.post("/api/v1/requests", json=WISH).json()["id"]
        ended(app, made)
        app.post(f"/api/v1/requests/{made}/selection", json={"slot": slot})
    told = manager.get(f"{V1}/first-light/selections").json()
    assert told == [{"version": 1, "selections": {"A": 1, "B": 0, "C": 2, "D": 0}}]
    assert manager.get(f"{V1}/spring-meadow/selections").status_code == 404


def test_a_themes_life_by_the_api(manager: TestClient, studio: AppContainer) -> None:
    second = next_version(manager, theme_prompt="bold colours")
    listed = {each["slug"]: each for each in manager.get(V1, params={"text": "first"}).json()}
    assert listed["first-light"]["latest"] == second == 2
    newest = manager.get(f"{V1}/first-light/versions").json()[0]
    assert (newest["version"], newest["author"]) == (2, "ci")
    changes = manager.get(f"{V1}/first-light/diff", params={"before": 1, "after": 2}).json()
    assert [change["field_path"] for change in changes] == ["Theme prompt"]
    shown = manager.get(f"{V1}/first-light/versions/2").json()
    assert shown["theme_prompt"] == "bold colours"
    findings = manager.get(f"{V1}/first-light/versions/2/check").json()
    assert {"level", "message", "hint"} == set(findings[0])
    assert any(finding["message"].startswith("safety:") for finding in findings)

    seen = manager.get(f"{V1}/first-light/deployments").json()[0]["id"]
    order = {"slug": "first-light", "version": 2, "author": "somebody else"}
    deployed = manager.post(
        f"{V1}/first-light/deployments", params={"expected_deployment": seen}, json=order
    )
    assert deployed.status_code == 201
    assert deployed.json()["spec"]["author"] == "ci"
    assert studio.deployments.resolve_version("first-light", "live", "0" * 32).version == 2
    late = manager.post(
        f"{V1}/first-light/deployments", params={"expected_deployment": seen}, json=order
    )
    assert late.status_code == 409  # Issue 18, 17.
    assert manager.post(f"{V1}/first-light/rollback", json={}).json()["spec"]["version"] == 1
    assert manager.post(f"{V1}/first-light/undeploy", json={}).status_code == 201
    assert list(studio.deployments.active_deployments("live")) == []


def test_a_branch_is_archived(manager: TestClient) -> None:
    wish = {"slug": "first-dark", "name": "First dark"}
    made = manager.post(f"{V1}/first-light/versions/1/branch", json=wish)
    assert made.json() == {
        "slug": "first-dark",
        "name": "First dark",
        "latest": 1,
        "archived": False,
    }
    assert manager.put(f"{V1}/first-dark/archived", params={"archived": True}).json() == {
        "archived": True
    }
    assert "first-dark" not in {each["slug"] for each in manager.get(V1).json()}
    refused = manager.put(f"{V1}/first-light/archived", params={"archived": True})
    assert refused.status_code == 422


def reviewed(manager: TestClient, address: str) -> Any:
    return until(lambda: manager.get(address).json(), lambda it: it["state"] != "running")


def test_reviews_are_begun_and_watched(manager: TestClient) -> None:
    for kind in ("robustness", "regression"):
        address = f"{V1}/quick-sketch/versions/1/{kind}"
        assert manager.get(address).json()["state"] == "none"
        assert manager.post(address).status_code == 202
        told = reviewed(manager, address)
        assert (told["state"], told["message"]) == ("done", "")
        assert told["report"] is not None


def test_bad_files_and_other_keys_are_refused(manager: TestClient, app: TestClient) -> None:
    refused = manager.post(V1, content=b"{}")
    assert refused.status_code == 422
    assert "is no preset of the studio" in refused.json()["detail"]
    assert manager.get(f"{V1}/nothing/versions").status_code == 404
    assert app.get(V1).status_code == 403
    assert "--scope admin" in app.get(V1).json()["detail"]


def test_a_later_verdict_withdraws_a_image(
    manager: TestClient, app: TestClient, studio: AppContainer
) -> None:
    made = ended(app, app.post("/api/v1/requests", json=WISH).json()["id"])
    address = f"/api/v1/requests/{made['id']}/variants/B"
    assert app.get(address).status_code == 200
    assert app.post(f"{address}/withdraw", json={"reason": "x"}).status_code == 403
    told = manager.post(f"{address}/withdraw", json={"reason": "a complaint"}).json()
    assert [variant["state"] for variant in told["variants"]] == [
        "done",
        "withheld",
        "done",
        "done",
    ]
    assert "complaint" not in str(told)
    assert app.get(address).status_code == 404
    back = manager.post(f"{address}/release", json={"reason": "no complaint after all"}).json()
    assert back["variants"][1]["state"] == "done"
    assert app.get(address).status_code == 200
    assert manager.post(f"{address}/release", json={"reason": "again"}).status_code == 404
    assert app.post(f"{address}/release", json={"reason": "x"}).status_code == 403
    [kept] = studio.moderation.audit.query(AuditFilter(verdict="withheld"))
    assert (kept.decision.slot, kept.decision.reason) == ("B", "withdrawn by ci: a complaint")
    missing = manager.post(f"/api/v1/requests/{'0' * 32}/variants/B/withdraw", json={"reason": "x"})
    assert missing.status_code == 404


def test_a_preset_is_renamed(manager: TestClient) -> None:
    renamed = manager.put(f"{V1}/first-light/name", params={"name": "Second light"}).json()
    assert (renamed["version"], renamed["author"]) == (2, "ci")
    assert manager.get(f"{V1}/first-light/versions/2").json()["name"] == "Second light"
