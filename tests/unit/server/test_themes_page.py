"""The addresses of the page Themes: what they tell and what they do, and for whom."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.recipes.themes.deployment import DeploymentSpec
from studio.ui.server import build_app
from tests.waiting import until

OWN = {"X-Studio": "themes"}
TWO = "/themes/two"


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    """With a theme `two` of two versions and one base image."""
    preset = studio.themes.get_version("first-light").preset
    two = preset.model_copy(update={"slug": "two", "name": "Two", "base_images": ("mia",)})
    studio.themes.save(two, author="ada", note="begun")
    studio.themes.save(two.model_copy(update={"theme_prompt": "bold colours"}), author="bo")
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def done(client: TestClient, address: str) -> dict[str, Any]:
    told: dict[str, Any] = until(
        lambda: client.get(address).json(), lambda it: it["state"] != "running"
    )
    return told


def test_themes_are_listed_searched_and_told_with_what_is_served(
    client: TestClient, studio: AppContainer
) -> None:
    studio.deployments.deployments.add(
        DeploymentSpec(slug="two", version=1, canary_version=2, canary_percent=20)
    )
    [found] = client.get("/themes/list?text=TWO").json()
    assert found["served"] == [
        {"channel": "live", "number": 1, "trial": 2, "share": 20, "before": None}
    ]
    assert len(client.get("/themes/list").json()) > 5
    told = client.get(TWO).json()
    assert [(v["number"], v["author"], v["note"]) for v in told["versions"]] == [(2, "bo", ""), (1, "ada", "begun")]  # fmt: skip
    assert told["log"][0]["trial"] == 2
    assert client.get("/themes/nobody").status_code == 404
    assert client.get("/themes/..%2Fetc").status_code in (404, 422)


def test_two_versions_are_compared(client: TestClient) -> None:
    assert client.get(f"{TWO}/diff?before=1&after=2").json() == [
        {"place": "Theme prompt", "before": "none", "after": "bold colours"}
    ]
    assert client.get(f"{TWO}/diff?before=1&after=9").status_code == 404


def seen(client: TestClient, number: int, theme: str = TWO) -> dict[int, list[str]]:
    """What the checks say of a version, all of it confirmed."""
    found = client.get(f"{theme}/{number}/check").json()
    return {number: [f["what"] for f in found if f["level"] != "pass"]}


def test_a_version_is_checked_deployed_rolled_back_and_taken_down(client: TestClient) -> None:
    checked = client.get(f"{TWO}/1/check", headers={"accept-language": "zh-CN"}).json()
    assert {each["level"] for each in checked} == {"pass", "warning"}
    assert any("模型相互匹配" in each["what"] for each in checked)  # Issue 19, 1.
    assert all(isinstance(each["remedy"], str | None) for each in checked)
    for number, over in ((1, 0), (2, 1)):
        order = {"slug": "two", "number": number, "author": "ada", "note": "season"}
        wish = {"order": order, "over": over, "seen": seen(client, number)}
        answer = client.post(f"{TWO}/deploy", json=wish, headers=OWN)
        assert (answer.json()["number"], answer.json()["author"]) == (number, "ada")
    late = client.post(f"{TWO}/deploy", json=wish, headers=OWN)
    assert late.status_code == 409
    assert "was deployed to 'live' meanwhile" in late.json()["error"]
    [served] = client.get(TWO).json()["served"]
    assert (served["number"], served["before"]) == (2, 1)
    back = client.post(f"{TWO}/rollback", json={"author": "bo", "over": 2}, headers=OWN).json()
    assert (back["number"], back["author"]) == (1, "bo")
    down = client.post(f"{TWO}/stop", json={"author": "bo"}, headers=OWN)
    assert down.json()["number"] is None
    assert client.get(TWO).json()["served"] == []


def test_nothing_is_deployed_unseen_or_by_nobody(client: TestClient, studio: AppContainer) -> None:
    """Issue 18, 16: a version went live untested, in one click, with no author."""
    order = {"slug": "two", "number": 1, "author": "ada"}
    unseen = client.post(f"{TWO}/deploy", json={"order": order}, headers=OWN)
    assert unseen.status_code == 400
    assert "confirm first what the checks say of version 1" in unseen.json()["error"]
    wish = {"order": order | {"author": " "}, "seen": seen(client, 1)}
    for address, body in (("deploy", wish), ("rollback", {}), ("stop", {"author": ""})):
        nobody = client.post(f"{TWO}/{address}", json=body, headers=OWN)
        assert (nobody.status_code, "type your name" in nobody.json()["error"]) == (400, True)
    assert studio.deployments.deployments.list_all() == []


def test_an_order_is_for_the_theme_of_its_address(client: TestClient, studio: AppContainer) -> None:
    order = {"slug": "first-light", "number": 1, "author": "ada"}
    client.post(f"{TWO}/deploy", json={"order": order, "seen": seen(client, 1)}, headers=OWN)
    assert [each.spec.slug for each in studio.deployments.deployments.list_all()] == ["two"]


def test_what_the_gate_stops_is_deployed_only_by_force(
    client: TestClient, studio: AppContainer
) -> None:
    preset = studio.themes.get_version("two").preset
    studio.themes.save(preset.model_copy(update={"base_images": ("nobody",)}))
    order = {"slug": "two", "number": 3, "author": "ada"}
    wish = {"order": order, "seen": seen(client, 3)}
    refused = client.post(f"{TWO}/deploy", json=wish, headers=OWN)
    assert (refused.status_code, "base image nobody" in refused.json()["error"]) == (400, True)
    wish["order"] = order | {"forced": True}
    assert client.post(f"{TWO}/deploy", json=wish, headers=OWN).json()["forced"]


def test_a_theme_is_renamed_branched_and_archived(client: TestClient) -> None:
    renamed = client.post(f"{TWO}/rename", json={"name": "Two of us", "author": "ada"}, headers=OWN)
    assert renamed.json() == {"number": 3}
    wish = {"number": 1, "slug": "three", "name": "Three"}
    assert client.post(f"{TWO}/branch", json=wish, headers=OWN).json() == {"slug": "three"}
    assert client.post(f"{TWO}/branch", json=wish, headers=OWN).status_code == 409
    assert client.post("/themes/three/archive", headers=OWN).json() == {"archived": True}
    assert client.get("/themes/list?text=three").json() == []
    [found] = client.get("/themes/list?text=three&archived=true").json()
    assert found["archived"]


# Issue 18, 16 (B4).
def test_a_name_in_chinese_goes_all_the_way(client: TestClient, studio: AppContainer) -> None:
    made = client.post(f"{TWO}/branch", json={"number": 1, "name": "春日野餐"}, headers=OWN)
    assert made.json() == {"slug": "chun-ri-ye-can"}
    again = client.post(f"{TWO}/branch", json={"number": 1, "name": "春日野餐"}, headers=OWN)
    assert "there is a preset '春日野餐' already" in again.json()["error"]
    other = client.post(f"{TWO}/branch", json={"number": 1, "name": "春日, 野餐"}, headers=OWN)
    assert other.json()["slug"].startswith("chun-ri-ye-can-")
    new = "/themes/chun-ri-ye-can"
    assert client.get(new).json()["name"] == "春日野餐"
    order = {"slug": "chun-ri-ye-can", "number": 1, "author": "小明", "note": "春天"}
    wish = {"order": order, "seen": seen(client, 1, new)}
    assert client.post(f"{new}/deploy", json=wish, headers=OWN).json()["number"] == 1
    file = client.get(f"{new}/1/export?bases=true")
    taken = client.post("/themes/import/file?name=春日.json&author=小明", content=file.content, headers=OWN)  # fmt: skip
    assert taken.json()["slug"] == "chun-ri-ye-can"
    assert studio.themes.get_version("chun-ri-ye-can").preset.name == "春日野餐"


def test_reviews_are_begun_watched_and_told_beside_the_version(client: TestClient) -> None:
    for kind in ("robustness", "regression"):
        assert client.get(f"{TWO}/2/reviews/{kind}").json() == {"state": "none"}
        cost = client.get(f"{TWO}/2/reviews/{kind}/cost").json()
        assert (cost["images"] > 0, cost["seconds"]) == (True, None)
        client.post(f"{TWO}/2/reviews/{kind}", headers=OWN)
        assert done(client, f"{TWO}/2/reviews/{kind}")["state"] == "done"
    newest = client.get(TWO).json()["versions"][0]
    assert 0 < newest["robustness"]["share"] < 0.9
    assert not newest["robustness"]["passed"]
    assert newest["sheet"]["against"] == 1
    chores = {each["kind"]: each for each in client.get("/system/chores").json()}
    assert chores["regression"]["subject"] == "Two"
    assert chores["regression"]["done"] == chores["regression"]["total"] > 0
    assert client.get(f"{TWO}/1/sheet").status_code == 404
    assert client.post(f"{TWO}/9/reviews/robustness", headers=OWN).status_code == 404


def test_looking_at_a_sheet_signs_nothing_saying_so_does(client: TestClient) -> None:
    """Issue 18, 14 (security review 1.12): any website could have a sheet count as seen."""
    client.post(f"{TWO}/2/reviews/regression", headers=OWN)
    assert done(client, f"{TWO}/2/reviews/regression")["state"] == "done"
    assert "compared with version 1" in client.get(f"{TWO}/2/sheet?by=boss").text
    assert client.get(TWO).json()["versions"][0]["sheet"]["reviewed_by"] == []
    assert client.post(f"{TWO}/2/sheet/seen", json={"by": "ada"}).status_code == 422
    assert client.post(f"{TWO}/2/sheet/seen", json={}, headers=OWN).status_code == 400
    assert client.post(f"{TWO}/2/sheet/seen", json={"by": "ada"}, headers=OWN).json() == {"by": "ada"}  # fmt: skip
    assert client.get(TWO).json()["versions"][0]["sheet"]["reviewed_by"] == ["ada"]


def test_a_theme_goes_out_as_a_file_and_comes_in_again(client: TestClient) -> None:
    file = client.get(f"{TWO}/1/export?bases=true")
    assert 'filename="two-v1.json"' in file.headers["content-disposition"]
    taken = client.post("/themes/import/file?name=two.json&author=ada", content=file.content, headers=OWN)  # fmt: skip
    assert taken.json() == {"slug": "two", "number": 3, "base_images": [], "missing": []}
    broken = client.post("/themes/import/file?name=x.json", content=b"[]", headers=OWN)
    assert (broken.status_code, "is no preset of the studio" in broken.json()["error"]) == (400, True)  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["deploy", "rollback", "stop", "rename", "branch", "archive", "1/reviews/robustness", "1/reviews/regression/stop", "1/sheet/seen"],
)  # fmt: skip
def test_only_a_page_of_the_studio_changes_anything(client: TestClient, address: str) -> None:
    bodies: dict[str, Any] = {
        "deploy": {"order": {"slug": "two", "number": 1}}, "rename": {"name": "X"},
        "branch": {"number": 1, "slug": "x", "name": "X"},
    }  # fmt: skip
    assert client.post(f"{TWO}/{address}", json=bodies.get(address, {})).status_code == 422
