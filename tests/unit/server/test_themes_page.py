"""Routes of the page Themes: versions, preflight, deployments, evaluations, CSRF protection."""

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
TWO = "/themes/two"


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
    [found] = client.get("/themes/list?text=TWO").json()
    assert found["served"] == [
        {"channel": "live", "number": 1, "trial": 2, "share": 20, "before": None}
    ]
    assert len(client.get("/themes/list").json()) > 5
    response = client.get(TWO).json()
    assert [(v["number"], v["author"], v["note"]) for v in response["versions"]] == [(2, "bo", ""), (1, "ada", "begun")]  # fmt: skip
    assert response["log"][0]["canary_version"] == 2
    assert client.get("/themes/nobody").status_code == 404
    assert client.get("/themes/..%2Fetc").status_code in (404, 422)


def test_two_versions_are_compared(client: TestClient) -> None:
    assert client.get(f"{TWO}/diff?before=1&after=2").json() == [
        {"place": "Theme prompt", "before": "none", "after": "bold colours"}
    ]
    assert client.get(f"{TWO}/diff?before=1&after=9").status_code == 404


def acknowledge(client: TestClient, number: int, theme: str = TWO) -> dict[int, list[str]]:
    """What the checks say of a version, all of it confirmed."""
    found = client.get(f"{theme}/{number}/check").json()
    return {number: [f["message"] for f in found if f["level"] != "pass"]}


def test_version_is_checked_deployed_rolled_back_and_undeployed(client: TestClient) -> None:
    checked = client.get(f"{TWO}/1/check", headers={"accept-language": "zh-CN"}).json()
    assert {item["level"] for item in checked} == {"pass", "warning"}
    assert any("模型相互兼容" in item["message"] for item in checked)  # Issue 19, 1.
    assert all(isinstance(item["hint"], str | None) for item in checked)
    for number, expected in ((1, 0), (2, 1)):
        spec = {"slug": "two", "version": number, "author": "ada", "note": "season"}
        payload = {
            "spec": spec,
            "expected_deployment": expected,
            "acknowledged": acknowledge(client, number),
        }
        answer = client.post(f"{TWO}/deploy", json=payload, headers=CSRF_HEADERS)
        assert (answer.json()["version"], answer.json()["author"]) == (number, "ada")
    late = client.post(f"{TWO}/deploy", json=payload, headers=CSRF_HEADERS)
    assert late.status_code == 409
    assert "was deployed to channel “live”" in late.json()["error"]
    [served] = client.get(TWO).json()["served"]
    assert (served["number"], served["before"]) == (2, 1)
    back = client.post(
        f"{TWO}/rollback", json={"author": "bo", "expected_deployment": 2}, headers=CSRF_HEADERS
    ).json()
    assert (back["version"], back["author"]) == (1, "bo")
    down = client.post(f"{TWO}/stop", json={"author": "bo"}, headers=CSRF_HEADERS)
    assert down.json()["version"] is None
    assert client.get(TWO).json()["served"] == []


def test_deployment_needs_acknowledged_checks_and_an_author(
    client: TestClient, studio: AppContainer
) -> None:
    """Issue 18, 16: a version went live untested, in one click, with no author."""
    spec = {"slug": "two", "version": 1, "author": "ada"}
    unseen = client.post(f"{TWO}/deploy", json={"spec": spec}, headers=CSRF_HEADERS)
    assert unseen.status_code == 400
    assert "Findings of version 1 not acknowledged" in unseen.json()["error"]
    deploy = {"spec": spec | {"author": " "}, "acknowledged": acknowledge(client, 1)}
    for url, payload in (("deploy", deploy), ("rollback", {}), ("stop", {"author": ""})):
        nobody = client.post(f"{TWO}/{url}", json=payload, headers=CSRF_HEADERS)
        assert (nobody.status_code, "Enter your name" in nobody.json()["error"]) == (400, True)
    assert studio.stores.deployments.list_all() == []


def test_deployment_is_for_the_theme_of_the_url(client: TestClient, studio: AppContainer) -> None:
    spec = {"slug": "first-light", "version": 1, "author": "ada"}
    client.post(
        f"{TWO}/deploy",
        json={"spec": spec, "acknowledged": acknowledge(client, 1)},
        headers=CSRF_HEADERS,
    )
    assert [item.spec.slug for item in studio.stores.deployments.list_all()] == ["two"]


def test_failed_preflight_is_deployed_only_with_bypass(
    client: TestClient, studio: AppContainer
) -> None:
    preset = studio.stores.themes.get_version("two").preset
    studio.stores.themes.save(preset.model_copy(update={"base_images": ("nobody",)}))
    spec = {"slug": "two", "version": 3, "author": "ada"}
    payload = {"spec": spec, "acknowledged": acknowledge(client, 3)}
    refused = client.post(f"{TWO}/deploy", json=payload, headers=CSRF_HEADERS)
    assert (refused.status_code, "Base image nobody" in refused.json()["error"]) == (400, True)
    payload["spec"] = spec | {"bypassed_checks": True}
    assert client.post(f"{TWO}/deploy", json=payload, headers=CSRF_HEADERS).json()[
        "bypassed_checks"
    ]


def test_theme_is_renamed_branched_and_archived(client: TestClient) -> None:
    renamed = client.post(
        f"{TWO}/rename", json={"name": "Two of us", "author": "ada"}, headers=CSRF_HEADERS
    )
    assert renamed.json() == {"number": 3}
    payload = {"version": 1, "slug": "three", "name": "Three"}
    assert client.post(f"{TWO}/branch", json=payload, headers=CSRF_HEADERS).json() == {
        "slug": "three"
    }
    assert client.post(f"{TWO}/branch", json=payload, headers=CSRF_HEADERS).status_code == 409
    assert client.post("/themes/three/archive", headers=CSRF_HEADERS).json() == {"archived": True}
    assert client.get("/themes/list?text=three").json() == []
    [found] = client.get("/themes/list?text=three&archived=true").json()
    assert found["archived"]


# Issue 18, 16 (B4).
def test_chinese_theme_name_is_kept(client: TestClient, studio: AppContainer) -> None:
    created = client.post(
        f"{TWO}/branch", json={"version": 1, "name": "春日野餐"}, headers=CSRF_HEADERS
    )
    assert created.json() == {"slug": "chun-ri-ye-can"}
    repeated = client.post(
        f"{TWO}/branch", json={"version": 1, "name": "春日野餐"}, headers=CSRF_HEADERS
    )
    assert "Theme “春日野餐” already exists" in repeated.json()["error"]
    other = client.post(
        f"{TWO}/branch", json={"version": 1, "name": "春日, 野餐"}, headers=CSRF_HEADERS
    )
    assert other.json()["slug"].startswith("chun-ri-ye-can-")
    new = "/themes/chun-ri-ye-can"
    assert client.get(new).json()["name"] == "春日野餐"
    spec = {"slug": "chun-ri-ye-can", "version": 1, "author": "小明", "note": "春天"}
    payload = {"spec": spec, "acknowledged": acknowledge(client, 1, new)}
    assert client.post(f"{new}/deploy", json=payload, headers=CSRF_HEADERS).json()["version"] == 1
    file = client.get(f"{new}/1/export?bases=true")
    imported = client.post("/themes/import/file?name=春日.json&author=小明", content=file.content, headers=CSRF_HEADERS)  # fmt: skip
    assert imported.json()["slug"] == "chun-ri-ye-can"
    assert studio.stores.themes.get_version("chun-ri-ye-can").preset.name == "春日野餐"


def test_evaluations_are_started_polled_and_shown(client: TestClient) -> None:
    for kind in ("robustness", "regression"):
        assert client.get(f"{TWO}/2/reviews/{kind}").json() == {"state": "none"}
        cost = client.get(f"{TWO}/2/reviews/{kind}/cost").json()
        assert (cost["images"] > 0, cost["seconds"]) == (True, None)
        client.post(f"{TWO}/2/reviews/{kind}", headers=CSRF_HEADERS)
        assert done(client, f"{TWO}/2/reviews/{kind}")["state"] == "done"
    latest = client.get(TWO).json()["versions"][0]
    assert 0 < latest["robustness"]["share"] < 0.9
    assert not latest["robustness"]["passed"]
    assert latest["sheet"]["against"] == 1
    chores = {item["kind"]: item for item in client.get("/system/chores").json()}
    assert chores["regression"]["subject"] == "Two"
    assert chores["regression"]["done"] == chores["regression"]["total"] > 0
    assert client.get(f"{TWO}/1/sheet").status_code == 404
    assert client.post(f"{TWO}/9/reviews/robustness", headers=CSRF_HEADERS).status_code == 404


def test_report_is_reviewed_only_explicitly(client: TestClient) -> None:
    """Issue 18, 14 (security review 1.12): any website could have a sheet count as seen."""
    client.post(f"{TWO}/2/reviews/regression", headers=CSRF_HEADERS)
    assert done(client, f"{TWO}/2/reviews/regression")["state"] == "done"
    assert "Compared with version 1" in client.get(f"{TWO}/2/sheet?by=boss").text
    assert client.get(TWO).json()["versions"][0]["sheet"]["reviewed_by"] == []
    assert client.post(f"{TWO}/2/sheet/seen", json={"reviewer": "ada"}).status_code == 422
    assert client.post(f"{TWO}/2/sheet/seen", json={}, headers=CSRF_HEADERS).status_code == 400
    assert client.post(f"{TWO}/2/sheet/seen", json={"reviewer": "ada"}, headers=CSRF_HEADERS).json() == {"by": "ada"}  # fmt: skip
    assert client.get(TWO).json()["versions"][0]["sheet"]["reviewed_by"] == ["ada"]


def test_theme_is_exported_and_imported(client: TestClient) -> None:
    file = client.get(f"{TWO}/1/export?bases=true")
    assert 'filename="two-v1.json"' in file.headers["content-disposition"]
    imported = client.post("/themes/import/file?name=two.json&author=ada", content=file.content, headers=CSRF_HEADERS)  # fmt: skip
    assert imported.json() == {"slug": "two", "number": 3, "base_images": [], "missing": []}
    broken = client.post("/themes/import/file?name=x.json", content=b"[]", headers=CSRF_HEADERS)
    assert (broken.status_code, "is not a preset" in broken.json()["error"]) == (400, True)  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["deploy", "rollback", "stop", "rename", "branch", "archive", "1/reviews/robustness", "1/reviews/regression/stop", "1/sheet/seen"],
)  # fmt: skip
def test_changes_need_the_csrf_header(client: TestClient, url: str) -> None:
    bodies: dict[str, Any] = {
        "deploy": {"spec": {"slug": "two", "version": 1}}, "rename": {"name": "X"},
        "branch": {"version": 1, "slug": "x", "name": "X"},
    }  # fmt: skip
    assert client.post(f"{TWO}/{url}", json=bodies.get(url, {})).status_code == 422
