"""Routes about this process, for operators (scope `admin`): versions, queue, caches, log, background tasks."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from studio.engine.stats import DeviceInfo, EngineStats
from studio.recipes.base import FrozenModel
from studio.recipes.text_fields import LINE
from studio.server.dependencies import (
    Jobs,
    Language,
    Rendering,
    Renders,
    StudioSettings,
    Tasks,
    require_admin,
)
from studio.server.schemas import API_PREFIX
from studio.server.task_schemas import BackgroundTaskResponse
from studio.services.diagnostics import (
    ActiveRun,
    QueueStatus,
    RecentLogHandler,
    active_runs,
    package_versions,
    queue_status,
)
from studio.services.rendering.run_tasks import cancel_run_task, list_run_tasks

WarmUpState = Literal["renderer", "model", "done"]
TASKS_URL = f"{API_PREFIX}/background-tasks"

router = APIRouter(tags=["system"], dependencies=[Depends(require_admin)])


class TaskName(FrozenModel):
    name: Annotated[str, Field(min_length=1, max_length=200), LINE]


class DeviceResponse(FrozenModel):
    """The device that renders; `problem` says why it, or a graphics card that is there, cannot be used."""

    device: str
    name: str
    memory_bytes: int | None
    precision: str | None
    attention: str | None
    problem: str | None

    @classmethod
    def of(cls, info: DeviceInfo, language: str) -> Self:
        problem = info.problem.text(language) if info.problem else None
        return cls(**vars(info) | {"problem": problem})


class SystemResponse(FrozenModel):
    """This process and the job queue.

    `disk_free` and `disk_total` are bytes of the disk with the data directory; `engine` is null until the
    first image, `device` until it has been looked at.
    """

    versions: Mapping[str, str]
    device: DeviceResponse | None
    data_dir: str
    disk_free: int
    disk_total: int
    active_runs: tuple[ActiveRun, ...]
    queue: QueueStatus
    engine: EngineStats | None
    recent_log: tuple[str, ...]


class WarmUpResponse(FrozenModel):
    """What the warm-up does, and for how long; `model` is empty but in the state `model`."""

    state: WarmUpState
    model: str = ""
    seconds: float = 0.0


@router.get(f"{API_PREFIX}/system")
def get_status(
    request: Request,
    settings: StudioSettings,
    rendering: Rendering,
    jobs: Jobs,
    language: Language,
) -> SystemResponse:
    """Versions, device, disk, queue, engine caches and recent log lines of this process."""
    recent_log: RecentLogHandler = request.app.state.recent_log
    engine, disk = rendering.renders.engine_status(), shutil.disk_usage(settings.data_dir)
    # That of the probe until the engine knows its own.
    device = (engine and engine.device) or rendering.device_probe.info
    return SystemResponse(
        versions=package_versions(),
        device=DeviceResponse.of(device, language) if device else None,
        data_dir=str(settings.data_dir),
        disk_free=disk.free,
        disk_total=disk.total,
        active_runs=active_runs(rendering.renders),
        queue=queue_status(rendering.renders, jobs),
        engine=replace(engine, device=None) if engine else None,
        recent_log=recent_log.lines(),
    )


@router.get(f"{API_PREFIX}/warm-up")
def get_warm_up(rendering: Rendering) -> WarmUpResponse:
    """Whether the renderer is being started, or which model is loaded ahead of the first image."""
    status = rendering.warm_up.status
    if status is None:
        return WarmUpResponse(state="done")
    state: WarmUpState = "model" if status.model else "renderer"
    return WarmUpResponse(state=state, model=status.model, seconds=round(status.seconds, 1))


@router.get(TASKS_URL)
def list_background_tasks(
    tasks: Tasks, renders: Renders, language: Language
) -> list[BackgroundTaskResponse]:
    """Background tasks and test runs of this process that run or ended recently: runs first, each latest
    first."""
    every = [*list_run_tasks(renders), *tasks.list_all()]
    return [BackgroundTaskResponse.at(task, language) for task in every]


@router.post(f"{TASKS_URL}/cancel", status_code=202)
def cancel_background_task(body: TaskName, tasks: Tasks, renders: Renders) -> TaskName:
    """Cancels a task after the image that is being rendered, a test run within a step; finished images
    stay."""
    if not cancel_run_task(renders, body.name):
        tasks.cancel(body.name)
    return body
