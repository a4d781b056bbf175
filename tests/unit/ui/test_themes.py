"""The addresses of the page Themes: what they tell and what they do, and for whom."""

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.bootstrap import Studio
from studio.recipes.deployment import Order
from studio.ui.server import build_app

OWN = {"X-Studio": "themes"}
TWO = "/themes/two"


@pytest.fixture
def client(studio: Studio) -> TestClient:
    """With a theme `two` of two versions and one base image."""
    preset = studio.presets.version("first-light").preset
    two = preset.model_copy(update={"slug": "two", "name": "Two", "base_images": ("mia",)})
    studio.presets.save(two, author="ada", note="begun")
    studio.presets.save(two.model_copy(update={"prompt": "bold colours"}), author="bo")
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def done(client: TestClient, address: str) -> dict[str, Any]:
    for _ in range(400):
        answer: dict[str, Any] = client.get(address).json()
        if answer["state"] != "running":
            return answer
        time.sleep(0.02)
    raise TimeoutError("it did not end")


def test_themes_are_listed_searched_and_told_with_what_is_served(
    client: TestClient, studio: Studio
) -> None:
    studio.deploying.deployments.add(Order(slug="two", number=1, trial=2, trial_share=20))
    [found] = client.get("/themes/list?text=TWO").json()
    assert found["served"] == [{"channel": "live", "number": 1, "trial": 2, "share": 20}]
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


def test_a_version_is_checked_deployed_rolled_back_and_taken_down(client: TestClient) -> None:
    assert {f["level"] for f in client.get(f"{TWO}/1/check").json()} == {"pass", "warning"}
    for number, over in ((1, 0), (2, 1)):
        order = {"slug": "two", "number": number, "author": "ada", "note": "season"}
        answer = client.post(f"{TWO}/deploy", json={"order": order, "over": over}, headers=OWN)
        assert (answer.json()["number"], answer.json()["author"]) == (number, "ada")
    late = client.post(f"{TWO}/deploy", json={"order": order, "over": 1}, headers=OWN)
    assert late.status_code == 400
    assert "was deployed to 'live' meanwhile" in late.json()["error"]
    back = client.post(f"{TWO}/rollback", json={"author": "bo", "over": 2}, headers=OWN).json()
    assert (back["number"], back["author"]) == (1, "bo")
    assert client.post(f"{TWO}/stop", json={}, headers=OWN).json()["number"] is None
    assert client.get(TWO).json()["served"] == []


def test_an_order_is_for_the_theme_of_its_address(client: TestClient, studio: Studio) -> None:
    order = {"slug": "first-light", "number": 1}
    client.post(f"{TWO}/deploy", json={"order": order}, headers=OWN)
    assert [each.order.slug for each in studio.deploying.deployments.log()] == ["two"]


def test_what_the_gate_stops_is_deployed_only_by_force(client: TestClient, studio: Studio) -> None:
    preset = studio.presets.version("two").preset
    studio.presets.save(preset.model_copy(update={"base_images": ("nobody",)}))
    order = {"slug": "two", "number": 3}
    refused = client.post(f"{TWO}/deploy", json={"order": order}, headers=OWN)
    assert (refused.status_code, "base image nobody" in refused.json()["error"]) == (400, True)
    forced = client.post(f"{TWO}/deploy", json={"order": order | {"forced": True}}, headers=OWN)
    assert forced.json()["forced"]


def test_a_theme_is_renamed_branched_and_archived(client: TestClient) -> None:
    renamed = client.post(f"{TWO}/rename", json={"name": "Two of us", "author": "ada"}, headers=OWN)
    assert renamed.json() == {"number": 3}
    wish = {"number": 1, "slug": "three", "name": "Three"}
    assert client.post(f"{TWO}/branch", json=wish, headers=OWN).json() == {"slug": "three"}
    assert client.post(f"{TWO}/branch", json=wish, headers=OWN).status_code == 400
    assert client.post("/themes/three/archive", headers=OWN).json() == {"archived": True}
    assert client.get("/themes/list?text=three").json() == []
    [found] = client.get("/themes/list?text=three&archived=true").json()
    assert found["archived"]


# Issue 18, 16 (B4).
def test_a_name_in_chinese_goes_all_the_way(client: TestClient, studio: Studio) -> None:
    made = client.post(f"{TWO}/branch", json={"number": 1, "name": "春日野餐"}, headers=OWN)
    assert made.json() == {"slug": "chun-ri-ye-can"}
    again = client.post(f"{TWO}/branch", json={"number": 1, "name": "春日野餐"}, headers=OWN)
    assert "there is a preset '春日野餐' already" in again.json()["error"]
    other = client.post(f"{TWO}/branch", json={"number": 1, "name": "春日, 野餐"}, headers=OWN)
    assert other.json()["slug"].startswith("chun-ri-ye-can-")
    new = "/themes/chun-ri-ye-can"
    assert client.get(new).json()["name"] == "春日野餐"
    order = {"slug": "chun-ri-ye-can", "number": 1, "author": "小明", "note": "春天"}
    assert client.post(f"{new}/deploy", json={"order": order}, headers=OWN).json()["number"] == 1
    file = client.get(f"{new}/1/export?bases=true")
    taken = client.post("/themes/import/file?name=春日.json&author=小明", content=file.content, headers=OWN)  # fmt: skip
    assert taken.json()["slug"] == "chun-ri-ye-can"
    assert studio.presets.version("chun-ri-ye-can").preset.name == "春日野餐"


def test_reviews_are_begun_watched_and_told_beside_the_version(client: TestClient) -> None:
    for kind in ("robustness", "regression"):
        assert client.get(f"{TWO}/2/reviews/{kind}").json() == {"state": "none"}
        client.post(f"{TWO}/2/reviews/{kind}", headers=OWN)
        assert done(client, f"{TWO}/2/reviews/{kind}")["state"] == "done"
    newest = client.get(TWO).json()["versions"][0]
    assert 0 < newest["robustness"]["share"] < 0.9
    assert not newest["robustness"]["passed"]
    assert newest["sheet"]["against"] == 1
    page = client.get(f"{TWO}/2/sheet?by=ada")
    assert "compared with version 1" in page.text
    assert client.get(TWO).json()["versions"][0]["sheet"]["seen_by"] == ["ada"]
    assert client.get(f"{TWO}/1/sheet").status_code == 404
    assert client.post(f"{TWO}/9/reviews/robustness", headers=OWN).status_code == 404


def test_a_theme_goes_out_as_a_file_and_comes_in_again(client: TestClient) -> None:
    file = client.get(f"{TWO}/1/export?bases=true")
    assert 'filename="two-v1.json"' in file.headers["content-disposition"]
    taken = client.post("/themes/import/file?name=two.json&author=ada", content=file.content, headers=OWN)  # fmt: skip
    assert taken.json() == {"slug": "two", "number": 3, "base_images": [], "missing": []}
    broken = client.post("/themes/import/file?name=x.json", content=b"[]", headers=OWN)
    assert (broken.status_code, "is no preset of the studio" in broken.json()["error"]) == (400, True)  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["deploy", "rollback", "stop", "rename", "branch", "archive", "1/reviews/robustness", "1/reviews/regression/stop"],
)  # fmt: skip
def test_only_a_page_of_the_studio_changes_anything(client: TestClient, address: str) -> None:
    bodies: dict[str, Any] = {
        "deploy": {"order": {"slug": "two", "number": 1}}, "rename": {"name": "X"},
        "branch": {"number": 1, "slug": "x", "name": "X"},
    }  # fmt: skip
    assert client.post(f"{TWO}/{address}", json=bodies.get(address, {})).status_code == 422
