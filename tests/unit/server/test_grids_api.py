"""Grids by the API: fields, cost, progress, cells, what becomes of a cell."""

import base64
import io
import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from studio.app import AppContainer
from tests.fake_renderer import FakeRenderer
from tests.unit.server.test_themes_api import admin
from tests.waiting import until

assert admin
V1 = "/api/v1/grids"
STRENGTH = {"field": "denoising_strength", "values": [0.4, 0.6]}
SAMPLER = {"field": "sampler", "values": ["Euler", "UniPC"]}
GRID = {
    "theme": {"slug": "first-light", "version": 1},
    "slot": "B",
    "base_image": "mia",
    "prompt": "a red dress",
    "seed": 7,
    "axes": [STRENGTH, SAMPLER],
}


def finished(admin: TestClient, body: dict[str, Any]) -> int:
    """The id of a grid that was rendered."""
    created = admin.post(V1, json=body)
    assert created.status_code == 201, created.text
    number: int = created.json()["id"]
    until(lambda: admin.get(f"{V1}/{number}/progress").json()["state"] == "done")
    return number


def test_fields_have_names_ranges_and_the_values_that_are_here(admin: TestClient) -> None:
    fields = {field["path"]: field for field in admin.get(f"{V1}/fields").json()}
    strength = fields["denoising_strength"]
    assert (strength["kind"], strength["minimum"], strength["maximum"]) == ("number", 0, 1)
    assert (fields["steps"]["kind"], fields["steps"]["step"]) == ("integer", 1)
    assert "Euler" in [choice["value"] for choice in fields["sampler"]["choices"]]
    assert {"value": "first-light", "label": "First light"} in fields["preset"]["choices"]
    assert not fields["seed"]["is_recipe_field"]
    chinese = admin.get(f"{V1}/fields", headers={"Accept-Language": "zh-CN"}).json()
    labels = {field["path"]: field["label"] for field in chinese}
    assert labels["denoising_strength"] == "重绘幅度"
    assert labels["control_units.1.weight"] == "控制单元 2，权重"
    assert {"scribble", "pose"} < {
        choice["value"] for choice in fields["control_units.0.preprocessor"]["choices"]
    }


def test_a_grid_tells_its_cost_is_rendered_and_costs_nothing_again(
    admin: TestClient, renderer: FakeRenderer
) -> None:
    cost = admin.post(f"{V1}/cost", json=GRID).json()
    assert (cost["images"], cost["cached"], cost["model_switches"]) == (4, 0, 0)
    assert renderer.rendered == []
    number = finished(admin, GRID)
    assert {(j.slot, j.recipe.denoising_strength, j.recipe.sampler) for j in renderer.rendered} == {
        ("B", strength, sampler) for strength in STRENGTH["values"] for sampler in SAMPLER["values"]
    }
    details = admin.get(f"{V1}/{number}").json()
    grid, cells = details["grid"], details["cells"]
    assert (grid["state"], grid["done"], grid["images"], grid["author"]) == ("done", 4, 4, "ci")
    assert [axis["label"] for axis in grid["axes"]] == ["Denoising strength", "Sampling method"]
    assert sorted(cell["index"] for cell in cells) == [0, 1, 2, 3]
    assert all(cell["ready"] for cell in cells)
    assert admin.post(f"{V1}/cost", json=GRID).json()["cached"] == 4
    assert [each["id"] for each in admin.get(V1, params={"theme": "first-light"}).json()] == [
        number
    ]
    assert admin.get(V1, params={"theme": "picnic"}).json() == []


def test_a_cell_has_image_recipe_and_seed_and_becomes_a_version(
    admin: TestClient, studio: AppContainer
) -> None:
    number = finished(admin, GRID)
    url = f"{V1}/{number}/cells/3"
    cell = admin.get(url).json()
    assert (cell["coordinates"], cell["seed"], cell["prompt"]) == ([1, 1], 7, "a red dress")
    assert (cell["recipe"]["denoising_strength"], cell["recipe"]["sampler"]) == (0.6, "UniPC")
    assert (cell["drift"]["shift_x"], cell["drift"]["zoom"], cell["drift_exceeded"]) == (0, 1, [])
    assert Image.open(io.BytesIO(admin.get(f"{url}.png").content)).size == (256, 256)
    thumbnail = admin.get(f"{url}.webp", params={"size": 64})
    assert thumbnail.headers["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(thumbnail.content)).size == (96, 96)
    known = {"If-None-Match": thumbnail.headers["etag"]}
    assert admin.get(f"{url}.webp", params={"size": 64}, headers=known).status_code == 304
    for image in (thumbnail, admin.get(f"{url}.png")):
        assert "immutable" not in image.headers["cache-control"]
    saved = admin.post(f"{url}/save", json={})
    assert (saved.status_code, saved.json()) == (201, {"slug": "first-light", "version": 2})
    first, second = (studio.stores.themes.get_version("first-light", n).preset for n in (1, 2))
    assert second.recipes.B.sampler == "UniPC"
    assert second.recipes.A == first.recipes.A
    assert admin.get(f"{V1}/{number}/cells/4").status_code == 404
    assert admin.get(f"{V1}/99/cells/0").status_code == 404


def test_three_axes_have_a_sheet_for_each_value_of_the_third(admin: TestClient) -> None:
    body = GRID | {"axes": [STRENGTH, SAMPLER, {"field": "seed", "values": [1, 2]}]}
    number = finished(admin, body)
    for sheet in (0, 1):
        answer = admin.get(f"{V1}/{number}/sheets/{sheet}.png")
        assert Image.open(io.BytesIO(answer.content)).width > 2 * 256
    assert admin.get(f"{V1}/{number}/sheets/2.png").status_code == 404


def test_chosen_cells_start_a_blind_test(admin: TestClient, renderer: FakeRenderer) -> None:
    number = finished(admin, GRID)
    renderer.rendered.clear()
    body = {"title": "Pale or bold", "cells": [0, 3]}
    assert admin.post(f"{V1}/{number}/blind-test/cost", json=body).json()["images"] == 20
    created = admin.post(f"{V1}/{number}/blind-test", json=body).json()
    test = f"/api/v1/blind-tests/{created['id']}"
    until(lambda: admin.get(test).json()["is_complete"])
    assert {(j.recipe.denoising_strength, j.recipe.sampler) for j in renderer.rendered} == {
        (0.4, "Euler"),
        (0.6, "UniPC"),
    }
    labels = [each["label"] for each in admin.get(f"{test}/ranking").json()["candidates"]]
    assert sorted(labels) == [
        "first-light v1 B, 0.4, Euler",
        "first-light v1 B, 0.6, UniPC",
    ]
    assert admin.post(f"{V1}/{number}/blind-test", json=body | {"cells": [0]}).status_code == 422


def test_values_of_several_lines_and_of_none_label_sheets_and_candidates(
    admin: TestClient,
) -> None:
    values = ["red", "red\nand \u202eblue", "", "x" * 300]
    number = finished(admin, GRID | {"axes": [{"field": "prompt", "values": values}]})
    sheet = admin.get(f"{V1}/{number}/sheets/0.png")
    assert Image.open(io.BytesIO(sheet.content)).width > 4 * 256
    body = {"title": "Which words?", "cells": [0, 1, 2, 3]}
    created = admin.post(f"{V1}/{number}/blind-test", json=body)
    assert created.status_code == 201, created.text
    labels = [each["cell"]["label"] for each in created.json()["candidates"]]
    assert labels == ["red", "red and blue", '""', "x" * 120]


def test_an_edited_preset_with_a_doodle_is_varied(
    admin: TestClient, studio: AppContainer, renderer: FakeRenderer
) -> None:
    preset = studio.stores.themes.get_version("first-light", 1).preset
    edited = preset.model_copy(update={"theme_prompt": "made of paper"})
    doodle = io.BytesIO()
    Image.new("RGBA", (256, 256), (255, 0, 0, 255)).save(doodle, "PNG")
    body = GRID | {
        "theme": None,
        "preset": edited.model_dump(mode="json"),
        "doodle": base64.b64encode(doodle.getvalue()).decode(),
        "axes": [{"field": "prompt", "values": ["red", "blue"]}],
    }
    number = finished(admin, body)
    assert ["made of paper" in job.prompt for job in renderer.rendered] == [True, True]
    assert ["blue dress" in job.prompt for job in renderer.rendered] == [False, True]
    assert all(job.doodle is not None for job in renderer.rendered)
    assert admin.get(f"{V1}/{number}").json()["grid"]["version"] is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"axes": []}, "axes"),
        ({"axes": [{"field": "color", "values": ["red"]}]}, "Recipe field not found"),
        ({"axes": [{"field": "steps", "values": [900]}]}, "Invalid sweep"),
        ({"theme": None}, "either a theme version or a preset"),
        ({"axes": [{"field": "base_model.name", "values": ["nobody"]}]}, "nobody"),
        ({"axes": [{"field": "prompt", "values": ["dress", "x" * 600]}]}, "Prompt too long"),
        ({"base_image": "nobody"}, "nobody"),
        ({"doodle": "no picture"}, "base64"),
    ],
)
def test_what_cannot_be_rendered_is_refused_before(
    admin: TestClient, change: dict[str, Any], reason: str
) -> None:
    answer = admin.post(V1, json=GRID | change)
    assert answer.status_code in (404, 422)
    assert reason in answer.json()["detail"]
    assert admin.get(V1).json() == []


def test_a_stopped_grid_keeps_its_images_and_goes_on(
    admin: TestClient, renderer: FakeRenderer, studio: AppContainer
) -> None:
    renderer.gate = threading.Semaphore(2)  # One image of two steps.
    number = admin.post(V1, json=GRID).json()["id"]
    url = f"{V1}/{number}"
    until(lambda: admin.get(f"{url}/progress").json()["done"] == 1)
    tasks = admin.get("/api/v1/background-tasks").json()
    assert [(task["kind"], task["slug"], task["page"]) for task in tasks] == [
        ("grid", "first-light", f"/tests?grid={number}")
    ]
    admin.post(f"{url}/cancel")
    renderer.gate.release(100)
    until(lambda: admin.get(f"{url}/progress").json()["state"] == "stopped")
    ready = [cell["ready"] for cell in admin.get(url).json()["cells"]]
    assert ready[0] and not all(ready)  # noqa: PT018 (one statement about one list)
    missing = next(c["index"] for c in admin.get(url).json()["cells"] if not c["ready"])
    assert admin.get(f"{url}/cells/{missing}.png").status_code == 404
    assert admin.post(f"{url}/render").status_code == 202
    until(lambda: admin.get(f"{url}/progress").json()["state"] == "done")
    assert len(renderer.rendered) == 4
    summary = studio.stores.grids.summary(number)
    assert (summary.state, summary.done) == ("done", 4)


def test_grids_need_the_admin_scope(app: TestClient) -> None:
    assert app.get(V1).status_code == 403
    assert app.post(V1, json=GRID).status_code == 403
