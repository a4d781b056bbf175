"""The file-dependent cache, and its use in the model catalog."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from studio.errors import NotFoundError
from studio.models import file_cache
from studio.models.catalog import ModelCatalog
from studio.models.file_cache import FileDependentCache
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from tests.unit.models.test_catalog import controlnet
from tests.unit.models.test_identification import PEFT, write

Compute = Callable[[], tuple[str, Sequence[Path]]]


@pytest.fixture
def cache_recent_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were written just now are cached, too."""
    monkeypatch.setattr(file_cache, "MTIME_GRANULARITY_NS", -(10**15))


def reader(file: Path, computed: list[str]) -> Compute:
    def compute() -> tuple[str, Sequence[Path]]:
        computed.append(file.read_text())
        return computed[-1], [file]

    return compute


@pytest.mark.usefixtures("cache_recent_files")
def test_value_is_cached_until_its_file_changes(tmp_path: Path) -> None:
    file, computed = tmp_path / "file", list[str]()
    cache, compute = FileDependentCache[str](), reader(file, computed)
    with pytest.raises(FileNotFoundError):
        cache.get_or_compute("key", compute)
    file.write_text("one")
    assert [cache.get_or_compute("key", compute) for _ in range(3)] == ["one"] * 3
    file.write_text("two!")
    assert [cache.get_or_compute("key", compute) for _ in range(3)] == ["two!"] * 3
    assert computed == ["one", "two!"]
    assert cache.get_or_compute("another key", compute) == "two!"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        cache.get_or_compute("key", compute)


def test_recently_changed_file_is_not_cached(tmp_path: Path) -> None:
    """It may change again within the same tick of the file system's clock."""
    file, computed = tmp_path / "file", list[str]()
    cache, compute = FileDependentCache[str](), reader(file, computed)
    file.write_text("one")
    assert [cache.get_or_compute("key", compute) for _ in range(2)] == ["one"] * 2
    assert computed == ["one"] * 2


@pytest.mark.usefixtures("cache_recent_files")
def test_catalog_sees_changes_of_its_directories(tmp_path: Path) -> None:
    own = tmp_path / "own"
    catalog = ModelCatalog((tmp_path / "shipped", own), HashCache(None))
    assert catalog.list_names("controlnet") == ()
    directory = controlnet(own, "net")
    assert catalog.list_names("controlnet") == ("net",)
    first = catalog.get("controlnet", ModelRef(name="net"))
    assert catalog.get("controlnet", ModelRef(name="net")) is first
    (directory / "config.json").write_text(json.dumps({"cross_attention_dim": 768}))
    assert catalog.get("controlnet", ModelRef(name="net")).family == "sd15"
    shutil.rmtree(directory)
    controlnet(own, "net", fill=1.0)
    assert catalog.get("controlnet", ModelRef(name="net")).sha256 != first.sha256
    shipped = controlnet(tmp_path / "shipped", "net")
    assert catalog.get("controlnet", ModelRef(name="net")).path == shipped
    write(own / "loras" / "sorted" / "by" / "maker" / "glow.safetensors", {PEFT: (8, 128)})
    assert catalog.list_names("lora") == ("glow",)
    shutil.rmtree(own / "loras" / "sorted" / "by")
    with pytest.raises(NotFoundError, match="LoRA not found: “glow”"):
        catalog.get("lora", ModelRef(name="glow"))
