"""The page Models: what is installed and where it is loaded, unusable files, downloads."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import Field

from studio.engine.stats import EngineStats
from studio.errors import NotFoundError
from studio.messages import in_language
from studio.models.types import ListedModel
from studio.recipes.base import FrozenModel
from studio.recipes.generation.recipe import ModelName, ModelType
from studio.recipes.text_fields import LINE
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Container, Language
from studio.server.plain_pages import plain_page
from studio.services.model_downloads import DownloadRequest

Text = Annotated[str, Field(min_length=1, max_length=200), LINE]

router = APIRouter(prefix="/models")


class StartDownload(FrozenModel):
    repo: Text
    kind: ModelType = "checkpoint"
    file: Text | None = None
    variant: Text | None = None


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("models", request)


@router.get("/list")
def list_models(studio: Container, language: Language) -> dict[str, Any]:
    """The installed models, each with the memory tier that holds it, and the downloads.

    Hashes that are not known yet are null, and are being computed.
    """
    catalog = studio.models.catalog
    tiers, models = _tiers(studio.rendering.renders.engine_status()), catalog.list_files()
    if any(model.sha256 is None for model in models):
        studio.models.hashing.start()
    return {
        "models": [
            {
                **_to_json(model),
                "where": tiers.get((model.kind, model.name), "disk"),
                "image": studio.models.catalog.preview_image(model.kind, model.name) is not None,
            }
            for model in models
        ],
        "pulls": [
            in_language(download, language) for download in studio.models.downloads.list_all()
        ],
    }


@router.get("/picture/{kind}/{name}")
def get_preview_image(kind: ModelType, name: ModelName, studio: Container) -> FileResponse:
    """The preview image that lies beside a model's file."""
    file = studio.models.catalog.preview_image(kind, name)
    if file is None:
        raise NotFoundError("model.no_image", kind=kind, name=name)
    return FileResponse(file, headers={"Cache-Control": "private, max-age=600"})


@router.get("/problems")
def list_problems(studio: Container, language: Language) -> list[str]:
    """Why files of the model directories cannot be used."""
    return [in_language(reason, language) for _, reason in studio.models.catalog.list_problems()]


@router.post("/pull", dependencies=[CSRF_HEADER])
def start_download(body: StartDownload, studio: Container, language: Language) -> dict[str, Any]:
    """Starts to download a model from the hub; the answer is the download's progress."""
    download = studio.models.downloads.start(DownloadRequest(**body.model_dump()))
    progress: dict[str, Any] = in_language(download, language)
    return progress


def _to_json(model: ListedModel) -> dict[str, Any]:
    return {
        "kind": model.kind,
        "name": model.name,
        "family": model.family,
        "bytes": model.size_bytes,
        "sha256": model.sha256,
        "triggers": model.trigger_words,
    }


def _tiers(status: EngineStats | None) -> Mapping[tuple[str, str], str]:
    """The memory tier ("device" or "ram") of each loaded model, by its type and name."""
    if status is None:
        return {}
    caches = {
        "checkpoint": status.base_models,
        "controlnet": status.controlnets,
        "vae": status.vaes,
    }
    return {
        (kind, entry.key): entry.tier for kind, cache in caches.items() for entry in cache.residents
    }
