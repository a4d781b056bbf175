"""Response bodies of the API about background tasks."""

from datetime import datetime
from typing import Self

from studio.recipes.base import FrozenModel
from studio.server.schemas import API_PREFIX
from studio.services.background_tasks import BackgroundTask, State, TaskKind, TaskProgress
from studio.services.evaluation.tests_overview import ListedTest


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


class ListedTestResponse(TaskProgressResponse):
    """A grid, suite, blind test or tuning study, running or finished; `name` is its background task's.

    `result` says in one line what came out, empty where nothing has. `rerun` is the route (POST) that
    renders what is missing, or a suite again, and `cost` the one that says what that takes; null where
    there is nothing to do.
    """

    name: str
    kind: TaskKind
    subject: str
    slug: str | None
    version: int | None
    author: str
    started_at: datetime | None
    result: str
    page: str
    rerun: str | None
    cost: str | None

    @classmethod
    def listed(cls, test: ListedTest, language: str) -> Self:
        rerun, cost = _routes(test)
        return cls(
            **dict(TaskProgressResponse.of(test.progress, language)),
            name=test.name,
            kind=test.kind,
            subject=test.subject,
            slug=test.slug,
            version=test.version,
            author=test.author,
            started_at=test.started_at,
            result=test.result.text(language) if test.result else "",
            page=test.page,
            rerun=rerun,
            cost=cost,
        )


def _routes(test: ListedTest) -> tuple[str | None, str | None]:
    """Where a test is run again, and where it is said what that costs."""
    if test.kind in ("robustness", "regression"):
        suite = f"{API_PREFIX}/admin/themes/{test.slug}/versions/{test.version}/{test.kind}"
        return suite, f"{suite}/cost"
    if test.is_complete or test.kind == "study":
        return None, None
    collection = "grids" if test.kind == "grid" else "blind-tests"
    one = f"{API_PREFIX}/{collection}/{test.reference}"
    return f"{one}/render", f"{one}/cost"
