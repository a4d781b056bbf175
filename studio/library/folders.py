"""Finds models in folders: the studio's own, and A1111's and ComfyUI's trees as they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.library.models import KIND_BY_FOLDER
from studio.recipes.recipe import ModelKind

_PICTURES = (".png", ".jpg", ".jpeg", ".webp")
_PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin"})


@dataclass(frozen=True)
class Listing:
    """What a folder holds of one kind, and the folders that were looked at for it."""

    models: tuple[Path, ...]
    looked_at: tuple[Path, ...]


def listing(folder: Path, kind: ModelKind) -> Listing:
    """Every model of `kind` below `folder`: diffusers folders and single safetensors files."""
    models: list[Path] = []
    looked_at = [folder, folder / "models"]
    for place in _places(folder, kind):
        _look(place, models, looked_at)
    return Listing(tuple(models), tuple(looked_at))


def pickles(folder: Path) -> Iterator[Path]:
    """Single files that hold pickled weights, which the studio never opens."""
    for kind in dict.fromkeys(KIND_BY_FOLDER.values()):
        for place in _places(folder, kind):
            for path in sorted(place.rglob("*")):
                if path.suffix in _PICKLES and path.is_file() and not _inside_model(path, place):
                    yield path


def sample_picture(model: Path) -> Path | None:
    """The picture that shows what a model draws: `preview.png` in its folder, or beside its file
    `<name>.preview.png` or `<name>.png`, as A1111 and ComfyUI keep them."""
    stems = ["preview"] if model.is_dir() else [f"{model.stem}.preview", model.stem]
    folder = model if model.is_dir() else model.parent
    places = (folder / f"{stem}{suffix}" for stem in stems for suffix in _PICTURES)
    return next((place for place in places if place.is_file()), None)


def _places(folder: Path, kind: ModelKind) -> Iterator[Path]:
    """The folders for `kind`; a web UI's tree has them below `models`."""
    root = folder / "models" if (folder / "models").is_dir() else folder
    for place in sorted(root.iterdir()) if root.is_dir() else ():
        if place.is_dir() and KIND_BY_FOLDER.get(place.name.lower()) == kind:
            yield place


def _look(place: Path, models: list[Path], looked_at: list[Path]) -> None:
    """Adds the models in `place` and in folders that only sort them."""
    looked_at.append(place)
    for path in sorted(place.iterdir()):
        if path.is_dir():
            if _is_model(path):
                models.append(path)
                looked_at.append(path)
            else:
                _look(path, models, looked_at)
        elif path.suffix == ".safetensors":
            models.append(path)


def _is_model(folder: Path) -> bool:
    """A diffusers folder has its configuration at its top."""
    return (folder / "model_index.json").exists() or (folder / "config.json").exists()


def _inside_model(path: Path, place: Path) -> bool:
    return any(_is_model(parent) for parent in path.parents if place in parent.parents)
