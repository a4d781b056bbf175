"""The pages Models and System, and what they ask for: what is where, what runs, what is pulled."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse
from pydantic import Field

from studio.bootstrap import Studio
from studio.engine.status import EngineStatus
from studio.errors import NotFound
from studio.messages import in_language
from studio.recipes.base import Frozen
from studio.recipes.recipe import ModelKind, ModelName
from studio.recipes.text import LINE
from studio.service.chores import Chore
from studio.service.pulling import PullWish
from studio.service.watching import Journal, system_status
from studio.ui.doors import Language, OwnPage
from studio.ui.plain import plain_page

_Name = Annotated[str, Field(min_length=1, max_length=200), LINE]


class _Chore(Frozen):
    name: _Name


class _Wish(Frozen):
    repo: _Name
    kind: ModelKind = "checkpoint"
    file: _Name | None = None
    variant: _Name | None = None


def workshop_routes(studio: Studio, journal: Journal) -> APIRouter:
    routes = APIRouter()

    @routes.get("/system")
    def system_page(request: Request) -> HTMLResponse:
        return plain_page("system", request)

    @routes.get("/system/status")
    def status() -> dict[str, Any]:
        jobs = studio.serving.jobs
        return asdict(system_status(studio.settings, studio.rendering, jobs, journal.tail()))

    @routes.get("/system/chores")
    def chores(language: Language) -> list[dict[str, Any]]:
        """Long work: what is under way and what ended of late, the newest first."""
        return [in_language(_chore(each), language) for each in studio.chores.all()]

    @routes.post("/system/chores/stop")
    def stop(wish: _Chore, x_studio: OwnPage) -> dict[str, str]:
        """At its next picture; what is drawn by then is kept."""
        studio.chores.stop(wish.name)
        return {"state": "stopping"}

    @routes.get("/models")
    def models_page(request: Request) -> HTMLResponse:
        return plain_page("models", request)

    @routes.get("/models/list")
    def models(language: Language) -> dict[str, Any]:
        tiers = _tiers(studio.rendering.engine_status())
        return {
            "models": [
                {
                    "kind": each.kind, "name": each.name, "family": each.family,
                    "bytes": each.bytes, "sha256": each.sha256, "triggers": each.triggers,
                    "where": tiers.get((each.kind, each.name), "disk"),
                    "picture": studio.catalogue.picture(each.kind, each.name) is not None,
                }
                for each in studio.catalogue.models()
            ],
            "pulls": [in_language(pull, language) for pull in studio.pulls.all()],
        }  # fmt: skip

    @routes.get("/models/picture/{kind}/{name}")
    def picture(kind: ModelKind, name: ModelName) -> FileResponse:
        file = studio.catalogue.picture(kind, name)
        if file is None:
            raise NotFound("model.no_image", kind=kind, name=name)
        return FileResponse(file, headers={"Cache-Control": "private, max-age=600"})

    @routes.get("/models/problems")
    def problems(language: Language) -> list[str]:
        return [in_language(reason, language) for _, reason in studio.catalogue.problems()]

    @routes.post("/models/pull")
    def pull(wish: _Wish, x_studio: OwnPage, language: Language) -> dict[str, Any]:
        begun: dict[str, Any] = in_language(
            studio.pulls.start(PullWish(**wish.model_dump())), language
        )
        return begun

    return routes


def _chore(chore: Chore) -> dict[str, Any]:
    return {
        "name": chore.name,
        "started": chore.started.isoformat(),
        **vars(chore.about),
        **vars(chore.progress),
    }


def _tiers(status: EngineStatus | None) -> Mapping[tuple[str, str], str]:
    """Where each model is that is not on disk alone."""
    if status is None:
        return {}
    held = {"checkpoint": status.base_models, "controlnet": status.controlnets, "vae": status.vaes}
    return {
        (kind, resident.key): resident.tier
        for kind, tier in held.items()
        for resident in tier.residents
    }
