"""What a download from a model hub consists of: the files of a repository that make up a model."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from studio.errors import ModelHubError, NotFoundError
from studio.messages import message
from studio.models.weights import variant_of
from studio.recipes.generation.recipe import ModelType

_CONFIG_SUFFIXES = frozenset({".json", ".txt", ".model"})


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository: size in bytes, and the hash where the hub has it (weights)."""

    name: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True)
class DownloadPlan:
    """The files of one commit that make up a model."""

    repo: str
    commit: str
    kind: ModelType
    name: str
    files: tuple[RemoteFile, ...]

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(file.size for file in self.files)


def check_files(selected: Sequence[str], available: Collection[str], repo: str) -> None:
    """Whether a repository has the files that a model needs.

    Raises NotFoundError for one that it has not, or where none is safetensors, and as `check_inside`.
    """
    for name in selected:
        check_inside(name, repo)
        if name not in available:
            weights = sorted(other for other in available if other.endswith(".safetensors"))
            raise NotFoundError(
                "hub.file_not_found",
                repo=repo,
                file=name,
                available=weights or message("list.none"),
            )
    if not any(name.endswith(".safetensors") for name in selected):
        raise NotFoundError("hub.no_safetensors", repo=repo)


def check_inside(name: str, repo: str) -> None:
    """Raises ModelHubError for a file name that leads outside the model's directory (path traversal)."""
    components = name.split("/")
    if "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in components):
        raise ModelHubError("hub.file_outside_folder", file=repr(name[:80]), repo=repo)


def select_files(names: Sequence[str], variant: str | None) -> list[str]:
    """The files that a diffusers directory needs: configurations, and one variant of each component's weights."""
    if "model_index.json" not in names and "config.json" not in names:
        return [name for name in names if name.endswith(".safetensors")][:1]
    selected = [name for name in names if PurePosixPath(name).suffix in _CONFIG_SUFFIXES]
    for directory in sorted({PurePosixPath(name).parent for name in selected}):
        # Safetensors next to model_index.json are single-file copies of all components.
        if str(directory) == "." and "model_index.json" in names:
            continue
        weights = [
            name
            for name in names
            if name.endswith(".safetensors") and PurePosixPath(name).parent == directory
        ]
        variants = {name: variant_of(PurePosixPath(name).name) for name in weights}
        of_variant = [name for name in weights if variant and variants[name] == variant]
        default = [name for name in weights if not variants[name]]
        selected += of_variant or default or weights
    return selected
