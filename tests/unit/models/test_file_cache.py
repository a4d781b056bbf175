"""What was read of models is remembered, and never longer than it is so."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from studio.errors import NotFoundError
from studio.models import file_cache as remembering
from studio.models.catalog import ModelCatalog
from studio.models.file_cache import FileDependentCache
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from tests.unit.models.test_catalog import controlnet
from tests.unit.models.test_safetensors_header import PEFT, write

Make = Callable[[], tuple[str, Sequence[Path]]]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were written just now count as settled."""
    monkeypatch.setattr(remembering, "MTIME_GRANULARITY_NS", -(10**15))


def reader(file: Path, made: list[str]) -> Make:
    def make() -> tuple[str, Sequence[Path]]:
        made.append(file.read_text())
        return made[-1], [file]

    return make


@pytest.mark.usefixtures("settled")
def test_value_is_cached_until_its_file_changes(tmp_path: Path) -> None:
    file, made = tmp_path / "file", list[str]()
    remembered, make = FileDependentCache[str](), reader(file, made)
    with pytest.raises(FileNotFoundError):
        remembered.get_or_compute("key", make)
    file.write_text("one")
    assert [remembered.get_or_compute("key", make) for _ in range(3)] == ["one"] * 3
    file.write_text("two!")
    assert [remembered.get_or_compute("key", make) for _ in range(3)] == ["two!"] * 3
    assert made == ["one", "two!"]
    assert remembered.get_or_compute("another key", make) == "two!"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        remembered.get_or_compute("key", make)


def test_recently_changed_file_is_not_cached(tmp_path: Path) -> None:
    """It may change once more within the same tick of the file system's clock."""
    file, made = tmp_path / "file", list[str]()
    remembered, make = FileDependentCache[str](), reader(file, made)
    file.write_text("one")
    assert [remembered.get_or_compute("key", make) for _ in range(2)] == ["one"] * 2
    assert made == ["one"] * 2


@pytest.mark.usefixtures("settled")
def test_catalog_sees_changes_of_its_directories(tmp_path: Path) -> None:
    own = tmp_path / "own"
    catalog = ModelCatalog((tmp_path / "shipped", own), HashCache(None))
    assert catalog.list_names("controlnet") == ()
    place = controlnet(own, "net")
    assert catalog.list_names("controlnet") == ("net",)
    first = catalog.get("controlnet", ModelRef(name="net"))
    assert catalog.get("controlnet", ModelRef(name="net")) is first
    (place / "config.json").write_text(json.dumps({"cross_attention_dim": 768}))
    assert catalog.get("controlnet", ModelRef(name="net")).family == "sd15"
    shutil.rmtree(place)
    controlnet(own, "net", fill=1.0)
    assert catalog.get("controlnet", ModelRef(name="net")).sha256 != first.sha256
    mine = controlnet(tmp_path / "shipped", "net")
    assert catalog.get("controlnet", ModelRef(name="net")).path == mine
    write(own / "loras" / "sorted" / "by" / "maker" / "glow.safetensors", {PEFT: (8, 128)})
    assert catalog.list_names("lora") == ("glow",)
    shutil.rmtree(own / "loras" / "sorted" / "by")
    with pytest.raises(NotFoundError, match="no lora named 'glow'"):
        catalog.get("lora", ModelRef(name="glow"))
