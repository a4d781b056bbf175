"""Finds model files in directories: the studio's own, and those of A1111 and ComfyUI in their layouts."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from studio.models.types import TYPE_BY_DIR
from studio.recipes.generation.recipe import ModelType

MAX_DEPTH = 32
"""Levels of nested directories that are searched."""
_IMAGES = (".png", ".jpg", ".jpeg", ".webp")
_PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin"})


@dataclass(frozen=True)
class ScanResult:
    """Models of one type in a directory, and the paths whose changes make a new scan necessary."""

    models: tuple[Path, ...]
    watched_paths: tuple[Path, ...]
    unreadable: tuple[tuple[Path, str], ...] = ()
    """Directories that could not be listed, with the reason."""


def scan_models(root: Path, kind: ModelType) -> ScanResult:
    """All models of one type below `root`: diffusers directories and single safetensors files."""
    search = _Search([root, root / "models"])
    try:
        for directory in _model_dirs(root, kind):
            search.scan(directory)
    except OSError as error:
        search.unreadable.append((root, error.strerror or str(error)))
    return ScanResult(tuple(search.models), tuple(search.watched_paths), tuple(search.unreadable))


def find_pickled_weights(root: Path) -> Iterator[Path]:
    """Single files with pickled weights, which the studio never opens: unpickling can run code."""
    for kind in dict.fromkeys(TYPE_BY_DIR.values()):
        # `scan_models` reports unreadable directories; they may be nested a thousand levels deep.
        with suppress(OSError, RecursionError):
            for directory in _model_dirs(root, kind):
                pickles = (path for path in directory.rglob("*") if path.suffix in _PICKLES)
                for path in sorted(pickles):
                    if path.is_file() and not _is_part_of_model(path, directory):
                        yield path


def find_preview_image(model: Path, roots: Sequence[Path] = ()) -> Path | None:
    """The preview image of a model, or None.

    It is `preview.png` in the model's directory, or `<name>.preview.png` or `<name>.png` next to its
    file, as in A1111 and ComfyUI; also .jpg and .webp.

    Args:
        model: a model's file or directory.
        roots: a preview that is a symbolic link must lead to the model's directory or below a root.
    """
    stems = ["preview"] if model.is_dir() else [f"{model.stem}.preview", model.stem]
    directory = model if model.is_dir() else model.parent
    candidates = (directory / f"{stem}{suffix}" for stem in stems for suffix in _IMAGES)
    return next((path for path in candidates if _is_inside(path, (directory, *roots))), None)


def _is_inside(file: Path, directories: Sequence[Path]) -> bool:
    """Whether it is a file whose real path is below one of `directories`: a symbolic link could expose any
    file that this process can read."""
    with suppress(OSError, RuntimeError):  # RuntimeError: a loop of symbolic links.
        parents = file.resolve().parents
        return file.is_file() and any(directory.resolve() in parents for directory in directories)
    return False


def _model_dirs(root: Path, kind: ModelType) -> Iterator[Path]:
    """The directories for models of one type; A1111 and ComfyUI have them below `models`."""
    parent = root / "models" if (root / "models").is_dir() else root
    for directory in sorted(parent.iterdir()) if parent.is_dir() else ():
        if directory.is_dir() and TYPE_BY_DIR.get(directory.name.lower()) == kind:
            yield directory


@dataclass
class _Search:
    """A recursive scan that follows symbolic links and enters each real directory once."""

    watched_paths: list[Path]
    models: list[Path] = field(default_factory=list)
    unreadable: list[tuple[Path, str]] = field(default_factory=list)
    _visited: set[Path] = field(default_factory=set)

    def scan(
        self, directory: Path, ancestors: frozenset[Path] = frozenset(), depth: int = 0
    ) -> None:
        """Adds the models in `directory` and its subdirectories.

        Args:
            ancestors: real paths of the directories that the scan came through, and of their parents.
                A link back to one of them is a loop.
        """
        real_path = directory.resolve()
        if real_path in self._visited or real_path in ancestors:
            return
        self._visited.add(real_path)
        self.watched_paths.append(directory)
        ancestors = ancestors.union((real_path, *real_path.parents))
        try:
            for path in sorted(directory.iterdir()):
                if path.name.startswith("."):
                    continue  # Hidden: file managers and downloads use such names for themselves.
                if not path.is_dir():
                    if path.suffix == ".safetensors":
                        self.models.append(path)
                elif _is_model(path):
                    self.models.append(path)
                    self.watched_paths.append(path)
                elif depth < MAX_DEPTH:
                    self.scan(path, ancestors, depth + 1)
        except OSError as error:
            self.unreadable.append((directory, error.strerror or str(error)))


def _is_model(directory: Path) -> bool:
    """A diffusers directory has its configuration at its top."""
    return (directory / "model_index.json").exists() or (directory / "config.json").exists()


def _is_part_of_model(path: Path, root: Path) -> bool:
    return any(_is_model(parent) for parent in path.parents if root in parent.parents)
