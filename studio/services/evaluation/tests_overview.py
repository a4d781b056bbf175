"""One list of all long work: grids, robustness tests, regression suites, blind tests, tuning studies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from studio.errors import StorageError, StudioError, public_message
from studio.messages import Message, message
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.generation.grid_fields import axis_label
from studio.services.background_tasks import (
    BackgroundTask,
    BackgroundTasks,
    TaskKind,
    TaskProgress,
)
from studio.services.evaluation import blind_test_service, evaluation_service, tuning_service
from studio.services.evaluation.blind_test_service import BlindTestService
from studio.services.evaluation.grid_service import GridService, task_name
from studio.services.evaluation.tuning_service import TuningService
from studio.store.evaluation_reports import ReportStore, StoredReport
from studio.store.themes import ThemeStore

MAX_OF_A_KIND = 50
"""The latest of each kind that the list has."""
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ListedTest:
    """One piece of long work, running or finished.

    Attributes:
        name: of its background task, also where none runs.
        reference: the id of a grid or blind test, the name of a study, empty for a suite.
        subject: the name of the theme, blind test or study.
        slug: the theme's, None where it is unknown, as `version` and `started_at`.
        result: in one line; None while there is none.
        is_complete: whether nothing is left to render.
        page: the path of the page that shows it.
    """

    name: str
    kind: TaskKind
    reference: str
    subject: str
    slug: Slug | None
    version: int | None
    author: str
    started_at: datetime | None
    progress: TaskProgress
    result: Message | None
    is_complete: bool
    page: str


@dataclass(frozen=True)
class TestOverview:
    """Reads what the stores know, and what runs in this process."""

    __test__ = False  # No test case of pytest.

    themes: ThemeStore
    reports: ReportStore
    grids: GridService
    blind_tests: BlindTestService
    tuning: TuningService
    background_tasks: BackgroundTasks

    def list_all(
        self, kind: TaskKind | None = None, slug: Slug | None = None
    ) -> Sequence[ListedTest]:
        """Running work first, then the latest; of one kind or theme where they are given."""
        names = {
            theme.slug: theme.name for theme in self.themes.list_summaries(include_archived=True)
        }
        tests = {test.name: test for test in self._stored(names, kind)}
        for task in reversed(self.background_tasks.list_all()):
            stored = tests.get(task.name)
            tests[task.name] = _of_task(task) if stored is None else _with_task(stored, task)
        chosen = [
            test
            for test in tests.values()
            if kind in (None, test.kind) and slug in (None, test.slug)
        ]
        chosen.sort(key=lambda test: test.started_at or _BEGINNING, reverse=True)
        return sorted(chosen, key=lambda test: test.progress.state != "running")

    def _stored(self, names: Mapping[str, str], kind: TaskKind | None) -> Iterator[ListedTest]:
        """What the stores have, of one kind where it is given."""
        if kind in (None, "grid"):
            yield from self._stored_grids()
        if kind in (None, "blind_test"):
            yield from self._stored_blind_tests()
        if kind in (None, "study"):
            yield from self._stored_studies()
        if kind in (None, "robustness", "regression"):
            for report in self.reports.list_latest(MAX_OF_A_KIND):
                yield _of_report(report, names.get(report.slug, report.slug))

    def _stored_grids(self) -> Iterator[ListedTest]:
        for grid in self.grids.store.list_latest(MAX_OF_A_KIND):
            progress = self.grids.progress(grid)
            yield ListedTest(
                name=task_name(grid.id),
                kind="grid",
                reference=str(grid.id),
                subject=grid.theme_name,
                slug=grid.slug,
                version=grid.version,
                author=grid.author,
                started_at=grid.created_at,
                progress=progress,
                result=message(
                    "page.tests.grid_result",
                    slot=grid.slot,
                    done=progress.done,
                    total=grid.images,
                    axes=[axis_label(axis.field) for axis in grid.axes],
                ),
                is_complete=progress.state == "done",
                page=f"/tests?grid={grid.id}",
            )

    def _stored_blind_tests(self) -> Iterator[ListedTest]:
        votes = self.blind_tests.store.count_votes()
        for stored in self.blind_tests.list_latest(MAX_OF_A_KIND):
            first = stored.blind_test.candidates[0]
            is_complete, progress = self._blind_test_progress(stored.id)
            yield ListedTest(
                name=blind_test_service.task_name(stored.id),
                kind="blind_test",
                reference=str(stored.id),
                subject=stored.blind_test.title,
                slug=first.slug,
                version=None,
                author=stored.author,
                started_at=stored.created_at,
                progress=progress,
                result=message("page.tests.votes", count=votes.get(stored.id, 0)),
                is_complete=is_complete,
                page=f"/tests/blind-tests?test={stored.id}",
            )

    def _blind_test_progress(self, test_id: int) -> tuple[bool, TaskProgress]:
        """Whether nothing is left to render, and how far it is; one that cannot be rendered any more, as
        without its model, has failed."""
        try:
            current = self.blind_tests.progress(test_id)
        except StorageError:
            raise
        except StudioError as error:
            return False, TaskProgress(state="failed", message=public_message(error))
        if current.is_complete:
            return True, replace(current.progress, state="done")
        return False, current.progress

    def _stored_studies(self) -> Iterator[ListedTest]:
        for study in self.tuning.list_summaries()[:MAX_OF_A_KIND]:
            result = (
                message("page.tests.study_unrated", count=study.trials)
                if study.best_score is None
                else message(
                    "page.tests.study_result",
                    count=study.trials,
                    best=f"{100 * study.best_score:.0f}",
                )
            )
            yield ListedTest(
                name=tuning_service.task_name(study.name),
                kind="study",
                reference=study.name,
                subject=study.name,
                slug=study.slug,
                version=study.version,
                author="",
                started_at=study.started_at,
                progress=TaskProgress(study.trials, study.trials, "done"),
                result=result,
                is_complete=True,
                page=tuning_service.page_of(study.name),
            )


def _of_report(report: StoredReport, theme_name: str) -> ListedTest:
    document = report.document
    if isinstance(document, RobustnessReport):
        total = len(document.cases)
    else:
        total = len(document.comparisons)
    return ListedTest(
        name=evaluation_service.task_name(report.slug, report.version, report.kind),
        kind=report.kind,
        reference="",
        subject=theme_name,
        slug=report.slug,
        version=report.version,
        author="",
        started_at=report.created_at,
        progress=TaskProgress(total, total, "done"),
        result=_summarize(document),
        is_complete=True,
        page=evaluation_service.page_of(report.slug, report.version),
    )


def _summarize(report: RobustnessReport | RegressionReport) -> Message:
    if isinstance(report, RobustnessReport):
        passed = sum(case.passed for case in report.cases)
        return message("page.tests.robustness_result", passed=passed, total=len(report.cases))
    count, delta_e = len(report.comparisons), report.median_delta_e
    if report.baseline_version is None or delta_e is None:
        return message("page.tests.regression_alone", count=count)
    return message(
        "page.tests.regression_result",
        count=count,
        number=report.baseline_version,
        delta_e=f"{delta_e:.1f}",
    )


def _of_task(task: BackgroundTask) -> ListedTest:
    """A suite that runs, or ended in this process without a report."""
    return ListedTest(
        name=task.name,
        kind=task.about.kind,
        reference="",
        subject=task.about.subject,
        slug=task.about.slug,
        version=task.about.version,
        author="",
        started_at=task.started_at,
        progress=task.progress,
        result=None,
        is_complete=task.progress.state == "done",
        page=task.about.page,
    )


def _with_task(test: ListedTest, task: BackgroundTask) -> ListedTest:
    """What a store knows, and how far its task is; a task that has ended without failing says no more."""
    if task.progress.state == "done":
        return test
    return replace(test, progress=task.progress, started_at=task.started_at)
