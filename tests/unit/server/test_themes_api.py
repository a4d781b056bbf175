"""Theme management by the API: files, versions, preflight, deployments, evaluations."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.recipes.moderation import AuditFilter
from studio.recipes.serving.request_status import ApiClient
from studio.server.app import create_api
from tests.unit.server.test_api import BODY, wait_until_ended
from tests.waiting import until

V1 = "/api/v1/admin/themes"


@pytest.fixture
def admin(studio: AppContainer) -> Iterator[TestClient]:
    key = studio.stores.clients.create_or_rotate_key(
        ApiClient(name="ci", scopes=frozenset({"admin"}), requests_per_minute=1000)
    )
    with TestClient(create_api(studio), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def next_version(admin: TestClient, **changes: Any) -> int:
    """A file of the newest version, changed and sent back."""
    number = admin.get(f"{V1}/first-light/versions").json()[0]["version"]
    document = admin.get(f"{V1}/first-light/versions/{number}/file").json()
    imported = admin.post(V1, json=document | changes)
    assert imported.status_code == 201
    assert imported.json()["missing"] == []
    return int(imported.json()["version"])


def test_selections_are_counted_by_version(
    app: TestClient, admin: TestClient, studio: AppContainer
) -> None:
    for slot in "CCA":
        created = app.post("/api/v1/requests", json=BODY).json()["id"]
        wait_until_ended(app, created)
        app.post(f"/api/v1/requests/{created}/selection", json={"slot": slot})
    response = admin.get(f"{V1}/first-light/selections").json()
    assert response == [{"version": 1, "selections": {"A": 1, "B": 0, "C": 2, "D": 0}}]
    assert admin.get(f"{V1}/spring-meadow/selections").status_code == 404


def test_theme_is_imported_deployed_rolled_back_and_undeployed(
    admin: TestClient, studio: AppContainer
) -> None:
    second = next_version(admin, theme_prompt="bold colours")
    listed = {each["slug"]: each for each in admin.get(V1, params={"text": "first"}).json()}
    assert listed["first-light"]["latest"] == second == 2
    latest = admin.get(f"{V1}/first-light/versions").json()[0]
    assert (latest["version"], latest["author"]) == (2, "ci")
    changes = admin.get(f"{V1}/first-light/diff", params={"before": 1, "after": 2}).json()
    assert [change["field_path"] for change in changes] == ["Theme prompt"]
    preset = admin.get(f"{V1}/first-light/versions/2").json()
    assert preset["theme_prompt"] == "bold colours"
    findings = admin.get(f"{V1}/first-light/versions/2/check").json()
    assert {"level", "message", "hint", "fix"} == set(findings[0])
    assert any(finding["message"].startswith("Moderation") for finding in findings)

    latest_id = admin.get(f"{V1}/first-light/deployments").json()[0]["id"]
    spec = {"slug": "first-light", "version": 2, "author": "somebody else"}
    deployed = admin.post(
        f"{V1}/first-light/deployments", params={"expected_deployment": latest_id}, json=spec
    )
    assert deployed.status_code == 201
    assert deployed.json()["spec"]["author"] == "ci"
    assert (
        studio.authoring.deployments.resolve_version("first-light", "live", "0" * 32).version == 2
    )
    late = admin.post(
        f"{V1}/first-light/deployments", params={"expected_deployment": latest_id}, json=spec
    )
    assert late.status_code == 409  # Issue 18, 17.
    assert admin.post(f"{V1}/first-light/rollback", json={}).json()["spec"]["version"] == 1
    assert admin.post(f"{V1}/first-light/undeploy", json={}).status_code == 201
    assert list(studio.authoring.deployments.active_deployments("live")) == []


def test_branch_is_created_and_archived(admin: TestClient) -> None:
    body = {"slug": "first-dark", "name": "First dark"}
    created = admin.post(f"{V1}/first-light/versions/1/branch", json=body)
    shown = {
        name: created.json()[name] for name in ("slug", "name", "latest", "archived", "author")
    }
    assert shown == {
        "slug": "first-dark",
        "name": "First dark",
        "latest": 1,
        "archived": False,
        "author": "ci",
    }
    assert admin.put(f"{V1}/first-dark/archived", params={"archived": True}).json() == {
        "archived": True
    }
    assert "first-dark" not in {each["slug"] for each in admin.get(V1).json()}
    refused = admin.put(f"{V1}/first-light/archived", params={"archived": True})
    assert refused.status_code == 422


def wait_for_evaluation(admin: TestClient, url: str) -> Any:
    return until(lambda: admin.get(url).json(), lambda it: it["state"] != "running")


def test_evaluations_are_started_and_polled(admin: TestClient, studio: AppContainer) -> None:
    preset = studio.stores.themes.get_version("quick-sketch").preset
    studio.stores.themes.save(preset.model_copy(update={"slug": "two", "base_images": ("mia",)}))
    for kind in ("robustness", "regression"):
        url = f"{V1}/two/versions/1/{kind}"
        assert admin.get(url).json()["state"] == "none"
        assert admin.post(url).status_code == 202
        response = wait_for_evaluation(admin, url)
        assert (response["state"], response["message"]) == ("done", "")
        assert response["report"] is not None


def test_invalid_files_and_other_scopes_are_refused(admin: TestClient, app: TestClient) -> None:
    refused = admin.post(V1, content=b"{}")
    assert refused.status_code == 422
    assert "is not a preset" in refused.json()["detail"]
    assert admin.get(f"{V1}/nothing/versions").status_code == 404
    assert app.get(V1).status_code == 403
    assert "--scope admin" in app.get(V1).json()["detail"]


def test_variant_is_withdrawn_and_released(
    admin: TestClient, app: TestClient, studio: AppContainer
) -> None:
    created = wait_until_ended(app, app.post("/api/v1/requests", json=BODY).json()["id"])
    url = f"/api/v1/requests/{created['id']}/variants/B"
    assert app.get(url).status_code == 200
    assert app.post(f"{url}/withdraw", json={"reason": "x"}).status_code == 403
    response = admin.post(f"{url}/withdraw", json={"reason": "a complaint"}).json()
    assert [variant["state"] for variant in response["variants"]] == [
        "done",
        "withheld",
        "done",
        "done",
    ]
    assert "complaint" not in str(response)
    assert app.get(url).status_code == 404
    back = admin.post(f"{url}/release", json={"reason": "no complaint after all"}).json()
    assert back["variants"][1]["state"] == "done"
    assert app.get(url).status_code == 200
    assert admin.post(f"{url}/release", json={"reason": "again"}).status_code == 404
    assert app.post(f"{url}/release", json={"reason": "x"}).status_code == 403
    [stored] = studio.stores.audit_log.query(AuditFilter(verdict="withheld"))
    assert (stored.decision.slot, stored.decision.reason) == ("B", "withdrawn by ci: a complaint")
    missing = admin.post(f"/api/v1/requests/{'0' * 32}/variants/B/withdraw", json={"reason": "x"})
    assert missing.status_code == 404


def test_theme_is_renamed(admin: TestClient) -> None:
    renamed = admin.put(f"{V1}/first-light/name", params={"name": "Second light"}).json()
    assert (renamed["version"], renamed["author"]) == (2, "ci")
    assert admin.get(f"{V1}/first-light/versions/2").json()["name"] == "Second light"
