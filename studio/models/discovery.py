"""Finds models in folders: the studio's own, and A1111's and ComfyUI's trees as they are."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from studio.models.types import TYPE_BY_DIR
from studio.recipes.generation.recipe import ModelType

MAX_DEPTH = 32
"""Folders within folders that are looked into."""
_IMAGES = (".png", ".jpg", ".jpeg", ".webp")
_PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin"})


@dataclass(frozen=True)
class ScanResult:
    """What a folder holds of one kind, and the folders that were looked at for it."""

    models: tuple[Path, ...]
    watched_paths: tuple[Path, ...]
    unreadable: tuple[tuple[Path, str], ...] = ()
    """Folders that could not be looked into, with the reason."""


def scan_models(folder: Path, kind: ModelType) -> ScanResult:
    """Every model of `kind` below `folder`: diffusers folders and single safetensors files."""
    search = _Search([folder, folder / "models"])
    try:
        for place in _model_dirs(folder, kind):
            search.walk(place)
    except OSError as error:
        search.unreadable.append((folder, error.strerror or str(error)))
    return ScanResult(tuple(search.models), tuple(search.looked_at), tuple(search.unreadable))


def find_pickled_weights(folder: Path) -> Iterator[Path]:
    """Single files that hold pickled weights, which the studio never opens."""
    for kind in dict.fromkeys(TYPE_BY_DIR.values()):
        # What cannot be looked into is told by `listing`; folders may be nested a thousand deep.
        with suppress(OSError, RecursionError):
            for place in _model_dirs(folder, kind):
                for path in sorted(place.rglob("*")):
                    if (
                        path.suffix in _PICKLES
                        and path.is_file()
                        and not _inside_model(path, place)
                    ):
                        yield path


def find_preview_image(model: Path, roots: Sequence[Path] = ()) -> Path | None:
    """The picture that shows what a model draws: `preview.png` in its folder, or beside its file
    `<name>.preview.png` or `<name>.png`, as A1111 and ComfyUI keep them. One that is a link must
    lead to where the model lies, or below one of `roots`."""
    stems = ["preview"] if model.is_dir() else [f"{model.stem}.preview", model.stem]
    folder = model if model.is_dir() else model.parent
    places = (folder / f"{stem}{suffix}" for stem in stems for suffix in _IMAGES)
    return next((place for place in places if _is_inside(place, (folder, *roots))), None)


def _is_inside(file: Path, folders: Sequence[Path]) -> bool:
    """Whether it is a file that really lies in one of `folders`: a link may be to anything that this
    process can read."""
    with suppress(OSError, RuntimeError):  # RuntimeError: links that lead in a circle.
        above = file.resolve().parents
        return file.is_file() and any(folder.resolve() in above for folder in folders)
    return False


def _model_dirs(folder: Path, kind: ModelType) -> Iterator[Path]:
    """The folders for `kind`; a web UI's tree has them below `models`."""
    root = folder / "models" if (folder / "models").is_dir() else folder
    for place in sorted(root.iterdir()) if root.is_dir() else ():
        if place.is_dir() and TYPE_BY_DIR.get(place.name.lower()) == kind:
            yield place


@dataclass
class _Search:
    """A walk through folders that follows links, into each folder once."""

    looked_at: list[Path]
    models: list[Path] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    _visited: set[Path] = field(default_factory=set)

    def walk(self, place: Path, above: frozenset[Path] = frozenset(), depth: int = 0) -> None:
        """Adds the models in `place` and in folders that only sort them. `above` is where the walk
        has come through, with all that lies above it: a link back there is a circle."""
        real = place.resolve()
        if real in self._visited or real in above:
            return
        self._visited.add(real)
        self.looked_at.append(place)
        above = above.union((real, *real.parents))
        try:
            for path in sorted(place.iterdir()):
                if path.name.startswith("."):
                    continue  # Hidden: what file managers and downloads keep for themselves.
                if not path.is_dir():
                    if path.suffix == ".safetensors":
                        self.models.append(path)
                elif _is_model(path):
                    self.models.append(path)
                    self.looked_at.append(path)
                elif depth < MAX_DEPTH:
                    self.walk(path, above, depth + 1)
        except OSError as error:
            self.unreadable.append((place, error.strerror or str(error)))


def _is_model(folder: Path) -> bool:
    """A diffusers folder has its configuration at its top."""
    return (folder / "model_index.json").exists() or (folder / "config.json").exists()


def _inside_model(path: Path, place: Path) -> bool:
    return any(_is_model(parent) for parent in path.parents if place in parent.parents)
