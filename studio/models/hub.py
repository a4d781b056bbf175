"""Downloads models from a model hub: first a plan with the size, then the files, atomically and resumable."""

import hashlib
import io
import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from huggingface_hub import HfApi, get_token, hf_hub_url
from huggingface_hub.file_download import http_get

from studio.errors import InvalidInputError, ModelHubError, StorageUnavailableError
from studio.models.download_plan import (
    DownloadPlan,
    RemoteFile,
    check_files,
    check_inside,
    select_files,
)
from studio.models.hub_errors import InvalidCommitError, map_hub_errors
from studio.models.types import DIR_BY_TYPE
from studio.network import is_loopback
from studio.recipes.generation.recipe import KIND_NAMES, ModelType, is_model_name

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

DEFAULT_HUB_URL = "https://huggingface.co"
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_DISK_HEADROOM = 0.02
"""Free disk space that is required beyond the download, as a fraction of it."""


class Hub:
    """A client for the model hub at `endpoint`. huggingface_hub reads the token from the environment."""

    def __init__(self, endpoint: str = DEFAULT_HUB_URL) -> None:
        """Raises InvalidInputError for plain http to another machine: an attacker on the network could
        replace the files together with their hashes."""
        if not _is_secure(endpoint):
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
        """The files of one model in a repository. Nothing is downloaded.

        Args:
            repo: `owner/name`.
            file: a single safetensors file; None is a diffusers directory.
            revision: a branch, tag or commit; None is the default branch.
            variant: of a directory, safetensors of this variant (such as fp16) where there are any.

        Raises:
            InvalidInputError: the repository's or the model's name is invalid.
            NotFoundError: there is no such repository or file, or it has no safetensors.
            ModelHubError: the hub is unavailable or its answer is invalid.
        """
        if not _REPO.fullmatch(repo):
            raise InvalidInputError("hub.not_a_repository", repo=repo)
        commit, available = self._list_files(repo, revision)
        selected = [file] if file else select_files(list(available), variant)
        check_files(selected, available, repo)
        name = PurePosixPath(file).stem if file else repo.split("/")[1]
        if not is_model_name(name):
            raise InvalidInputError("hub.model_name_invalid", name=name)
        files = tuple(available[file_name] for file_name in sorted(selected))
        return DownloadPlan(repo, commit, kind, name, files)

    def _list_files(self, repo: str, revision: str | None) -> tuple[str, dict[str, RemoteFile]]:
        """The commit of a revision, and its files by name."""
        with map_hub_errors(repo, self._endpoint):
            info = self._api.model_info(repo, revision=revision, files_metadata=True)
            commit = _check_commit(info.sha)
        files = {
            sibling.rfilename: RemoteFile(
                sibling.rfilename, sibling.size or 0, sibling.lfs.sha256 if sibling.lfs else None
            )
            for sibling in info.siblings or []
        }
        return commit, files

    def download(self, plan: DownloadPlan, models_dir: Path) -> Path:
        """Downloads a model into the models directory and returns its path.

        The files are collected in `.partial` and moved when they are complete. An interrupted download
        resumes at the byte it had reached.

        Raises:
            InvalidInputError: a model of that name exists.
            StorageUnavailableError: the disk is full or not writable.
            ModelHubError: the hub fails, or a file does not match its size or hash.
        """
        is_single = len(plan.files) == 1 and plan.files[0].name.endswith(".safetensors")
        file_name = f"{plan.name}.safetensors" if is_single else plan.name
        target = models_dir / DIR_BY_TYPE[plan.kind] / file_name
        if target.exists():
            raise InvalidInputError("model.exists", kind=KIND_NAMES[plan.kind], name=plan.name)
        partial = models_dir / ".partial" / f"{plan.repo.replace('/', '--')}-{plan.commit[:12]}"
        try:
            partial.mkdir(parents=True, exist_ok=True)
            _check_disk_space(plan, partial)
            for file in plan.files:
                check_inside(file.name, plan.repo)
                self._fetch_file(plan, file, partial / file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            (partial / plan.files[0].name if is_single else partial).rename(target)
            shutil.rmtree(partial, ignore_errors=True)
        except OSError as error:
            raise StorageUnavailableError(
                "hub.folder_not_writable",
                folder=str(models_dir),
                reason=str(error.strerror or error),
            ) from None
        return target

    def _fetch_file(self, plan: DownloadPlan, file: RemoteFile, target: Path) -> None:
        """Downloads one file, resuming where an earlier attempt stopped, and verifies its hash.

        `hf_hub_download` is not used: from huggingface_hub 2.3 on it restarts an interrupted file.
        """
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.begun")
        token = get_token()
        try:
            with (
                _LimitedWriter(partial, file.size) as stream,
                map_hub_errors(plan.repo, self._endpoint),
            ):
                http_get(
                    hf_hub_url(plan.repo, file.name, revision=plan.commit, endpoint=self._endpoint),
                    stream,
                    resume_size=stream.tell(),
                    headers={"authorization": f"Bearer {token}"} if token else {},
                    expected_size=file.size,
                )
        except _SizeExceededError:
            partial.unlink()
            raise ModelHubError(
                "hub.file_size_mismatch",
                endpoint=self._endpoint,
                file=file.name,
                size=f"{file.size:,}",
            ) from None
        if file.sha256 is not None and _sha256(partial) != file.sha256:
            partial.unlink()
            raise ModelHubError("hub.file_damaged", file=file.name, repo=plan.repo)
        os.replace(partial, target)


class _SizeExceededError(Exception):
    pass


class _LimitedWriter(io.BufferedWriter):
    """Appends to a file of at most `max_bytes`: an endless response would fill the disk."""

    def __init__(self, file: Path, max_bytes: int) -> None:
        super().__init__(io.FileIO(file, "ab"))
        self._max_bytes = max_bytes

    def write(self, data: "ReadableBuffer", /) -> int:
        if self.tell() + memoryview(data).nbytes > self._max_bytes:
            raise _SizeExceededError
        return super().write(data)


def _is_secure(endpoint: str) -> bool:
    """Whether the URL is https, or on this machine."""
    try:
        url = urlsplit(endpoint)
    except ValueError:
        return False
    return url.scheme == "https" or is_loopback(url.hostname or "")


def _check_commit(sha: str | None) -> str:
    """The commit, which becomes part of a directory's name. Raises InvalidCommitError."""
    if sha is not None and not _COMMIT.fullmatch(sha):
        raise InvalidCommitError(sha[:80])
    return sha or "main"


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_disk_space(plan: DownloadPlan, directory: Path) -> None:
    downloaded = sum(f.stat().st_size for f in directory.rglob("*") if f.is_file())
    missing = plan.size_bytes - downloaded
    free = shutil.disk_usage(directory).free
    if missing * (1 + _DISK_HEADROOM) > free:
        raise StorageUnavailableError(
            "hub.disk_full",
            repo=plan.repo,
            missing=f"{missing / 1e6:,.0f}",
            free=f"{free / 1e6:,.0f}",
        )
