"""Response bodies of the API about background tasks."""

from datetime import datetime
from typing import Self

from studio.recipes.base import FrozenModel
from studio.services.background_tasks import BackgroundTask, State, TaskKind, TaskProgress


class TaskProgressResponse(FrozenModel):
    """How far a task is: `done` of `total`, which is 0 while it is prepared; `message` says why it failed.

    `remaining_seconds` is null while it is unknown.
    """

    done: int
    total: int
    state: State
    message: str
    stopping: bool
    remaining_seconds: float | None

    @classmethod
    def of(cls, progress: TaskProgress, language: str) -> Self:
        text = progress.message.text(language) if progress.message else ""
        return cls(**vars(progress) | {"message": text})


class BackgroundTaskResponse(TaskProgressResponse):
    """A background task; `page` is the path of the page that shows it, `slug` its theme's."""

    name: str
    kind: TaskKind
    subject: str
    version: int | None
    slug: str | None
    page: str
    started_at: datetime

    @classmethod
    def at(cls, task: BackgroundTask, language: str) -> Self:
        progress = TaskProgressResponse.of(task.progress, language)
        return cls(name=task.name, started_at=task.started_at, **vars(task.about), **dict(progress))
