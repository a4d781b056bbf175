"""Reviews of theme versions by the API: comments, approval, images beside the live ones, thumbnails, tags."""

import io
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer, create_app_container
from studio.errors import IncompatibleModelError, NotFoundError
from studio.recipes.evaluation.blind_test import Candidate
from studio.recipes.themes.deployment import DeploymentSpec
from studio.recipes.themes.preset import Slot
from studio.services.themes.theme_images import ThemeImages
from studio.settings import Settings
from studio.ui.server import build_app
from tests import examples
from tests.fake_renderer import FakeRenderer
from tests.waiting import until

CSRF_HEADERS = {"X-Studio": "page"}
THEMES = "/api/v1/admin/themes"
TWO = f"{THEMES}/two"


@pytest.fixture
def studio(home: Path, fresh: Path) -> AppContainer:
    shutil.copytree(fresh, home)
    return create_app_container(Settings(data_dir=home), FakeRenderer)


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    """With a theme `two` of two versions and one base image; version 1 is live."""
    preset = studio.stores.themes.get_version("first-light").preset
    two = preset.model_copy(update={"slug": "two", "name": "Two", "base_images": ("mia",)})
    studio.stores.themes.save(two, author="ada", note="begun")
    studio.stores.themes.save(two.model_copy(update={"theme_prompt": "bold colours"}), author="bo")
    studio.stores.deployments.add(DeploymentSpec(slug="two", version=1))
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def review(client: TestClient, version: int = 2, **body: Any) -> Any:
    url = f"{TWO}/versions/{version}/reviews"
    return client.post(url, json=body, headers=CSRF_HEADERS)


def state(client: TestClient) -> str:
    """The state of the latest version, as the list of themes says it."""
    return str(client.get(THEMES, params={"text": "two"}).json()[0]["review"])


def run_suite(client: TestClient, version: int = 2) -> None:
    url = f"{TWO}/versions/{version}/regression"
    client.post(url, headers=CSRF_HEADERS)
    until(lambda: client.get(url).json(), lambda it: it["state"] == "done")


def add_run(studio: AppContainer, color: str, request_id: str, **changes: Any) -> None:
    """Four stored variants of one run of the theme `two`, each of one color."""
    for slot in "ABCD":
        buffer = io.BytesIO()
        Image.new("RGB", (256, 256), color).save(buffer, "PNG")
        sha256 = studio.stores.images.write(buffer.getvalue())
        fields = {"theme_slug": "two", "theme_version": 2, "image_sha256": sha256} | changes
        variant = examples.variant(slot=slot, request_id=request_id, **fields)
        studio.stores.variants.add(variant, buffer.getvalue())


def shown(client: TestClient, slot: str = "A", **query: Any) -> tuple[int, int, int]:
    """The color in the middle of a theme's thumbnail."""
    webp = client.get(f"{TWO}/thumbnails/{slot}.webp", params=query).content
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as image:
        pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return (round(pixel[0] / 85), round(pixel[1] / 85), round(pixel[2] / 85))


def test_review_log_of_a_version_is_bounded(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.store.theme_reviews.MAX_REVIEWS", 2)
    for text in ("one", "two"):
        assert review(client, kind="comment", author="ada", text=text).status_code == 201
    refused = review(client, kind="approve", author="ada")
    assert (refused.status_code, refused.json()["code"]) == (422, "theme.reviews_full")
    assert "Save the theme as a new version" in refused.json()["detail"]
    assert review(client, version=1, kind="comment", author="ada", text="x").status_code == 201


def test_a_version_is_commented_on_sent_back_and_approved(client: TestClient) -> None:
    assert state(client) == "none"
    assert review(client, kind="request", author="bo").status_code == 201
    assert state(client) == "in_review"
    cell = {"doodle": "star-dress", "seed": 1, "slot": "C"}
    said = review(client, author="ada", text="C loses the stripes.", cell=cell).json()
    assert (said["spec"]["author"], said["spec"]["cell"]) == ("ada", cell)
    assert state(client) == "in_review"
    review(client, kind="approve", author="cy")
    review(client, kind="request_changes", author="ada", text="See C.")
    assert state(client) == "changes_requested"
    review(client, kind="approve", author="ada")
    answer = client.get(f"{TWO}/versions/2/reviews").json()
    assert answer["state"] == state(client) == "approved"
    assert [entry["spec"]["author"] for entry in answer["approvals"]] == ["ada"]
    assert len(answer["reviews"]) == 5
    assert client.get(TWO).json()["versions"][0]["review"] == "approved"
    assert client.get(f"{TWO}/versions/1/reviews").json()["reviews"] == []


def test_a_review_needs_a_name_a_version_and_a_comment_its_text(client: TestClient) -> None:
    assert "Enter your name" in review(client, kind="approve").json()["detail"]
    empty = review(client, author="ada", text="  ")
    assert (empty.status_code, "needs a text" in empty.json()["detail"]) == (422, True)
    assert review(client, version=9, author="ada", text="?").status_code == 404
    assert client.get(f"{TWO}/versions/9/reviews").status_code == 404
    url = f"{TWO}/versions/2/reviews"
    assert client.post(url, json={"author": "ada", "text": "x"}).status_code == 403


def test_a_version_is_seen_beside_the_live_one_on_the_same_doodles_and_seeds(
    client: TestClient,
) -> None:
    url = f"{TWO}/versions/2/comparison"
    before = client.get(url).json()
    assert (before["baseline_version"], before["complete"]) == (1, False)
    assert {image["image"] for row in before["rows"] for image in row["images"]} == {None}
    run_suite(client)
    after = client.get(url).json()
    assert after["complete"]
    assert len({(row["doodle"], row["seed"]) for row in after["rows"]}) == len(after["rows"]) > 1
    first = after["rows"][0]
    assert [image["slot"] for image in first["images"]] == ["A", "B", "C", "D"]
    assert all(image["delta_e"] is not None for image in first["images"])
    for address in (first["images"][0]["image"], first["images"][0]["baseline_image"]):
        image = client.get(address, params={"size": 192})
        assert image.headers["content-type"] == "image/webp"
        assert "immutable" in image.headers["cache-control"]
    assert client.get(first["doodle_image"]).status_code == 200
    assert client.get("/api/v1/admin/rendered-images/" + "0" * 32 + ".webp").status_code == 404
    assert client.get("/api/v1/admin/rendered-images/..%2Fstudio.webp").status_code in (404, 422)


def test_who_approves_has_reviewed_the_images(client: TestClient) -> None:
    run_suite(client)
    review(client, kind="approve", author="ada")
    assert client.get(TWO).json()["versions"][0]["regression"]["reviewed_by"] == ["ada"]


def test_a_theme_is_shown_by_its_suite_then_by_an_operators_newest_run(
    client: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{TWO}/thumbnails/A.webp"
    assert client.get(url).status_code == 404
    run_suite(client)
    catalog = studio.models.catalog
    replaced = IncompatibleModelError("model.no_image", kind="lora", name="glow")
    with monkeypatch.context() as patch:
        patch.setattr(catalog, "get", Mock(side_effect=replaced))
        assert client.get(url).status_code == 404
    assert client.get(url).status_code == 200
    add_run(studio, "red", "a" * 32)
    assert shown(client) == (3, 0, 0)
    add_run(studio, "lime", "b" * 32, theme_version=1)
    assert (shown(client), shown(client, version=2)) == ((0, 3, 0), (3, 0, 0))
    request = examples.request(preset=examples.preset(slug="two"), theme_version=2)
    deadline = datetime.now(UTC) + timedelta(minutes=5)
    players, _ = studio.stores.jobs.requests.create(request, "app", "live", deadline, "k")
    add_run(studio, "blue", players.id)
    assert shown(client) == (0, 3, 0)  # What a player drew is on no overview.
    answer = client.get(url, params={"size": 100})
    assert answer.headers["cache-control"].startswith("private")
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get(url, params={"size": 100}, headers=known).status_code == 304
    assert client.get(f"{THEMES}/nobody/thumbnails/A.webp").status_code == 404


def test_a_shipped_theme_is_shown_by_its_example_until_it_is_rendered(
    studio: AppContainer, tmp_path: Path
) -> None:
    Image.new("RGB", (256, 256), "red").save(tmp_path / "first-light-A.webp")
    images = ThemeImages(
        studio.stores.variants,
        studio.stores.base_images,
        studio.evaluation.suites,
        studio.authoring.sample_doodles,
        studio.stores.thumbnails,
        tmp_path,
    )
    assert images.theme("first-light", "A", 96).webp == images.theme("first-light", "A", 96, 1).webp
    missing: tuple[tuple[Slot, int | None], ...] = (("B", None), ("A", 2))
    for slot, version in missing:
        with pytest.raises(NotFoundError, match="No images of theme"):
            images.theme("first-light", slot, 96, version)


def test_a_theme_is_described_without_the_package_that_ranks_blind_tests(
    client: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidates = [Candidate.parse(f"two:1:{slot}") for slot in "AC"]
    studio.evaluation.blind_tests.create("Which?", candidates)
    assert [test["title"] for test in client.get(TWO).json()["blind_tests"]] == ["Which?"]
    monkeypatch.setattr("studio.optional_dependencies.find_spec", lambda _: None)
    answer = client.get(TWO)
    assert (answer.status_code, answer.json()["blind_tests"]) == (200, [])


def test_tags_are_kept_once_and_listed(client: TestClient) -> None:
    put = client.put(
        f"{TWO}/tags", json={"tags": ["Winter", " 儿童 ", "winter"]}, headers=CSRF_HEADERS
    )
    assert put.json() == {"tags": ["winter", "儿童"]}
    [listed] = client.get(THEMES, params={"text": "two"}).json()
    assert listed["tags"] == client.get(TWO).json()["tags"] == ["winter", "儿童"]
    assert (listed["author"], listed["updated_at"].endswith("Z")) == ("bo", True)
    long = client.put(f"{TWO}/tags", json={"tags": ["x" * 31]}, headers=CSRF_HEADERS)
    assert long.status_code == 422


def test_what_begins_later_is_listed_until_a_later_deployment_replaces_it(
    client: TestClient, studio: AppContainer
) -> None:
    december = datetime.now(UTC) + timedelta(days=4)
    add = studio.stores.deployments.add
    add(DeploymentSpec(slug="two", version=2, starts_at=december))
    add(DeploymentSpec(slug="two", version=1, channel="beta"))
    [scheduled] = client.get(TWO).json()["scheduled"]
    assert (scheduled["version"], scheduled["channel"]) == (2, "live")
    assert client.get(THEMES, params={"text": "two"}).json()[0]["scheduled"] == [scheduled]
    add(DeploymentSpec(slug="two", version=1))
    assert client.get(TWO).json()["scheduled"] == []


def test_checks_say_what_a_page_can_do_about_them(client: TestClient) -> None:
    found = client.get(f"{TWO}/versions/2/check").json()
    remedies = [finding["fix"] for finding in found if finding["level"] != "pass"]
    assert remedies == ["generate", "run_robustness", "run_regression"]


def test_old_addresses_lead_to_the_review(client: TestClient) -> None:
    for old in ("/themes/two/2/sheet", "/themes/two/review"):
        answer = client.get(old, follow_redirects=False)
        assert answer.headers["location"] == "/themes/two/versions/2/review"
    assert client.get("/themes/nobody").status_code == 404
    assert client.get("/themes/two/versions/9/review").status_code == 404
