"""Brings models from a model hub: what it will cost first, then the files, whole or not at all."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from httpx2 import HTTPError
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from studio.errors import HubUnavailable, InputError, NotFound, StoreUnavailable
from studio.library.models import FOLDERS
from studio.recipes.recipe import ModelKind

HUB = "https://huggingface.co"
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_CONFIGURATION = frozenset({".json", ".txt", ".model"})
_SPARE = 0.02
"""Share of the download that must stay free on the disk beside it."""


@dataclass(frozen=True)
class Pull:
    """What is to be brought: the files of one commit, with their sizes in bytes."""

    repo: str
    commit: str
    kind: ModelKind
    name: str
    files: tuple[tuple[str, int], ...]

    @property
    def bytes(self) -> int:
        return sum(size for _, size in self.files)


class Hub:
    """A model hub at `endpoint`. Tokens come from the environment, as huggingface_hub has it."""

    def __init__(self, endpoint: str = HUB) -> None:
        self._endpoint = endpoint
        self._api = HfApi(endpoint=endpoint)

    def plan(
        self,
        repo: str,
        kind: ModelKind,
        file: str | None = None,
        revision: str | None = None,
        variant: str | None = None,
    ) -> Pull:
        """What `repo` has of one model: a diffusers folder, or the single `file`.

        Of a folder, safetensors of `variant` (such as fp16) are taken where there are any, and
        pickles never. Raises InputError, NotFound, or HubUnavailable.
        """
        if not _REPO.fullmatch(repo):
            raise InputError(f"{repo!r} is no repository: write it as owner/name")
        with _translated(repo, self._endpoint):
            info = self._api.model_info(repo, revision=revision, files_metadata=True)
        sizes = {each.rfilename: each.size or 0 for each in info.siblings or []}
        wanted = [file] if file else _of_folder(list(sizes), variant)
        for each in wanted:
            if each not in sizes:
                have = ", ".join(sorted(n for n in sizes if n.endswith(".safetensors"))) or "none"
                raise NotFound(f"{repo} has no file {each!r} (its weights are: {have})")
        if not any(each.endswith(".safetensors") for each in wanted):
            raise NotFound(
                f"{repo} has no safetensors weights, only pickles or none; pickles can run code:"
                " choose another repository"
            )
        name = PurePosixPath(file).stem if file else repo.split("/")[1]
        files = tuple((each, sizes[each]) for each in sorted(wanted))
        return Pull(repo, info.sha or "main", kind, name, files)

    def fetch(self, pull: Pull, models: Path) -> Path:
        """Downloads into the models folder; files fetched whole before a stop are not again.

        Raises StoreUnavailable when the disk has no room, HubUnavailable when the hub fails.
        """
        single = len(pull.files) == 1 and pull.files[0][0].endswith(".safetensors")
        place = models / FOLDERS[pull.kind] / (f"{pull.name}.safetensors" if single else pull.name)
        if place.exists():
            raise InputError(f"there is a {pull.kind} {pull.name!r} already: remove it first")
        partial = models / ".partial" / f"{pull.repo.replace('/', '--')}-{pull.commit[:12]}"
        try:
            partial.mkdir(parents=True, exist_ok=True)
            _check_room(pull, partial)
            for name, _ in pull.files:
                with _translated(pull.repo, self._endpoint):
                    hf_hub_download(
                        pull.repo,
                        name,
                        revision=pull.commit,
                        local_dir=partial,
                        endpoint=self._endpoint,
                    )
            shutil.rmtree(partial / ".cache", ignore_errors=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            (partial / pull.files[0][0] if single else partial).rename(place)
            shutil.rmtree(partial, ignore_errors=True)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot write to {models} ({error.strerror or error}): free some room or point"
                " STUDIO_HOME elsewhere; what is there already is kept"
            ) from None
        return place


def _of_folder(names: Sequence[str], variant: str | None) -> list[str]:
    """The files a diffusers folder needs: configurations, and one set of safetensors a part."""
    if "model_index.json" not in names and "config.json" not in names:
        return [name for name in names if name.endswith(".safetensors")][:1]
    wanted = [n for n in names if PurePosixPath(n).suffix in _CONFIGURATION]
    inside = {str(PurePosixPath(n).parent) for n in wanted}
    for folder in sorted(inside):
        weights = [n for n in names if str(PurePosixPath(n).parent) == folder and n.endswith(".safetensors")]  # fmt: skip
        # Beside model_index.json lie single-file copies of the whole; the parts are wanted.
        if folder == "." and "model_index.json" in names:
            continue
        varied = [n for n in weights if variant and f".{variant}." in PurePosixPath(n).name]
        plain = [n for n in weights if PurePosixPath(n).name.count(".") == 1]
        wanted += varied or plain or weights
    return wanted


def _check_room(pull: Pull, folder: Path) -> None:
    missing = pull.bytes - sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    free = shutil.disk_usage(folder).free
    if missing * (1 + _SPARE) > free:
        raise StoreUnavailable(
            f"{pull.repo} needs {missing / 1e6:,.0f} MB more and {free / 1e6:,.0f} MB are free:"
            " make room or point STUDIO_HOME at a larger disk"
        )


@contextmanager
def _translated(repo: str, endpoint: str) -> Iterator[None]:
    """The one boundary where the hub's errors become ours."""
    try:
        yield
    except GatedRepoError:
        raise HubUnavailable(
            f"{repo} asks for consent: accept its terms on the hub, then set HF_TOKEN"
        ) from None
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "not found"
        raise NotFound(f"the hub has no {repo} of that revision or file ({reason})") from None
    except OfflineModeIsEnabled:
        raise HubUnavailable("HF_HUB_OFFLINE is set: unset it to bring models") from None
    except HTTPError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise HubUnavailable(
            f"{endpoint} does not answer as it should ({reason}): try again; what was fetched whole is kept"
        ) from None
