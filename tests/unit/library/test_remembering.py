"""What was read of models is remembered, and never longer than it is so."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from studio.errors import NotFound
from studio.library import remembering
from studio.library.catalogue import Catalogue
from studio.library.files import Hashes
from studio.library.remembering import Remembered
from studio.recipes.recipe import ModelRef
from tests.unit.library.test_catalogue import controlnet
from tests.unit.library.test_headers import PEFT, write

Make = Callable[[], tuple[str, Sequence[Path]]]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were written just now count as settled."""
    monkeypatch.setattr(remembering, "SETTLED", -(10**15))


def reader(file: Path, made: list[str]) -> Make:
    def make() -> tuple[str, Sequence[Path]]:
        made.append(file.read_text())
        return made[-1], [file]

    return make


@pytest.mark.usefixtures("settled")
def test_a_value_is_made_once_until_its_file_changes(tmp_path: Path) -> None:
    file, made = tmp_path / "file", list[str]()
    remembered, make = Remembered[str](), reader(file, made)
    with pytest.raises(FileNotFoundError):
        remembered.get("key", make)
    file.write_text("one")
    assert [remembered.get("key", make) for _ in range(3)] == ["one"] * 3
    file.write_text("two!")
    assert [remembered.get("key", make) for _ in range(3)] == ["two!"] * 3
    assert made == ["one", "two!"]
    assert remembered.get("another key", make) == "two!"
    file.unlink()
    with pytest.raises(FileNotFoundError):
        remembered.get("key", make)


def test_a_file_that_was_written_just_now_is_read_again(tmp_path: Path) -> None:
    """It may change once more within the same tick of the file system's clock."""
    file, made = tmp_path / "file", list[str]()
    remembered, make = Remembered[str](), reader(file, made)
    file.write_text("one")
    assert [remembered.get("key", make) for _ in range(2)] == ["one"] * 2
    assert made == ["one"] * 2


@pytest.mark.usefixtures("settled")
def test_a_catalogue_sees_every_change_of_its_folders(tmp_path: Path) -> None:
    own = tmp_path / "own"
    catalogue = Catalogue((tmp_path / "shipped", own), Hashes(None))
    assert catalogue.names("controlnet") == ()
    place = controlnet(own, "net")
    assert catalogue.names("controlnet") == ("net",)
    first = catalogue.find("controlnet", ModelRef(name="net"))
    assert catalogue.find("controlnet", ModelRef(name="net")) is first
    (place / "config.json").write_text(json.dumps({"cross_attention_dim": 768}))
    assert catalogue.find("controlnet", ModelRef(name="net")).family == "sd15"
    shutil.rmtree(place)
    controlnet(own, "net", fill=1.0)
    assert catalogue.find("controlnet", ModelRef(name="net")).sha256 != first.sha256
    mine = controlnet(tmp_path / "shipped", "net")
    assert catalogue.find("controlnet", ModelRef(name="net")).path == mine
    write(own / "loras" / "sorted" / "by" / "maker" / "glow.safetensors", {PEFT: (8, 128)})
    assert catalogue.names("lora") == ("glow",)
    shutil.rmtree(own / "loras" / "sorted" / "by")
    with pytest.raises(NotFound, match="no lora named 'glow'"):
        catalogue.find("lora", ModelRef(name="glow"))
