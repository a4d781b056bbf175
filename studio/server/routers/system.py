"""Routes about this process, for operators (scope `admin`): versions, queue, caches, log, background tasks."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from studio.recipes.base import FrozenModel
from studio.recipes.text_fields import LINE
from studio.server.dependencies import (
    Jobs,
    Language,
    Renders,
    StudioSettings,
    Tasks,
    require_admin,
)
from studio.server.schemas import API_PREFIX
from studio.server.task_schemas import BackgroundTaskResponse
from studio.services.diagnostics import RecentLogHandler, SystemStatus, system_status

TASKS_URL = f"{API_PREFIX}/background-tasks"

router = APIRouter(tags=["system"], dependencies=[Depends(require_admin)])


class TaskName(FrozenModel):
    name: Annotated[str, Field(min_length=1, max_length=200), LINE]


@router.get(f"{API_PREFIX}/system")
def get_status(
    request: Request, settings: StudioSettings, renders: Renders, jobs: Jobs
) -> SystemStatus:
    """Versions, disk, queue, engine caches and recent log lines of this process."""
    recent_log: RecentLogHandler = request.app.state.recent_log
    return system_status(settings, renders, jobs, recent_log.lines())


@router.get(TASKS_URL)
def list_background_tasks(tasks: Tasks, language: Language) -> list[BackgroundTaskResponse]:
    """Background tasks of this process that run or ended recently, latest first."""
    return [BackgroundTaskResponse.at(task, language) for task in tasks.list_all()]


@router.post(f"{TASKS_URL}/cancel", status_code=202)
def cancel_background_task(body: TaskName, tasks: Tasks) -> TaskName:
    """Cancels a task after the image that is being rendered; finished images stay."""
    tasks.cancel(body.name)
    return body
