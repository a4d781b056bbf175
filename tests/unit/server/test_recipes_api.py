"""What an editor of recipes asks the API: the fields, a check of what is edited, uploads of control images."""

import base64
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from studio.ui.server import build_app
from tests import examples

HEADERS = {"X-Studio": "page"}


@pytest.fixture
def client(studio: AppContainer) -> TestClient:
    return TestClient(build_app(studio), base_url="http://127.0.0.1:7860", headers=HEADERS)


@pytest.fixture
def document(studio: AppContainer) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        studio.stores.themes.get_version("first-light").preset.to_json()
    )
    return document


def check(client: TestClient, document: dict[str, Any], **more: str) -> dict[str, Any]:
    answer = client.post("/api/v1/preset-checks", json={"preset": document, **more})
    assert answer.status_code == 200
    checked: dict[str, Any] = answer.json()
    return checked


def test_fields_are_described_in_the_readers_language(client: TestClient) -> None:
    answer = client.get("/api/v1/recipe-fields", headers={"Accept-Language": "zh-CN"}).json()
    labels = {field["path"]: field["label"] for field in answer["fields"]}
    assert labels["denoising_strength"] == "重绘幅度"
    assert [section["id"] for section in answer["sections"]][:2] == ["model", "denoising"]


def test_a_check_counts_tokens_and_finds_no_fault_in_a_shipped_preset(
    client: TestClient, document: dict[str, Any]
) -> None:
    checked = check(client, document)
    assert checked["errors"] == {}
    longer = check(client, document, user_prompt="a red dress")
    assert longer["tokens"]["A"] == checked["tokens"]["A"] + 3


@pytest.mark.parametrize(
    ("slot", "changes", "path", "reason"),
    [
        ("B", {"width": 250}, "recipes.B.width", "must be a multiple of 8"),
        ("C", {"schedule_type": "Karras", "sampler": "DDIM"}, "recipes.C", "does not support"),
        ("A", {"steps": None}, "recipes.A.steps", "must be a whole number"),
        (
            "D",
            {"prompt_template": "<lora:../x:1> {prompt}"},
            "recipes.D.prompt_template",
            "LoRA",
        ),
    ],
)
def test_an_invalid_field_is_named_by_its_path(
    client: TestClient,
    document: dict[str, Any],
    slot: str,
    changes: dict[str, Any],
    path: str,
    reason: str,
) -> None:
    document["recipes"][slot] |= changes
    errors = check(client, document)["errors"]
    assert list(errors) == [path]
    assert reason in errors[path]


# Issue 23, 3.
def test_a_reference_without_an_image_is_an_error_at_its_image(
    client: TestClient, document: dict[str, Any]
) -> None:
    fields = client.get("/api/v1/recipe-fields").json()
    [item] = [one["item"] for one in fields["lists"] if one["path"] == "references"]
    document["recipes"]["C"]["references"] = [{"model": {"name": "plus"}, **item}]
    errors = check(client, document)["errors"]
    assert errors == {
        "recipes.C.references.0.image_sha256": (
            "a reference has no image; add one, or remove the reference"
        )
    }


def test_an_uploaded_control_image_is_named_by_its_hash(
    client: TestClient, document: dict[str, Any]
) -> None:
    stored = client.post("/api/v1/control-images", content=examples.png((64, 64), (9, 8, 7, 255)))
    assert stored.status_code == 201
    unit = document["recipes"]["A"]["control_units"][0]
    unit |= {"source": "image", "image_sha256": stored.json()["sha256"]}
    assert check(client, document)["errors"] == {}
    small = client.get(f"/api/v1/control-images/{unit['image_sha256']}.webp")
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
    tag = {"If-None-Match": small.headers["etag"]}
    assert client.get(str(small.url), headers=tag).status_code == 304
    assert client.get(f"/api/v1/control-images/{'ef' * 32}.webp").status_code == 404
    broken = client.post("/api/v1/control-images", content=b"no picture")
    assert broken.status_code == 422
    assert "is not a PNG" in broken.json()["detail"]


# Issue 23, 1.
def test_a_mask_is_shown_before_anything_is_rendered(
    client: TestClient, document: dict[str, Any]
) -> None:
    recipe = document["recipes"]["B"]
    recipe["mask"] |= {"area": "garment", "grow": 0, "feather": 0}

    def ask(**changes: Any) -> Any:
        body = {"recipe": recipe, "slot": "B", "base_image": "mia", **changes}
        return client.post("/api/v1/mask-previews", json=body)

    made = ask()
    assert made.status_code == 200
    mask = Image.open(io.BytesIO(made.content))
    assert (mask.mode, mask.size) == ("L", (recipe["width"], recipe["height"]))
    clothes = Image.open(
        io.BytesIO(client.get("/api/v1/base-images/mia/zones/clothes.png").content)
    )
    assert mask.resize(clothes.size, Image.Resampling.NEAREST).getbbox() == clothes.getbbox()
    recipe["mask"]["area"] = "doodle"
    nothing = ask()
    assert (nothing.status_code, nothing.json()["code"]) == (422, "recipe.mask_without_doodle")
    doodle = base64.b64encode(examples.doodle().png_bytes).decode()
    assert ask(doodle=doodle).status_code == 200
    recipe["mask"]["area"] = "off"
    assert ask().json()["code"] == "recipe.mask_is_off"
    assert ask(base_image="nobody").status_code == 422
