"""Routes of models, for operators (scope `admin`): what is installed and loaded, unusable files, downloads."""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Literal, Self
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response
from fastapi.responses import FileResponse
from pydantic import Field

from studio.engine.stats import EngineStats
from studio.errors import NotFoundError
from studio.models.types import ListedModel
from studio.recipes.base import FrozenModel
from studio.recipes.generation.recipe import ModelName, ModelType
from studio.recipes.text_fields import LINE
from studio.server.dependencies import (
    Catalog,
    Deployments,
    Downloads,
    Language,
    ModelHashing,
    Renders,
    StudioSettings,
    Themes,
    Thumbnails,
    require_admin,
)
from studio.server.schemas import API_PREFIX
from studio.server.thumbnail_responses import IfNoneMatch, ThumbnailSize, thumbnail_response
from studio.services.model_downloads import (
    DownloadEstimate,
    DownloadProgress,
    DownloadRequest,
    DownloadState,
)
from studio.services.model_usage import ThemeUse, find_model_usage

Text = Annotated[str, Field(min_length=1, max_length=200), LINE]
MODELS = f"{API_PREFIX}/models"

router = APIRouter(prefix=MODELS, tags=["models"], dependencies=[Depends(require_admin)])


class ModelResponse(FrozenModel):
    """An installed model, the memory tier that holds it, and the URL of its preview image, if there is one."""

    kind: ModelType
    name: str
    family: str
    size_bytes: int
    sha256: str | None
    """Null while it is being computed."""

    trigger_words: tuple[str, ...]
    tier: Literal["device", "ram", "disk"]
    preview: str | None

    @classmethod
    def of(cls, model: ListedModel, tier: Literal["device", "ram"] | None, preview: bool) -> Self:
        return cls(
            kind=model.kind,
            name=model.name,
            family=model.family,
            size_bytes=model.size_bytes,
            sha256=model.sha256,
            trigger_words=model.trigger_words,
            tier=tier or "disk",
            preview=model_preview_url(model.kind, model.name) if preview else None,
        )


class StartDownload(FrozenModel):
    """A model of a hub; `file` and `variant` are the options of `studio models pull`."""

    repo: Text
    kind: ModelType = "checkpoint"
    file: Text | None = None
    variant: Text | None = None


class DownloadEstimateResponse(DownloadEstimate):
    """What would be downloaded, in bytes and files, and the bytes that are free on the disk."""

    disk_free: int


class ModelUsageResponse(FrozenModel):
    """The themes that use a model, in their latest version or in one that is live."""

    kind: ModelType
    name: str
    themes: tuple[ThemeUse, ...]


class DownloadResponse(FrozenModel):
    """How far a download is: `downloaded_bytes` of `bytes`; `message` says why it failed."""

    repo: str
    name: str
    kind: ModelType
    bytes: int
    downloaded_bytes: int
    state: DownloadState
    message: str

    @classmethod
    def of(cls, progress: DownloadProgress, language: str) -> Self:
        text = progress.message.text(language) if progress.message else ""
        return cls(**asdict(progress) | {"message": text})


@router.get("")
def list_models(catalog: Catalog, hashing: ModelHashing, renders: Renders) -> list[ModelResponse]:
    """The installed models, each with the memory tier that holds it.

    Starts to compute the hashes that are not known yet.
    """
    tiers, models = _tiers(renders.engine_status()), catalog.list_files()
    if any(model.sha256 is None for model in models):
        hashing.start()
    return [
        ModelResponse.of(
            model,
            tiers.get((model.kind, model.name)),
            catalog.preview_image(model.kind, model.name) is not None,
        )
        for model in models
    ]


@router.get("/usage")
def list_usage(themes: Themes, deployments: Deployments) -> list[ModelUsageResponse]:
    """The models that themes use, each with these themes."""
    return [
        ModelUsageResponse(kind=kind, name=name, themes=uses)
        for (kind, name), uses in find_model_usage(themes, deployments).items()
    ]


@router.get("/previews/{kind}/{name}", response_class=FileResponse)
def get_preview(
    kind: ModelType,
    name: ModelName,
    catalog: Catalog,
    thumbnails: Thumbnails,
    size: ThumbnailSize | None = None,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """The preview image that lies beside a model's file; with `size`, a WebP copy of that many pixels at least on
    its longest side."""
    file = catalog.preview_image(kind, name)
    if file is None:
        raise NotFoundError("model.no_image", kind=kind, name=name)
    if size is not None:
        with suppress(Exception):  # Pillow raises all kinds of errors for what it cannot read.
            version = f"{file} {file.stat().st_mtime_ns}"
            thumbnail = thumbnails.get_tagged(version, size, file.read_bytes)
            return thumbnail_response(thumbnail, if_none_match)
    return FileResponse(file, headers={"Cache-Control": "private, max-age=600"})


@router.get("/problems")
def list_problems(catalog: Catalog, language: Language) -> list[str]:
    """Why files of the model directories cannot be used."""
    return [reason.text(language) for _, reason in catalog.list_problems()]


@router.get("/downloads")
def list_downloads(downloads: Downloads, language: Language) -> list[DownloadResponse]:
    """The downloads that this process has started, latest last."""
    return [DownloadResponse.of(download, language) for download in downloads.list_all()]


@router.post("/downloads/estimate")
def estimate_download(
    body: StartDownload, downloads: Downloads, settings: StudioSettings
) -> DownloadEstimateResponse:
    """Asks the hub how much a download is; nothing is downloaded."""
    estimate = downloads.estimate(DownloadRequest(**body.model_dump()))
    disk_free = shutil.disk_usage(settings.data_dir).free
    return DownloadEstimateResponse(**dict(estimate), disk_free=disk_free)


@router.post("/downloads", status_code=202)
def start_download(
    body: StartDownload, downloads: Downloads, language: Language
) -> DownloadResponse:
    """Starts to download a model from the hub."""
    progress = downloads.start(DownloadRequest(**body.model_dump()))
    return DownloadResponse.of(progress, language)


def model_preview_url(kind: ModelType, name: str) -> str:
    """The URL of a model's preview image."""
    return f"{MODELS}/previews/{kind}/{quote(name, safe='')}"


def _tiers(status: EngineStats | None) -> Mapping[tuple[str, str], Literal["device", "ram"]]:
    """The memory tier of each loaded model, by its type and name."""
    if status is None:
        return {}
    caches = {
        "checkpoint": status.base_models,
        "controlnet": status.controlnets,
        "vae": status.vaes,
        "ip_adapter": status.ip_adapters,
        "image_encoder": status.image_encoders,
    }
    return {
        (kind, entry.key): entry.tier for kind, cache in caches.items() for entry in cache.residents
    }
