"""Routes of the page History: filters, images by hash, export, CSRF-protected deletion."""

import io
import json
import zipfile

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.recipes.history import HistoryFilter
from studio.services import history
from studio.ui.server import build_app
from tests import examples
from tests.history import keep_variants


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    keep_variants(studio.stores.variants, 8)
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_variants_have_recipe_models_and_image_url(client: TestClient) -> None:
    page = client.get("/history/variants", params={"slot": "B", "text": "dress 5"}).json()
    [row] = page["rows"]
    assert (row["preset"], row["slot"], row["prompt"]) == ("spring", "B", "a red dress 5")
    assert page["next"] is None
    image = client.get(row["image"])
    assert image.headers["content-type"] == "image/png"
    assert "immutable" in image.headers["cache-control"]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/history/variants?slot=X", 422),
        ("/history/variants?anything=else", 422),
        ("/history/variants?created_after=yesterday", 422),
        (f"/history/pictures/{'0' * 64}.png", 404),
        ("/history/pictures/..%2F..%2Fetc%2Fpasswd.png", 404),
        ("/history/export?theme=nobody", 400),
        ("/own/../page.py", 404),
    ],
)
def test_missing_and_invalid_variants_are_refused(
    client: TestClient, url: str, status: int
) -> None:
    assert client.get(url).status_code == status


def test_base_images_are_not_served_as_variants(client: TestClient, studio: AppContainer) -> None:
    sha256 = studio.stores.base_images.list_all()[0].sha256
    assert client.get(f"/history/pictures/{sha256}.png").status_code == 404


def test_export_has_images_and_records(client: TestClient) -> None:
    answer = client.get("/history/export", params={"slot": "C"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        records = json.loads(archive.read("variants.json"))
    assert names == ["spring-v1-000007-C.png", "spring-v1-000003-C.png", "variants.json"]
    assert [each["variant"]["slot"] for each in records] == ["C", "C"]


def test_too_large_export_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_EXPORT", 3)
    answer = client.get("/history/export")
    assert answer.status_code == 400
    assert "Narrow the filter" in answer.json()["error"]


def test_deletion_needs_the_csrf_header(client: TestClient, studio: AppContainer) -> None:
    assert client.post("/history/delete", json={"ids": [1, 2]}).status_code == 422
    assert len(studio.stores.variants.get_many([1, 2])) == 2
    csrf_headers = {"X-Studio": "history"}
    deleted = client.post("/history/delete", json={"ids": [1, 2]}, headers=csrf_headers)
    assert deleted.json() == {"deleted": 2}
    assert len(client.get("/history/variants").json()["rows"]) == 6


def test_filter_choices_are_themes_and_models(client: TestClient) -> None:
    choices = client.get("/history/choices").json()
    assert ["first-light", "First light"] in choices["presets"]
    assert {"pocket-ink", "pocket-scribble", "pocket-neon"} <= set(choices["models"])


def test_export_names_files_after_restored_themes(studio: AppContainer) -> None:
    keep_variants(studio.stores.variants, 1, theme_version=None)
    [row] = studio.stores.variants.query(HistoryFilter()).rows
    assert history.export_file_name(row) == "spring-unsaved-000001-A.png"
    assert row.variant.theme_slug == examples.preset().slug
