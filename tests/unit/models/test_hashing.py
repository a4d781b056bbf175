"""Hashing: several models at once, in the background, each file by one thread only. Issue 20, 8."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.models import weights
from studio.models.background_hashing import BackgroundHashing
from studio.models.catalog import ModelCatalog
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from tests.unit.models.test_identification import PEFT, write
from tests.waiting import LONG, until


class Gates:
    """Holds the hashing of each file until the test opens its gate, and counts it."""

    def __init__(self) -> None:
        self.open: dict[str, threading.Event] = {}
        self.begun: list[str] = []

    def pass_through(self, name: str) -> None:
        self.begun.append(name)
        assert self.open.setdefault(name, threading.Event()).wait(LONG)

    def release(self, *names: str) -> None:
        for name in names:
            self.open.setdefault(name, threading.Event()).set()


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gates]:
    gates, compute = Gates(), weights._compute_sha256

    def gated(files: tuple[Path, ...]) -> str:
        gates.pass_through(files[0].stem)
        return compute(files)

    monkeypatch.setattr(weights, "_compute_sha256", gated)
    yield gates
    gates.release("small", "middle", "large")  # Also those that threads begin only now.


@pytest.fixture
def catalog(tmp_path: Path) -> ModelCatalog:
    for index, name in enumerate(("small", "middle", "large")):
        write(tmp_path / "loras" / f"{name}.safetensors", {PEFT: (8, 128)}, {"x": "y" * index})
    return ModelCatalog((tmp_path,), HashCache(tmp_path / "hashes.json"))


def in_thread(func: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=func, daemon=True)
    thread.start()
    return thread


def hashed(catalog: ModelCatalog) -> set[str]:
    return {model.name for model in catalog.list_files() if model.sha256 is not None}


def test_models_are_listed_before_they_are_hashed(catalog: ModelCatalog, gates: Gates) -> None:
    assert [(m.name, m.family, m.sha256) for m in catalog.list_files("lora")] == [
        (name, "pocket", None) for name in ("large", "middle", "small")
    ]
    assert catalog.list_problems() == ()
    assert gates.begun == []
    gates.release("large", "middle", "small")
    by_name = {model.name: model.sha256 for model in catalog.list_models()}
    assert {model.name: model.sha256 for model in catalog.list_files()} == by_name


def test_background_hashes_several_at_once_the_smallest_first(
    catalog: ModelCatalog, gates: Gates
) -> None:
    hashing = BackgroundHashing(catalog, threads=2)
    hashing.start()
    until(lambda: sorted(gates.begun), lambda begun: begun == ["middle", "small"])
    hashing.start()  # It is at work: nothing begins twice.
    gates.release("small")
    until(lambda: len(gates.begun), lambda count: count == 3)
    gates.release("middle", "large")
    until(lambda: hashed(catalog), lambda names: names == {"small", "middle", "large"})
    assert sorted(gates.begun) == ["large", "middle", "small"]


def test_job_waits_for_its_own_hash_only(catalog: ModelCatalog, gates: Gates) -> None:
    BackgroundHashing(catalog, threads=1).start()
    until(lambda: gates.begun, lambda begun: begun == ["small"])
    gates.release("large")
    assert catalog.get("lora", ModelRef(name="large")).sha256
    assert hashed(catalog) == {"large"}


def test_file_that_is_being_hashed_is_not_hashed_twice(catalog: ModelCatalog, gates: Gates) -> None:
    found: list[str] = []
    threads = [
        in_thread(lambda: found.append(catalog.get("lora", ModelRef(name="small")).sha256))
        for _ in range(3)
    ]
    until(lambda: gates.begun, lambda begun: begun == ["small"])
    gates.release("small")
    for thread in threads:
        thread.join(LONG)
    assert gates.begun == ["small"]
    assert len(found) == 3
    assert len(set(found)) == 1


def test_failure_is_told_to_all_who_wait_and_not_remembered(
    catalog: ModelCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes, file = HashCache(None), tmp_path / "loras" / "small.safetensors"
    with monkeypatch.context() as patched:
        patched.setattr(weights, "_compute_sha256", lambda _: 1 / 0)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                hashes.sha256_of([file])
    assert hashes.cached([file]) is None
    assert hashes.sha256_of([file]) == hashes.cached([file])


def test_hashes_of_another_process_are_kept(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "two")]
    ours, theirs = (HashCache(tmp_path / "hashes.json") for _ in files)
    for cache, file in zip((ours, theirs), files, strict=True):
        file.write_text(file.name)
        cache.sha256_of([file])
    fresh = HashCache(tmp_path / "hashes.json")
    assert all(fresh.cached([file]) for file in files)
