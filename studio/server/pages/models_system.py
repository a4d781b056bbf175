"""The pages Models and System, and what they ask for: what is where, what runs, what is pulled."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import Field

from studio.app import AppContainer
from studio.engine.stats import EngineStats
from studio.errors import NotFoundError
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.generation.recipe import ModelName, ModelType
from studio.recipes.text_fields import LINE
from studio.server.csrf import CsrfHeader, Language
from studio.server.plain_pages import plain_page
from studio.services.background_tasks import BackgroundTask
from studio.services.diagnostics import RecentLogHandler, system_status
from studio.services.model_downloads import DownloadRequest

_Name = Annotated[str, Field(min_length=1, max_length=200), LINE]


class _Chore(FrozenModel):
    name: _Name


class DownloadBody(FrozenModel):
    repo: _Name
    kind: ModelType = "checkpoint"
    file: _Name | None = None
    variant: _Name | None = None


def workshop_routes(studio: AppContainer, journal: RecentLogHandler) -> APIRouter:
    routes = APIRouter()

    @routes.get("/system")
    def system_page(request: Request) -> HTMLResponse:
        return plain_page("system", request)

    @routes.get("/system/status")
    def status() -> dict[str, Any]:
        jobs = studio.requests.jobs
        return asdict(system_status(studio.settings, studio.renders, jobs, journal.lines()))

    @routes.get("/system/chores")
    def chores(language: Language) -> list[dict[str, Any]]:
        """Long work: what is under way and what ended of late, the newest first."""
        return [in_language(_chore(each), language) for each in studio.background_tasks.list_all()]

    @routes.post("/system/chores/stop")
    def stop(wish: _Chore, x_studio: CsrfHeader) -> dict[str, str]:
        """At its next picture; what is drawn by then is kept."""
        studio.background_tasks.cancel(wish.name)
        return {"state": "stopping"}

    @routes.get("/models")
    def models_page(request: Request) -> HTMLResponse:
        return plain_page("models", request)

    @routes.get("/models/list")
    def models(language: Language) -> dict[str, Any]:
        tiers = _tiers(studio.renders.engine_status())
        return {
            "models": [
                {
                    "kind": each.kind, "name": each.name, "family": each.family,
                    "bytes": each.size_bytes, "sha256": each.sha256, "triggers": each.trigger_words,
                    "where": tiers.get((each.kind, each.name), "disk"),
                    "image": studio.catalog.preview_image(each.kind, each.name) is not None,
                }
                for each in studio.catalog.list_models()
            ],
            "pulls": [in_language(pull, language) for pull in studio.model_downloads.list_all()],
        }  # fmt: skip

    @routes.get("/models/picture/{kind}/{name}")
    def image(kind: ModelType, name: ModelName) -> FileResponse:
        file = studio.catalog.preview_image(kind, name)
        if file is None:
            raise NotFoundError("model.no_image", kind=kind, name=name)
        return FileResponse(file, headers={"Cache-Control": "private, max-age=600"})

    @routes.get("/models/problems")
    def problems(language: Language) -> list[str]:
        return [in_language(reason, language) for _, reason in studio.catalog.list_problems()]

    @routes.post("/models/pull")
    def pull(wish: DownloadBody, x_studio: CsrfHeader, language: Language) -> dict[str, Any]:
        begun: dict[str, Any] = in_language(
            studio.model_downloads.start(DownloadRequest(**wish.model_dump())), language
        )
        return begun

    return routes


def _chore(chore: BackgroundTask) -> dict[str, Any]:
    return {
        "name": chore.name,
        "started": chore.started_at.isoformat(),
        **vars(chore.about),
        **vars(chore.progress),
    }


def _tiers(status: EngineStats | None) -> Mapping[tuple[str, str], str]:
    """Where each model is that is not on disk alone."""
    if status is None:
        return {}
    held = {"checkpoint": status.base_models, "controlnet": status.controlnets, "vae": status.vaes}
    return {
        (kind, resident.key): resident.tier
        for kind, tier in held.items()
        for resident in tier.residents
    }
