"""Brings models from a model hub: what it will cost first, then the files, whole or not at all."""

import hashlib
import io
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from httpx2 import HTTPError
from huggingface_hub import HfApi, get_token, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get

from studio.errors import InvalidInputError, ModelHubError, NotFoundError, StorageUnavailableError
from studio.messages import Message, message
from studio.models.types import DIR_BY_TYPE
from studio.models.weights import variant_of
from studio.network import is_loopback
from studio.recipes.generation.recipe import KIND_NAMES, ModelType, is_model_name

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEFAULT_HUB_URL = "https://huggingface.co"
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_CONFIGURATION = frozenset({".json", ".txt", ".model"})
_DISK_HEADROOM = 0.02
"""Share of the download that must stay free on the disk beside it."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository: bytes, and the hash where the hub knows it (weights)."""

    name: str
    size: int
    sha256: str | None = None


@dataclass(frozen=True)
class DownloadPlan:
    """What is to be brought: the files of one commit."""

    repo: str
    commit: str
    kind: ModelType
    name: str
    files: tuple[RemoteFile, ...]

    @property
    def bytes(self) -> int:
        return sum(file.size for file in self.files)


class Hub:
    """A model hub at `endpoint`. Tokens come from the environment, as huggingface_hub has it."""

    def __init__(self, endpoint: str = DEFAULT_HUB_URL) -> None:
        """Raises InputError for plain http to another machine: whoever is on the way could change
        what is brought, its hash included."""
        if not _is_private(endpoint):
            raise InvalidInputError("hub.plain_http", endpoint=endpoint)
        self._endpoint = endpoint
        self._api = HfApi(endpoint=endpoint)

    def plan_download(
        self,
        repo: str,
        kind: ModelType,
        file: str | None = None,
        revision: str | None = None,
        variant: str | None = None,
    ) -> DownloadPlan:
        """What `repo` has of one model: a diffusers folder, or the single `file`.

        Of a folder, safetensors of `variant` (such as fp16) are taken where there are any, and
        pickles never. Raises InputError, NotFound, or HubUnavailable.
        """
        if not _REPO.fullmatch(repo):
            raise InvalidInputError("hub.not_a_repository", repo=repo)
        with _map_hub_errors(repo, self._endpoint):
            info = self._api.model_info(repo, revision=revision, files_metadata=True)
            commit = _commit(info.sha)
        there = {
            each.rfilename: RemoteFile(
                each.rfilename, each.size or 0, each.lfs.sha256 if each.lfs else None
            )
            for each in info.siblings or []
        }
        wanted = [file] if file else _select_files(list(there), variant)
        for each in wanted:
            _check_inside(each, repo)
            if each not in there:
                have = sorted(n for n in there if n.endswith(".safetensors"))
                raise NotFoundError(
                    "hub.file_not_found",
                    repo=repo,
                    file=each,
                    available=have or message("list.none"),
                )
        if not any(each.endswith(".safetensors") for each in wanted):
            raise NotFoundError("hub.no_safetensors", repo=repo)
        name = PurePosixPath(file).stem if file else repo.split("/")[1]
        if not is_model_name(name):
            raise InvalidInputError("hub.model_name_invalid", name=name)
        files = tuple(there[each] for each in sorted(wanted))
        return DownloadPlan(repo, commit, kind, name, files)

    def download(self, pull: DownloadPlan, models: Path) -> Path:
        """Downloads into the models folder; after a stop it goes on at the byte it had come to.

        Raises StoreUnavailable when the disk has no room, HubUnavailable when the hub fails.
        """
        single = len(pull.files) == 1 and pull.files[0].name.endswith(".safetensors")
        place = (
            models / DIR_BY_TYPE[pull.kind] / (f"{pull.name}.safetensors" if single else pull.name)
        )
        if place.exists():
            raise InvalidInputError("model.exists", kind=KIND_NAMES[pull.kind], name=pull.name)
        partial = models / ".partial" / f"{pull.repo.replace('/', '--')}-{pull.commit[:12]}"
        try:
            partial.mkdir(parents=True, exist_ok=True)
            _check_disk_space(pull, partial)
            for file in pull.files:
                _check_inside(file.name, pull.repo)
                self._fetch_file(pull, file, partial / file.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            (partial / pull.files[0].name if single else partial).rename(place)
            shutil.rmtree(partial, ignore_errors=True)
        except OSError as error:
            raise StorageUnavailableError(
                "hub.folder_not_writable", folder=str(models), reason=str(error.strerror or error)
            ) from None
        return place

    def _fetch_file(self, pull: DownloadPlan, file: RemoteFile, to: Path) -> None:
        """One file, appended to what an earlier try left of it, and compared with its hash.

        `hf_hub_download` is not used: from huggingface_hub 2.3 it starts a broken file anew.
        """
        if to.exists():
            return
        to.parent.mkdir(parents=True, exist_ok=True)
        begun = to.with_name(f"{to.name}.begun")
        token = get_token()
        try:
            with _Bounded(begun, file.size) as target, _map_hub_errors(pull.repo, self._endpoint):
                http_get(
                    hf_hub_url(pull.repo, file.name, revision=pull.commit, endpoint=self._endpoint),
                    target,
                    resume_size=target.tell(),
                    headers={"authorization": f"Bearer {token}"} if token else {},
                    expected_size=file.size,
                )
        except _TooMuch:
            begun.unlink()
            raise ModelHubError(
                "hub.file_longer_than_told",
                endpoint=self._endpoint,
                file=file.name,
                size=f"{file.size:,}",
            ) from None
        if file.sha256 is not None and _sha256(begun) != file.sha256:
            begun.unlink()
            raise ModelHubError("hub.file_damaged", file=file.name, repo=pull.repo)
        os.replace(begun, to)


class _TooMuch(Exception):
    pass


class _NoCommit(Exception):
    pass


class _Bounded(io.BufferedWriter):
    """A file that is added to and takes no more than it is to have: what a hub sends without end would
    fill the disk."""

    def __init__(self, file: Path, most: int) -> None:
        super().__init__(io.FileIO(file, "ab"))
        self._max_bytes = most

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.tell() + memoryview(data).nbytes > self._max_bytes:
            raise _TooMuch
        return super().write(data)


def _is_private(endpoint: str) -> bool:
    try:
        address = urlsplit(endpoint)
    except ValueError:
        return False
    return address.scheme == "https" or is_loopback(address.hostname or "")


def _commit(sha: str | None) -> str:
    """Raises _NoCommit for what is none: it becomes part of a folder's name."""
    if sha is not None and not _COMMIT.fullmatch(sha):
        raise _NoCommit(sha[:80])
    return sha or "main"


def _check_inside(name: str, repo: str) -> None:
    """A hub other than huggingface.co may say anything. Raises HubUnavailable for a file that would be
    written outside the model's own folder."""
    parts = name.split("/")
    if "\\" in name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise ModelHubError("hub.file_outside_folder", file=repr(name[:80]), repo=repo)


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _select_files(names: Sequence[str], variant: str | None) -> list[str]:
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
        varied = [n for n in weights if variant and variant_of(PurePosixPath(n).name) == variant]
        plain = [n for n in weights if not variant_of(PurePosixPath(n).name)]
        wanted += varied or plain or weights
    return wanted


def _check_disk_space(pull: DownloadPlan, folder: Path) -> None:
    missing = pull.bytes - sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    free = shutil.disk_usage(folder).free
    if missing * (1 + _DISK_HEADROOM) > free:
        raise StorageUnavailableError(
            "hub.disk_full",
            repo=pull.repo,
            missing=f"{missing / 1e6:,.0f}",
            free=f"{free / 1e6:,.0f}",
        )


@contextmanager
def _map_hub_errors(repo: str, endpoint: str) -> Iterator[None]:
    """The one boundary where the hub's errors become ours."""
    try:
        yield
    except GatedRepoError:
        raise ModelHubError("hub.consent_needed", repo=repo) from None
    except (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError) as error:
        reason = _first_line(error) or message("hub.not_found")
        raise NotFoundError("hub.repository_not_found", repo=repo, reason=reason) from None
    except OfflineModeIsEnabled:
        raise ModelHubError("hub.offline") from None
    except HFValidationError as error:
        raise InvalidInputError(
            "hub.repository_name_invalid", repo=repo, reason=str(error)[:200]
        ) from None
    except _NoCommit as error:
        raise _no_hub(endpoint, message("hub.not_a_commit", commit=repr(str(error)))) from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _no_hub(endpoint, f"{type(error).__name__}: {str(error)[:200]}") from None
    except HTTPError as error:
        raise ModelHubError(
            "hub.answer_failed",
            endpoint=endpoint,
            reason=_first_line(error) or type(error).__name__,
        ) from None


def _no_hub(endpoint: str, reason: str | Message) -> ModelHubError:
    return ModelHubError("hub.not_a_hub", endpoint=endpoint, reason=reason)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")
