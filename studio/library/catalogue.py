"""Which models exist: those that ship with the product and those in the user's folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from studio.errors import DamagedModel, ModelError, NotFound, UnfitModel
from studio.library.files import Hashes, weight_files
from studio.library.folders import listing, pickles, sample_picture
from studio.library.headers import Identity, identify
from studio.library.models import FAMILY_BY_TEXT_WIDTH, FOLDERS, Family, Model
from studio.library.remembering import Remembered
from studio.recipes.recipe import ModelKind, ModelRef


class Catalogue:
    """Models by kind and name over several folders; earlier folders win a name."""

    def __init__(self, folders: Sequence[Path], hashes: Hashes) -> None:
        self._folders = tuple(folders)
        self._hashes = hashes
        self._listed: Remembered[Mapping[str, Path]] = Remembered()
        self._read: Remembered[Model] = Remembered()

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

    def picture(self, kind: ModelKind, name: str) -> Path | None:
        """A picture file that shows what a model draws, where its folder keeps one."""
        path = self._paths(kind).get(name)
        return None if path is None else sample_picture(path)

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
                f"no {kind} named {ref.name!r} (there are: {have}): choose another, put it into"
                f" {folder}, or bring it with `studio models pull OWNER/{ref.name} --kind {kind}`"
            )
        model = self._model(kind, ref.name, path)
        if ref.sha256 is not None and ref.sha256 != model.sha256:
            raise UnfitModel(
                f"{kind} {ref.name!r} is not the one the recipe was tuned with (has hash"
                f" {model.sha256[:10]}, wants {ref.sha256[:10]}): put that file back, or save"
                " the preset again with this one"
            )
        return model

    def problems(self) -> tuple[tuple[Path, str], ...]:
        """What lies among the models and cannot be used, with the reason."""
        found = []
        for kind in FOLDERS:
            for name, path in sorted(self._paths(kind).items()):
                try:
                    self._model(kind, name, path)
                except ModelError as error:
                    found.append((path, str(error)))
        for folder in self._folders:
            found += [(path, _PICKLED.format(path.name)) for path in pickles(folder)]
        return tuple(found)

    def _paths(self, kind: ModelKind) -> Mapping[str, Path]:
        return self._listed.get(kind, lambda: self._list(kind))

    def _list(self, kind: ModelKind) -> tuple[Mapping[str, Path], Sequence[Path]]:
        paths: dict[str, Path] = {}
        looked_at: list[Path] = []
        for folder in reversed(self._folders):
            found = listing(folder, kind)
            paths.update((_name(path), path) for path in found.models)
            looked_at += found.looked_at
        return paths, looked_at

    def _model(self, kind: ModelKind, name: str, path: Path) -> Model:
        """Read once, and anew when a file of it has changed: every request asks."""
        return self._read.get(
            (kind, name, path),
            lambda: (
                self._described(kind, name, path),
                [path, path.with_suffix(".yaml"), *path.rglob("*")],
            ),
        )

    def _described(self, kind: ModelKind, name: str, path: Path) -> Model:
        files = weight_files(path)
        identity = _identity(kind, path)
        try:
            size, sha256 = sum(file.stat().st_size for file in files), self._hashes.of(files)
        except OSError as error:
            raise DamagedModel(
                f"{kind} {name} cannot be read ({error.strerror}: {error.filename}): put its files"
                " in place again"
            ) from None
        return Model(
            kind=kind,
            name=name,
            family=identity.family,
            path=path,
            bytes=size,
            sha256=sha256,
            triggers=identity.triggers,
            prediction=identity.prediction,
        )


_PICKLED = "{} holds pickled weights, which can run code: convert it to .safetensors"


def _name(path: Path) -> str:
    return path.stem if path.is_file() else path.name


def _identity(kind: ModelKind, path: Path) -> Identity:
    """What the model is. A diffusers folder says so in its configuration, a file in its header."""
    if path.is_dir():
        return Identity(kind, _configured_family(kind, path))
    identity = identify(path)
    if identity.kind != kind:
        raise UnfitModel(
            f"{path.name} is a {identity.kind}, but lies among the {kind}s: move it to the"
            f" folder for {identity.kind}s"
        )
    return identity


def _configured_family(kind: ModelKind, path: Path) -> Family:
    if kind == "detector":
        made = _configuration(path, "config.json").get("model_type")
        if made != "vitpose":
            raise UnfitModel(
                f"detector {path.name} is a {made}, which the studio does not know: choose a ViTPose"
            )
    if kind not in ("checkpoint", "controlnet"):
        return "unknown"
    if kind == "checkpoint" and (path / "model_index.json").exists():
        pipeline = str(_configuration(path, "model_index.json").get("_class_name"))
        if pipeline.startswith("StableDiffusion3"):
            return "sd3"
        if not pipeline.startswith("StableDiffusion"):
            raise UnfitModel(
                f"base model {path.name} is a {pipeline}, a family the studio does not know yet:"
                " choose Stable Diffusion 1.x, 2.x, XL or 3.5"
            )
    name = "unet/config.json" if kind == "checkpoint" else "config.json"
    config = _configuration(path, name)
    if config.get("addition_embed_type") == "text_time":
        return "sdxl"
    width = config.get("cross_attention_dim")
    return FAMILY_BY_TEXT_WIDTH.get(width, "unknown") if isinstance(width, int) else "unknown"


def _configuration(path: Path, name: str) -> dict[str, object]:
    try:
        config = json.loads((path / name).read_text())
    except (OSError, ValueError) as error:
        raise DamagedModel(
            f"model {path.name} has no readable {Path(name).name} ({error})"
        ) from None
    return config if isinstance(config, dict) else {}
