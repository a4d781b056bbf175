"""The list of all long work by the API: what runs, what ended, what may be run again."""

import threading
from functools import partial
from typing import Any

import optuna  # Here, since its import takes a second.
import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.recipes.evaluation.blind_test import Candidate
from studio.recipes.generation.recipe import ModelRef
from tests.fake_renderer import FakeRenderer
from tests.unit.server.test_grids_api import GRID, finished
from tests.unit.server.test_themes_api import admin
from tests.waiting import until

assert admin
assert optuna
V1 = "/api/v1/tests"
VERSION = "/api/v1/admin/themes/two/versions/1"
CANDIDATES = [{"slug": "two", "version": 1, "slot": slot} for slot in "AC"]


@pytest.fixture(autouse=True)
def theme(studio: AppContainer) -> None:
    """Its suites have few images: it has one base image."""
    preset = studio.stores.themes.get_version("first-light").preset
    two = preset.model_copy(update={"slug": "two", "name": "Two", "base_images": ("mia",)})
    studio.stores.themes.save(two)


def listed(admin: TestClient, **query: str) -> list[dict[str, Any]]:
    answer = admin.get(V1, params=query)
    assert answer.status_code == 200, answer.text
    tests: list[dict[str, Any]] = answer.json()
    return tests


def is_done(admin: TestClient, url: str) -> bool:
    return bool(admin.get(url).json()["state"] == "done")


def test_every_kind_is_listed_with_its_result(admin: TestClient) -> None:
    assert listed(admin) == []
    finished(admin, GRID | {"theme": {"slug": "two"}})
    for kind in ("robustness", "regression"):
        admin.post(f"{VERSION}/{kind}")
        until(partial(is_done, admin, f"{VERSION}/{kind}"))
    admin.post("/api/v1/blind-tests", json={"title": "Which?", "candidates": CANDIDATES})
    study = {"slug": "two", "version": 1, "slot": "A", "vary": "steps=2..4"}
    admin.post("/api/v1/tuning/studies", json=study)
    until(lambda: all(test["state"] == "done" for test in listed(admin)))
    tests = {test["kind"]: test for test in listed(admin)}
    assert set(tests) == {"grid", "robustness", "regression", "blind_test", "study"}
    assert {test["slug"] for test in tests.values()} == {"two"}
    assert tests["grid"]["result"] == (
        "Recipe B, Denoising strength, Sampling method: 4 of 4 images"
    )
    assert tests["grid"]["page"] == "/tests?grid=1"
    assert tests["robustness"]["result"].startswith("Character recognizable in")
    assert tests["regression"]["result"].endswith("nothing to compare with")
    assert (tests["blind_test"]["subject"], tests["blind_test"]["result"]) == ("Which?", "0 votes")
    assert tests["study"]["result"] == "0 trials, not rated yet"
    assert tests["robustness"]["rerun"] == f"{VERSION}/robustness"
    assert tests["grid"]["rerun"] is None
    assert [test["kind"] for test in listed(admin, kind="grid")] == ["grid"]
    assert listed(admin, theme="picnic") == []


def test_what_runs_is_first_and_what_was_stopped_can_go_on(
    admin: TestClient, renderer: FakeRenderer
) -> None:
    renderer.gate = threading.Semaphore(0)
    running = admin.post("/api/v1/grids", json=GRID).json()["id"]
    admin.post(f"{VERSION}/robustness")
    until(lambda: len(listed(admin)) == 2)
    assert {test["state"] for test in listed(admin)} == {"running"}
    admin.post("/api/v1/background-tasks/cancel", json={"name": f"grid/{running}"})
    admin.post(f"{VERSION}/robustness/cancel")
    renderer.gate.release(1000)
    until(lambda: {test["state"] for test in listed(admin)} == {"stopped"})
    grid = listed(admin, kind="grid")[0]
    assert admin.get(grid["cost"]).json()["images"] == 4
    assert admin.post(grid["rerun"]).status_code == 202
    until(lambda: listed(admin, kind="grid")[0]["state"] == "done")


def test_a_blind_test_whose_model_is_gone_hides_no_other_test(
    admin: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(admin, GRID)
    candidates = [Candidate.parse(f"first-light:1:{slot}") for slot in "AC"]
    studio.evaluation.blind_tests.create("Which?", candidates)
    catalog = studio.models.catalog
    gone = partial(catalog.get, "lora", ModelRef(name="gone"))
    monkeypatch.setattr(catalog, "get", lambda *_: gone())
    tests = {test["kind"]: test for test in listed(admin)}
    assert (tests["grid"]["state"], tests["blind_test"]["state"]) == ("done", "failed")
    assert "gone" in tests["blind_test"]["message"]


def test_unknown_kinds_are_refused(admin: TestClient, app: TestClient) -> None:
    assert admin.get(V1, params={"kind": "dance"}).status_code == 422
    assert app.get(V1).status_code == 403


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_results_are_in_the_readers_language(admin: TestClient, language: str) -> None:
    finished(admin, GRID)
    answer = admin.get(V1, headers={"Accept-Language": language}).json()
    assert ("重绘幅度、采样方法：4/4 张图像" in answer[0]["result"]) == (language == "zh-CN")
