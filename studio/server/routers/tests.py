"""Routes of the list of all long work, for operators (scope `admin`); each kind has routes of its own."""

from fastapi import APIRouter, Depends

from studio.recipes.base_image import Slug
from studio.server.dependencies import Language, Tests, require_admin
from studio.server.schemas import API_PREFIX
from studio.server.task_schemas import ListedTestResponse
from studio.services.background_tasks import TaskKind

router = APIRouter(
    prefix=f"{API_PREFIX}/tests", tags=["tests"], dependencies=[Depends(require_admin)]
)


@router.get("")
def list_tests(
    tests: Tests, language: Language, kind: TaskKind | None = None, theme: Slug | None = None
) -> list[ListedTestResponse]:
    """Grids, robustness tests, regression suites, blind tests and tuning studies: running ones first, then
    the latest; of one kind or theme where they are given."""
    return [ListedTestResponse.listed(test, language) for test in tests.list_all(kind, theme)]
