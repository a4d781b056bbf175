"""Which models exist: those that ship with the product and those in the user's folder."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from studio.errors import DamagedModel, ModelError, NotFound, UnfitModel
from studio.library.files import Hashes, weight_files
from studio.library.models import FAMILY_BY_TEXT_WIDTH, FOLDERS, Family, Model
from studio.recipes.recipe import ModelKind, ModelRef


class Catalogue:
    """Models by kind and name over several folders; earlier folders win a name."""

    def __init__(self, folders: Sequence[Path], hashes: Hashes) -> None:
        self._folders = tuple(folders)
        self._hashes = hashes

    def models(self, kind: ModelKind | None = None) -> tuple[Model, ...]:
        """Every readable model, sorted by kind and name; unreadable ones are left out."""
        kinds: tuple[ModelKind, ...] = (kind,) if kind else tuple(FOLDERS)
        found: list[Model] = []
        for each in kinds:
            for name, path in sorted(self._paths(each).items()):
                try:
                    found.append(self._model(each, name, path))
                except ModelError:
                    continue
        return tuple(found)

    def names(self, kind: ModelKind) -> tuple[str, ...]:
        """The names alone, without reading or hashing anything."""
        return tuple(sorted(self._paths(kind)))

    def find(self, kind: ModelKind, ref: ModelRef) -> Model:
        """The model a recipe refers to.

        Raises NotFound when there is none of that name, UnfitModel when its weights are not
        those the recipe was tuned with, DamagedModel when it cannot be read.
        """
        path = self._paths(kind).get(ref.name)
        if path is None:
            have = ", ".join(self.names(kind)) or "none"
            folder = self._folders[-1] / FOLDERS[kind]
            raise NotFound(
                f"no {kind} named {ref.name!r} (there are: {have}): put it into {folder}"
                " or choose another"
            )
        model = self._model(kind, ref.name, path)
        if ref.sha256 is not None and ref.sha256 != model.sha256:
            raise UnfitModel(
                f"{kind} {ref.name!r} is not the one the recipe was tuned with (has hash"
                f" {model.sha256[:10]}, wants {ref.sha256[:10]}): put that file back, or save"
                " the preset again with this one"
            )
        return model

    def _paths(self, kind: ModelKind) -> dict[str, Path]:
        paths: dict[str, Path] = {}
        for folder in reversed(self._folders):
            paths.update((path.stem if path.is_file() else path.name, path) for path in _entries(folder, kind))  # fmt: skip
        return paths

    def _model(self, kind: ModelKind, name: str, path: Path) -> Model:
        files = weight_files(path)
        return Model(
            kind=kind,
            name=name,
            family=_family(kind, path),
            path=path,
            bytes=sum(file.stat().st_size for file in files),
            sha256=self._hashes.of(files),
        )


def _entries(folder: Path, kind: ModelKind) -> Iterator[Path]:
    """LoRAs are single safetensors files, all else diffusers folders."""
    place = folder / FOLDERS[kind]
    for path in sorted(place.iterdir()) if place.is_dir() else ():
        if path.suffix == ".safetensors" if kind == "lora" else path.is_dir():
            yield path


def _family(kind: ModelKind, path: Path) -> Family:
    """Read from the configuration beside the weights; files without one are unknown."""
    config = path / {"checkpoint": "unet/config.json"}.get(kind, "config.json")
    if kind not in ("checkpoint", "controlnet") or not path.is_dir():
        return "unknown"
    try:
        width = json.loads(config.read_text()).get("cross_attention_dim")
    except (OSError, ValueError, AttributeError) as error:
        raise DamagedModel(f"model {path.name} has no readable {config.name} ({error})") from None
    return FAMILY_BY_TEXT_WIDTH.get(width, "unknown")
