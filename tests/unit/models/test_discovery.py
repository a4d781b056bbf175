"""Model directories of any shape: links, pipes, hidden files, names in any script."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.errors import CorruptModelError
from studio.models.catalog import ModelCatalog
from studio.models.discovery import MAX_DEPTH
from studio.models.safetensors_file import read_header
from studio.models.weights import HashCache
from studio.recipes.generation.recipe import ModelRef
from tests.unit.models.test_identification import PEFT, write

# Issue 18, 12 (review 3.3): symlink loops, pipes, preview images that are links to other directories.


def loop(directory: Path) -> None:
    (directory / "a").symlink_to(directory)
    (directory / "b").symlink_to(directory)


def upward(directory: Path) -> None:
    (directory / "up").symlink_to(directory.parent.parent)
    (directory / "root").symlink_to("/")


def self_loop(directory: Path) -> None:
    (directory / "me").symlink_to(directory / "me")
    (directory / "one").symlink_to(directory / "two")
    (directory / "two").symlink_to(directory / "one")


@pytest.mark.parametrize("add_links", [loop, upward, self_loop])
def test_symlink_loops_are_scanned_once(tmp_path: Path, add_links: Callable[[Path], None]) -> None:
    directory = tmp_path / "loras"
    write(directory / "sorted" / "glow.safetensors", {PEFT: (8, 128)})
    add_links(directory)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_names("lora") == ("glow",)
    assert catalog.list_problems() == ()


def test_symlink_to_a_directory_is_followed(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "many" / "glow.safetensors", {PEFT: (8, 128)})
    (tmp_path / "own" / "loras").mkdir(parents=True)
    (tmp_path / "own" / "loras" / "few").symlink_to(tmp_path / "disk" / "many")
    (tmp_path / "own" / "loras" / "more").symlink_to(tmp_path / "disk")
    write(tmp_path / "disk" / "shine.safetensors", {PEFT: (8, 128)})
    catalog = ModelCatalog((tmp_path / "own",), HashCache(None))
    assert catalog.list_names("lora") == ("glow", "shine")


def test_scan_depth_is_limited(tmp_path: Path) -> None:
    directory = tmp_path / "loras"
    write(directory / "glow.safetensors", {PEFT: (8, 128)})
    write(directory / "/".join("d" * (MAX_DEPTH + 1)) / "deep.safetensors", {PEFT: (8, 128)})
    assert ModelCatalog((tmp_path,), HashCache(None)).list_names("lora") == ("glow",)


def test_pipes_and_broken_links_are_not_opened(tmp_path: Path) -> None:
    directory = tmp_path / "loras"
    write(directory / "glow.safetensors", {PEFT: (8, 128)})
    os.mkfifo(directory / "pipe.safetensors")
    (directory / "gone.safetensors").symlink_to(tmp_path / "nowhere")
    os.mkfifo(directory / "glow.yaml")
    net = tmp_path / "controlnets" / "net"
    net.mkdir(parents=True)
    os.mkfifo(net / "config.json")
    os.mkfifo(net / "diffusion_pytorch_model.safetensors")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert [model.name for model in catalog.list_models()] == ["glow"]
    reasons = {path.name: str(reason) for path, reason in catalog.list_problems()}
    assert reasons.keys() == {"pipe.safetensors", "gone.safetensors", "net"}
    assert all("not a regular file" in reason for reason in reasons.values())
    with pytest.raises(CorruptModelError, match="not a regular file"):
        read_header(directory / "pipe.safetensors")


def test_unreadable_directory_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    unreadable = tmp_path / "loras" / "unreadable"
    unreadable.mkdir()
    original = Path.iterdir

    def iterdir(path: Path) -> Iterator[Path]:
        if path == unreadable:  # Root, who may run this test, can read every directory.
            raise PermissionError(13, "Permission denied", str(path))
        return original(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert [model.name for model in catalog.list_models()] == ["glow"]
    [(path, reason)] = catalog.list_problems()
    assert path == unreadable
    assert "(Permission denied)" in str(reason)


def test_hidden_files_are_ignored(tmp_path: Path) -> None:
    """Such as `._glow.safetensors`, which macOS writes to other file systems."""
    write(tmp_path / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    (tmp_path / "loras" / "._glow.safetensors").write_bytes(b"\0\5\x16\7")
    (tmp_path / "loras" / ".cache" / "deep").mkdir(parents=True)
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert (catalog.list_names("lora"), catalog.list_problems()) == (("glow",), ())


def test_preview_image_outside_the_directories_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    own = tmp_path / "own"
    lora = write(own / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    catalog = ModelCatalog((own,), HashCache(None))
    image = lora.with_suffix(".png")
    for target in (tmp_path / "secret.png", tmp_path / "nowhere", image, Path("/etc/passwd")):
        image.symlink_to(target)
        assert catalog.preview_image("lora", "glow") is None
        image.unlink()
    os.mkfifo(image)
    assert catalog.preview_image("lora", "glow") is None
    image.unlink()
    (own / "images").mkdir()
    (own / "images" / "glow.png").write_bytes(b"picture")
    image.symlink_to(own / "images" / "glow.png")
    assert catalog.preview_image("lora", "glow") == image


def test_preview_image_on_another_disk_is_found(tmp_path: Path) -> None:
    lora = write(tmp_path / "disk" / "glow.safetensors", {PEFT: (8, 128)})
    lora.with_suffix(".png").write_bytes(b"picture")
    (tmp_path / "own" / "loras").mkdir(parents=True)
    (tmp_path / "own" / "loras" / "disk").symlink_to(tmp_path / "disk")
    catalog = ModelCatalog((tmp_path / "own",), HashCache(None))
    assert catalog.preview_image("lora", "glow") == tmp_path / "own" / "loras" / "disk" / "glow.png"


# Issue 18, 17 (review B3): every listed name can be used in a recipe.
LISTED = [
    "Detail Tweaker (v2)", "【汉服】_v1", "a,b", "_under", "o'neil", "x&y", "100%", "[style] neon+ink!",
    "春日野餐", "a..b", "1.5", "naïve", "𝓂odel 🎨", "<x>", 'quo"ted', "tab(le)", "-dash", "ⅳ", "a" * 200,
]  # fmt: skip


@pytest.mark.parametrize("name", LISTED)
def test_name_in_any_script_is_found(tmp_path: Path, name: str) -> None:
    lora = write(tmp_path / "loras" / f"{name}.safetensors", {PEFT: (8, 128)})
    lora.with_name(f"{name}.png").write_bytes(b"picture")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_names("lora") == (name,)
    assert catalog.get("lora", ModelRef(name=name)).path == lora
    assert catalog.preview_image("lora", name) == lora.with_name(f"{name}.png")


@pytest.mark.parametrize(
    "name",
    ["two\nlines", "bell\x07", "\x1b[2J", "c1\x9b", "turned\u202ename", "a" * 201, "back\\slash"],
)
def test_invalid_model_name_is_a_problem(tmp_path: Path, name: str) -> None:
    write(tmp_path / "loras" / f"{name}.safetensors", {PEFT: (8, 128)})
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_models() == ()
    [(_, reason)] = catalog.list_problems()
    assert "Rename it" in str(reason)
    assert str(reason).isprintable()


def test_undecodable_model_name_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path / "loras" / "glow.safetensors", {PEFT: (8, 128)})
    (tmp_path / "loras" / "glow.safetensors").rename(tmp_path / "loras" / "\udcff.safetensors")
    (tmp_path / "loras" / "\udcfe.ckpt").write_bytes(b"\x80")
    catalog = ModelCatalog((tmp_path,), HashCache(None))
    assert catalog.list_models() == ()
    reasons = [str(reason) for _, reason in catalog.list_problems()]
    assert len(reasons) == 2
    assert all(reason.encode() for reason in reasons)
