"""The page System: versions, disk, queue, engine caches, the recent log, background tasks."""

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.text_fields import LINE
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Container, Language
from studio.server.plain_pages import plain_page
from studio.services.background_tasks import BackgroundTask
from studio.services.diagnostics import system_status

router = APIRouter(prefix="/system")


class CancelTask(FrozenModel):
    name: Annotated[str, Field(min_length=1, max_length=200), LINE]


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("system", request)


@router.get("/status")
def get_status(request: Request, studio: Container, language: Language) -> dict[str, Any]:
    recent_log = request.app.state.recent_log.lines()
    device = studio.rendering.device_probe.info
    renders, jobs = studio.rendering.renders, studio.stores.jobs
    status = system_status(studio.settings, renders, jobs, device, recent_log)
    data: dict[str, Any] = in_language(status, language)
    return data


@router.get("/chores")
def list_background_tasks(studio: Container, language: Language) -> list[dict[str, Any]]:
    """Background tasks that run or ended recently, latest first."""
    return [in_language(_to_json(task), language) for task in studio.background_tasks.list_all()]


@router.post("/chores/stop", dependencies=[CSRF_HEADER])
def cancel_background_task(body: CancelTask, studio: Container) -> dict[str, str]:
    """Cancels a task after the image that is being rendered; finished images stay."""
    studio.background_tasks.cancel(body.name)
    return {"state": "stopping"}


def _to_json(task: BackgroundTask) -> dict[str, Any]:
    return {
        "name": task.name,
        "started": task.started_at.isoformat(),
        **vars(task.about),
        **vars(task.progress),
    }
