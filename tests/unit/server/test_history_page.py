"""The history's addresses: rows by filter, pictures by hash, archives, deletion from here only."""

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
    keep_variants(studio.variants, 8)
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_rows_tell_what_made_them_and_where_their_image_is(client: TestClient) -> None:
    page = client.get("/history/variants", params={"slot": "B", "text": "dress 5"}).json()
    [row] = page["rows"]
    assert (row["preset"], row["slot"], row["prompt"]) == ("spring", "B", "a red dress 5")
    assert page["next"] is None
    image = client.get(row["image"])
    assert image.headers["content-type"] == "image/png"
    assert "immutable" in image.headers["cache-control"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/history/variants?letter=X", 422),
        ("/history/variants?anything=else", 422),
        ("/history/variants?since=yesterday", 422),
        (f"/history/pictures/{'0' * 64}.png", 404),
        ("/history/pictures/..%2F..%2Fetc%2Fpasswd.png", 404),
        ("/history/export?preset=nobody", 400),
        ("/own/../page.py", 404),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_refused(
    client: TestClient, address: str, status: int
) -> None:
    assert client.get(address).status_code == status


def test_a_base_images_pixels_are_not_in_the_history(
    client: TestClient, studio: AppContainer
) -> None:
    sha256 = studio.base_images.list_all()[0].sha256
    assert client.get(f"/history/pictures/{sha256}.png").status_code == 404


def test_an_archive_holds_the_images_and_their_records(client: TestClient) -> None:
    answer = client.get("/history/export", params={"slot": "C"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        records = json.loads(archive.read("variants.json"))
    assert names == ["spring-v1-000007-C.png", "spring-v1-000003-C.png", "variants.json"]
    assert [each["variant"]["slot"] for each in records] == ["C", "C"]


def test_an_archive_that_would_be_too_large_is_refused(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MAX_EXPORT", 3)
    answer = client.get("/history/export")
    assert answer.status_code == 400
    assert "narrow the filter" in answer.json()["error"]


def test_only_a_page_of_the_studio_deletes(client: TestClient, studio: AppContainer) -> None:
    assert client.post("/history/delete", json={"ids": [1, 2]}).status_code == 422
    assert len(studio.variants.get_many([1, 2])) == 2
    own = {"X-Studio": "history"}
    deleted = client.post("/history/delete", json={"ids": [1, 2]}, headers=own)
    assert deleted.json() == {"deleted": 2}
    assert len(client.get("/history/variants").json()["rows"]) == 6


def test_the_choices_are_the_presets_and_models_there_are(client: TestClient) -> None:
    choices = client.get("/history/choices").json()
    assert ["first-light", "First light"] in choices["presets"]
    assert {"pocket-ink", "pocket-scribble", "pocket-neon"} <= set(choices["models"])


def test_a_restored_name_is_a_file_name(studio: AppContainer) -> None:
    keep_variants(studio.variants, 1, preset_version=None)
    [row] = studio.variants.query(HistoryFilter()).rows
    assert history.export_file_name(row) == "spring-unsaved-000001-A.png"
    assert row.variant.theme_slug == examples.preset().slug
