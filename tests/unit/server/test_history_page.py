"""The history by session: filters, images by hash, export, deletion."""

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.recipes.generation.drift import Drift
from studio.recipes.generation.recipe import SeedPolicy
from studio.recipes.history import HistoryFilter
from studio.services import history
from studio.services.evaluation.quality_metrics import compute_run_metrics
from studio.store import saved_searches
from studio.ui.server import build_app
from tests import examples
from tests.history import keep_variants

VARIANTS = "/api/v1/variants"
SEARCHES = "/api/v1/saved-searches"
CSRF_HEADERS = {"X-Studio": "page"}


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    keep_variants(studio.stores.variants, 8)
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860")


def test_variants_have_recipe_models_and_image_url(client: TestClient) -> None:
    page = client.get(VARIANTS, params={"slot": "B", "text": "dress 5"}).json()
    [row] = page["variants"]
    assert (row["theme"], row["slot"], row["prompt"]) == ("spring", "B", "a red dress 5")
    assert page["next_cursor"] is None
    image = client.get(row["image"])
    assert image.headers["content-type"] == "image/png"
    assert "immutable" in image.headers["cache-control"]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        (f"{VARIANTS}?slot=X", 422),
        (f"{VARIANTS}?anything=else", 422),
        (f"{VARIANTS}?created_after=yesterday", 422),
        (f"{VARIANTS}/images/{'0' * 64}.png", 404),
        (f"{VARIANTS}/images/..%2F..%2Fetc%2Fpasswd.png", 404),
        (f"{VARIANTS}/export.zip?theme=nobody", 422),
        ("/own/../page.py", 404),
    ],
)
def test_missing_and_invalid_variants_are_refused(
    client: TestClient, url: str, status: int
) -> None:
    assert client.get(url).status_code == status


def test_a_stored_run_has_the_metrics_that_it_had_when_it_ended(
    client: TestClient, studio: AppContainer
) -> None:
    doodle = examples.doodle((214, 40, 48, 255)).png_bytes
    colors = ((255, 0, 0), (255, 165, 0), (0, 0, 255), (255, 0, 0))
    pngs = [examples.png(color=color, mode="RGB") for color in colors]
    for slot, png in zip("ABCD", pngs, strict=True):
        sha256 = hashlib.sha256(png).hexdigest()
        variant = examples.variant(request_id="f" * 32, slot=slot, image_sha256=sha256)
        studio.stores.variants.add(variant, png, doodle)
    metrics = client.get(f"{VARIANTS}/runs/{'f' * 32}/metrics").json()
    expected = compute_run_metrics(doodle, pngs)
    assert [(it["name"], it["value"], it["level"]) for it in metrics] == [
        ("color_error", pytest.approx(expected.color_error), metrics[0]["level"]),
        ("diversity", pytest.approx(expected.diversity), "good"),
    ]
    assert [it["name"] for it in client.get(f"{VARIANTS}/runs/{0:032x}/metrics").json()] == [
        "diversity"
    ]
    assert client.get(f"{VARIANTS}/runs/{'e' * 32}/metrics").status_code == 404


def test_base_images_are_not_served_as_variants(client: TestClient, studio: AppContainer) -> None:
    sha256 = studio.stores.base_images.list_all()[0].sha256
    assert client.get(f"{VARIANTS}/images/{sha256}.png").status_code == 404


def test_export_has_images_and_records(client: TestClient) -> None:
    answer = client.get(f"{VARIANTS}/export.zip", params={"slot": "C"})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        records = json.loads(archive.read("variants.json"))
    assert names == ["spring-v1-000007-C.png", "spring-v1-000003-C.png", "variants.json"]
    assert [each["variant"]["slot"] for each in records] == ["C", "C"]


def test_runs_have_their_variants_with_thumbnails(client: TestClient) -> None:
    page = client.get(f"{VARIANTS}/runs", params={"text": "dress 5"}).json()
    [run] = page["runs"]
    assert [each["slot"] for each in run["variants"]] == list("ABCD")
    assert (run["client"], page["next_cursor"]) == ("studio", None)
    thumbnail = client.get(run["variants"][0]["thumbnail"], params={"size": 32})
    assert thumbnail.headers["content-type"] == "image/webp"
    assert "immutable" in thumbnail.headers["cache-control"]
    with Image.open(io.BytesIO(thumbnail.content)) as image:
        assert (image.format, image.size) == ("WEBP", (64, 64))


def test_a_run_tells_what_was_picked_and_what_it_was_made_with(
    client: TestClient, studio: AppContainer
) -> None:
    made = {"user_prompt": "gold", "theme_prompt": "ink", "prompt_tokens": 9, "seed": 9}
    offset = SeedPolicy(mode="offset", value=4)
    drift = Drift(shift_x=3.0, shift_y=4.0, zoom=1.0)
    variant = examples.variant(recipe=examples.recipe(seed_policy=offset), drift=drift, **made)
    studio.stores.variants.add(variant, examples.png())
    studio.stores.selections.select(variant.request_id, "A", "ada")
    [run] = client.get(f"{VARIANTS}/runs", params={"client": "studio", "limit": 1}).json()["runs"]
    [row] = run["variants"]
    assert row["selected"]
    assert (row["seed"], row["request_seed"], row["prompt_tokens"]) == (9, 5, 9)
    assert (row["user_prompt"], row["theme_prompt"], row["notes"]) == ("gold", "ink", [])
    assert (row["drift"]["shift_y"], row["drift_exceeded"]) == (4, ["shift"])
    assert row["drift_before"] is None
    picked = client.get(VARIANTS, params={"selected": "true"}).json()["variants"]
    assert [each["request_id"] for each in picked] == [variant.request_id]
    assert client.get(f"{VARIANTS}/runs", params={"limit": 0}).status_code == 422


def test_thumbnail_goes_with_its_variant(client: TestClient, studio: AppContainer) -> None:
    url = client.get(VARIANTS).json()["variants"][0]["thumbnail"]
    assert client.get(url).status_code == 200
    kept = list(studio.settings.data_dir.rglob("*.webp"))
    client.post(f"{VARIANTS}/delete", json={"ids": [8]}, headers=CSRF_HEADERS)
    assert [file for file in kept if file.exists()] == []
    assert client.get(url).status_code == 404


def test_base_images_have_no_thumbnail_as_variants(
    client: TestClient, studio: AppContainer
) -> None:
    sha256 = studio.stores.base_images.list_all()[0].sha256
    assert client.get(f"{VARIANTS}/images/{sha256}.webp").status_code == 404


def test_variants_are_starred_tagged_collected_and_found_again(client: TestClient) -> None:
    def put(ids: list[int], kind: str, name: str = "") -> Any:
        body = {"ids": ids, "kind": kind, "name": name}
        return client.put(f"{VARIANTS}/labels", json=body, headers=CSRF_HEADERS)

    assert put([2, 3], "star").json() == {"changed": 2}
    put([3], "tag", " gold ")
    put([3], "collection", "Spring")
    assert put([3], "tag").status_code == put([3], "star", "x").status_code == 422
    found = {"tag": "gold", "collection": "Spring", "starred": "true"}
    [row] = client.get(VARIANTS, params=found).json()["variants"]
    assert (row["id"], row["starred"], row["tags"], row["collections"]) == (
        3,
        True,
        ["gold"],
        ["Spring"],
    )
    options = client.get(f"{VARIANTS}/filter-options").json()
    assert (options["tags"], options["collections"]) == (["gold"], ["Spring"])
    body = {"ids": [2, 3], "kind": "star"}
    client.post(f"{VARIANTS}/labels/remove", json=body, headers=CSRF_HEADERS)
    assert client.get(VARIANTS, params={"starred": "true"}).json()["variants"] == []


def test_searches_are_saved_under_names(client: TestClient) -> None:
    body = {"name": "Best", "filters": {"text": "dress", "starred": True}}
    saved = client.post(SEARCHES, json=body, headers=CSRF_HEADERS).json()
    assert client.post(SEARCHES, json=body, headers=CSRF_HEADERS).status_code == 422
    assert client.get(SEARCHES).json() == [saved]
    assert (saved["filters"]["text"], saved["filters"]["starred"]) == ("dress", True)
    for status in (204, 404):
        url = f"{SEARCHES}/{saved['id']}"
        assert client.delete(url, headers=CSRF_HEADERS).status_code == status


def test_saved_searches_have_names_and_a_limit(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_searches, "MAX_SEARCHES", 1)

    def save(name: str) -> Any:
        body = {"name": name, "filters": {}}
        return client.post(SEARCHES, json=body, headers=CSRF_HEADERS)

    assert save("  ").status_code == 422
    assert save(" Best ").json()["name"] == "Best"
    assert save("Other").json()["code"] == "history.too_many_searches"


def test_too_large_export_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_EXPORT", 3)
    answer = client.get(f"{VARIANTS}/export.zip")
    assert answer.status_code == 422
    assert "Narrow the filter" in answer.json()["detail"]


def test_deletion_needs_the_csrf_header(client: TestClient, studio: AppContainer) -> None:
    assert client.post(f"{VARIANTS}/delete", json={"ids": [1, 2]}).status_code == 403
    assert len(studio.stores.variants.get_many([1, 2])) == 2
    csrf_headers = {"X-Studio": "page"}
    deleted = client.post(f"{VARIANTS}/delete", json={"ids": [1, 2]}, headers=csrf_headers)
    assert deleted.json() == {"deleted": 2}
    assert len(client.get(VARIANTS).json()["variants"]) == 6


def test_filter_options_are_themes_and_models(client: TestClient) -> None:
    options = client.get(f"{VARIANTS}/filter-options").json()
    assert {"slug": "first-light", "name": "First light"} in options["themes"]
    assert {"pocket-ink", "pocket-scribble", "pocket-neon"} <= set(options["models"])


def test_export_names_files_after_restored_themes(studio: AppContainer) -> None:
    keep_variants(studio.stores.variants, 1, theme_version=None)
    [row] = studio.stores.variants.query(HistoryFilter()).rows
    assert history.export_file_name(row) == "spring-unsaved-000001-A.png"
    assert row.variant.theme_slug == examples.preset().slug
