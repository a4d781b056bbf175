"""Themes as their page manages them by session: versions, preflight, deployments, evaluations."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer, create_app_container
from studio.recipes.themes.deployment import DeploymentSpec
from studio.settings import Settings
from studio.ui.server import build_app
from tests.fake_renderer import FakeRenderer
from tests.waiting import until

CSRF_HEADERS = {"X-Studio": "themes"}
THEMES = "/api/v1/admin/themes"
TWO = f"{THEMES}/two"


@pytest.fixture
def studio(home: Path, fresh: Path) -> AppContainer:
    """A studio without deployments."""
    shutil.copytree(fresh, home)
    return create_app_container(Settings(data_dir=home), FakeRenderer)


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    """With a theme `two` of two versions and one base image."""
    preset = studio.stores.themes.get_version("first-light").preset
    two = preset.model_copy(update={"slug": "two", "name": "Two", "base_images": ("mia",)})
    studio.stores.themes.save(two, author="ada", note="begun")
    studio.stores.themes.save(two.model_copy(update={"theme_prompt": "bold colours"}), author="bo")
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def done(client: TestClient, url: str) -> dict[str, Any]:
    response: dict[str, Any] = until(
        lambda: client.get(url).json(), lambda it: it["state"] != "running"
    )
    return response


def test_themes_are_listed_and_searched_with_deployments(
    client: TestClient, studio: AppContainer
) -> None:
    studio.stores.deployments.add(
        DeploymentSpec(slug="two", version=1, canary_version=2, canary_percent=20)
    )
    [found] = client.get(f"{THEMES}?text=TWO").json()
    expected = {"channel": "live", "version": 1, "canary_version": 2, "canary_percent": 20}
    assert found["active"] == [expected | {"previous_version": None}]
    assert len(client.get(THEMES).json()) > 5
    response = client.get(TWO).json()
    assert [(v["version"], v["author"], v["message"]) for v in response["versions"]] == [(2, "bo", ""), (1, "ada", "begun")]  # fmt: skip
    assert response["deployments"][0]["spec"]["canary_version"] == 2
    assert client.get(f"{THEMES}/nobody").status_code == 404
    assert client.get(f"{THEMES}/..%2Fetc").status_code in (404, 422)


def test_two_versions_are_compared(client: TestClient) -> None:
    assert client.get(f"{TWO}/diff?before=1&after=2").json() == [
        {"field_path": "Theme prompt", "before": "None", "after": "bold colours"}
    ]
    assert client.get(f"{TWO}/diff?before=1&after=9").status_code == 404


def acknowledge(client: TestClient, number: int, theme: str = TWO) -> dict[int, list[str]]:
    """What the checks say of a version, all of it confirmed."""
    found = client.get(f"{theme}/versions/{number}/check").json()
    return {number: [f["message"] for f in found if f["level"] != "pass"]}


def test_version_is_checked_deployed_rolled_back_and_undeployed(client: TestClient) -> None:
    checked = client.get(f"{TWO}/versions/1/check", headers={"accept-language": "zh-CN"}).json()
    assert {item["level"] for item in checked} == {"pass", "warning"}
    assert any("模型相互兼容" in item["message"] for item in checked)  # Issue 19, 1.
    assert all(isinstance(item["hint"], str | None) for item in checked)
    for number, expected in ((1, 0), (2, 1)):
        spec = {"slug": "two", "version": number, "author": "ada", "note": "season"}
        payload = spec | {"acknowledged": acknowledge(client, number)}
        url = f"{TWO}/deployments?expected_deployment={expected}"
        answer = client.post(url, json=payload, headers=CSRF_HEADERS)
        deployed = answer.json()["spec"]
        assert (deployed["version"], deployed["author"]) == (number, "ada")
    late = client.post(url, json=payload, headers=CSRF_HEADERS)
    assert late.status_code == 409
    assert "was deployed to channel “live”" in late.json()["detail"]
    [active] = client.get(TWO).json()["active"]
    assert (active["version"], active["previous_version"]) == (2, 1)
    back = client.post(
        f"{TWO}/rollback", json={"author": "bo", "expected_deployment": 2}, headers=CSRF_HEADERS
    ).json()["spec"]
    assert (back["version"], back["author"]) == (1, "bo")
    down = client.post(f"{TWO}/undeploy", json={"author": "bo"}, headers=CSRF_HEADERS)
    assert down.json()["spec"]["version"] is None
    assert client.get(TWO).json()["active"] == []


def test_deployment_needs_acknowledged_checks_and_an_author(
    client: TestClient, studio: AppContainer
) -> None:
    """Issue 18, 16: a version went live untested, in one click, with no author."""
    spec = {"slug": "two", "version": 1, "author": "ada"}
    unseen = client.post(f"{TWO}/deployments", json=spec, headers=CSRF_HEADERS)
    assert unseen.status_code == 422
    assert "Findings of version 1 not acknowledged" in unseen.json()["detail"]
    deploy = spec | {"author": " ", "acknowledged": acknowledge(client, 1)}
    for url, payload in (("deployments", deploy), ("rollback", {}), ("undeploy", {"author": ""})):
        nobody = client.post(f"{TWO}/{url}", json=payload, headers=CSRF_HEADERS)
        assert (nobody.status_code, "Enter your name" in nobody.json()["detail"]) == (422, True)
    assert studio.stores.deployments.list_all() == []


def test_deployment_is_for_the_theme_of_the_url(client: TestClient, studio: AppContainer) -> None:
    spec = {"slug": "first-light", "version": 1, "author": "ada"}
    payload = spec | {"acknowledged": acknowledge(client, 1)}
    client.post(f"{TWO}/deployments", json=payload, headers=CSRF_HEADERS)
    assert [item.spec.slug for item in studio.stores.deployments.list_all()] == ["two"]


def test_failed_preflight_is_deployed_only_with_bypass(
    client: TestClient, studio: AppContainer
) -> None:
    preset = studio.stores.themes.get_version("two").preset
    studio.stores.themes.save(preset.model_copy(update={"base_images": ("nobody",)}))
    spec = {"slug": "two", "version": 3, "author": "ada", "acknowledged": acknowledge(client, 3)}
    url = f"{TWO}/deployments"
    refused = client.post(url, json=spec, headers=CSRF_HEADERS)
    assert (refused.status_code, "Base image nobody" in refused.json()["detail"]) == (422, True)
    bypassed = client.post(url, json=spec | {"bypassed_checks": True}, headers=CSRF_HEADERS)
    assert bypassed.json()["spec"]["bypassed_checks"]


def test_theme_is_renamed_branched_and_archived(client: TestClient) -> None:
    name = f"{TWO}/name?name=Two of us&author=ada"
    renamed = client.put(name, headers=CSRF_HEADERS).json()
    assert (renamed["version"], renamed["author"]) == (3, "ada")
    payload = {"slug": "three", "name": "Three"}
    branch = f"{TWO}/versions/1/branch"
    assert client.post(branch, json=payload, headers=CSRF_HEADERS).json()["slug"] == "three"
    assert client.post(branch, json=payload, headers=CSRF_HEADERS).status_code == 409
    url = f"{THEMES}/three/archived?archived=true"
    assert client.put(url, headers=CSRF_HEADERS).json() == {"archived": True}
    assert client.get(f"{THEMES}?text=three").json() == []
    [found] = client.get(f"{THEMES}?text=three&archived=true").json()
    assert found["archived"]
    assert client.get(f"{THEMES}/three").json()["archived"]


# Issue 18, 16 (B4).
def test_chinese_theme_name_is_kept(client: TestClient, studio: AppContainer) -> None:
    branch = f"{TWO}/versions/1/branch"
    created = client.post(branch, json={"name": "春日野餐"}, headers=CSRF_HEADERS)
    assert created.json()["slug"] == "chun-ri-ye-can"
    repeated = client.post(branch, json={"name": "春日野餐"}, headers=CSRF_HEADERS)
    assert "Theme “春日野餐” already exists" in repeated.json()["detail"]
    other = client.post(branch, json={"name": "春日, 野餐"}, headers=CSRF_HEADERS)
    assert other.json()["slug"].startswith("chun-ri-ye-can-")
    new = f"{THEMES}/chun-ri-ye-can"
    assert client.get(new).json()["name"] == "春日野餐"
    spec = {"slug": "chun-ri-ye-can", "version": 1, "author": "小明", "note": "春天"}
    payload = spec | {"acknowledged": acknowledge(client, 1, new)}
    deployed = client.post(f"{new}/deployments", json=payload, headers=CSRF_HEADERS).json()
    assert deployed["spec"]["version"] == 1
    file = client.get(f"{new}/versions/1/file?bases=true")
    imported = client.post(f"{THEMES}?name=春日.json&author=小明", content=file.content, headers=CSRF_HEADERS)  # fmt: skip
    assert imported.json()["slug"] == "chun-ri-ye-can"
    assert studio.stores.themes.get_version("chun-ri-ye-can").preset.name == "春日野餐"


def test_evaluations_are_started_polled_and_shown(client: TestClient) -> None:
    for kind in ("robustness", "regression"):
        url = f"{TWO}/versions/2/{kind}"
        assert client.get(url).json()["state"] == "none"
        cost = client.get(f"{url}/cost").json()
        assert (cost["images"] > 0, cost["seconds"]) == (True, None)
        client.post(url, headers=CSRF_HEADERS)
        assert done(client, url)["state"] == "done"
    latest = client.get(TWO).json()["versions"][0]
    assert 0 < latest["robustness"]["pass_rate"] < 0.9
    assert not latest["robustness"]["passed"]
    assert latest["regression"]["baseline_version"] == 1
    tasks = {item["kind"]: item for item in client.get("/api/v1/background-tasks").json()}
    assert tasks["regression"]["subject"] == "Two"
    assert tasks["regression"]["done"] == tasks["regression"]["total"] > 0
    missing = client.post(f"{TWO}/versions/9/robustness", headers=CSRF_HEADERS)
    assert missing.status_code == 404


def test_report_is_reviewed_only_explicitly(client: TestClient) -> None:
    """Issue 18, 14 (security review 1.12): any website could have a sheet count as seen."""
    url = f"{TWO}/versions/2/regression"
    client.post(url, headers=CSRF_HEADERS)
    assert done(client, url)["state"] == "done"
    assert client.get("/themes/two/2/sheet?by=boss").status_code == 200
    assert client.get(TWO).json()["versions"][0]["regression"]["reviewed_by"] == []
    ada = {"reviewer": "ada"}
    assert client.post(f"{url}/reviewed", json=ada).status_code == 403
    assert client.post(f"{url}/reviewed", json={}, headers=CSRF_HEADERS).status_code == 422
    assert client.post(f"{url}/reviewed", json=ada, headers=CSRF_HEADERS).json() == ada
    assert client.get(TWO).json()["versions"][0]["regression"]["reviewed_by"] == ["ada"]


def test_theme_is_exported_and_imported(client: TestClient) -> None:
    file = client.get(f"{TWO}/versions/1/file?bases=true")
    assert 'filename="two-v1.json"' in file.headers["content-disposition"]
    imported = client.post(f"{THEMES}?name=two.json&author=ada", content=file.content, headers=CSRF_HEADERS)  # fmt: skip
    assert imported.json() == {"slug": "two", "version": 3, "base_images": [], "missing": []}
    broken = client.post(f"{THEMES}?name=x.json", content=b"[]", headers=CSRF_HEADERS)
    assert (broken.status_code, "is not a preset" in broken.json()["detail"]) == (422, True)  # fmt: skip


def test_a_review_has_the_name_that_the_theme_has_now(client: TestClient) -> None:
    query = {"name": "Two of them", "author": "ada"}
    assert client.put(f"{TWO}/name", params=query, headers=CSRF_HEADERS).status_code == 200
    page = client.get("/themes/two/versions/1/review").text
    assert 'id="theme-title" translate="no">Two of them</h1>' in page
