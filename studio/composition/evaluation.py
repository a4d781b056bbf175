"""Wires the evaluation of themes: grids, robustness, regression, blind tests, tuning."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.composition.rendering import RenderingServices
from studio.composition.stores import Stores
from studio.services.background_tasks import BackgroundTasks
from studio.services.cost_estimates import Costs
from studio.services.evaluation.blind_test_images import BlindTestImages
from studio.services.evaluation.blind_test_service import BlindTestService
from studio.services.evaluation.evaluation_service import EvaluationService
from studio.services.evaluation.grid_service import GridService
from studio.services.evaluation.regression import RegressionSuite
from studio.services.evaluation.robustness import RobustnessSuite
from studio.services.evaluation.tests_overview import TestOverview
from studio.services.evaluation.trial_images import TrialImages
from studio.services.evaluation.tuning_service import TuningService
from studio.services.themes.bundled_content import SampleDoodle
from studio.store.tuning_journal import OptunaJournalBackend


@dataclass(frozen=True)
class EvaluationServices:
    """What measures theme versions and recipes, and looks for better values."""

    grids: GridService
    suites: EvaluationService
    blind_tests: BlindTestService
    tuning: TuningService
    overview: TestOverview


def build_evaluation(
    stores: Stores,
    rendering: RenderingServices,
    sample_doodles: Sequence[SampleDoodle],
    background_tasks: BackgroundTasks,
) -> EvaluationServices:
    """The services; what they render is cached across evaluations."""
    costs = Costs(stores.variants, rendering.cache)
    inputs = (stores.base_images, rendering.request_factory, rendering.cache)
    grid_costs = Costs(stores.variants, rendering.grid_cache)
    grids = GridService(
        stores.grids,
        stores.themes,
        stores.base_images,
        rendering.request_factory,
        rendering.grid_cache,
        background_tasks,
        grid_costs,
    )
    suites = EvaluationService(
        stores.themes,
        stores.deployments,
        stores.reports,
        RobustnessSuite(*inputs),
        RegressionSuite(*inputs, sample_doodles),
        background_tasks,
        costs,
    )
    images = BlindTestImages(stores.themes, *inputs, sample_doodles, grids)
    blind_tests = BlindTestService(
        stores.blind_tests, images, rendering.cache, background_tasks, costs
    )
    tuning = TuningService(
        OptunaJournalBackend(stores.database),
        stores.themes,
        TrialImages(rendering.request_factory, rendering.cache, sample_doodles),
        background_tasks,
        costs,
    )
    overview = TestOverview(
        stores.themes, stores.reports, grids, blind_tests, tuning, background_tasks
    )
    return EvaluationServices(grids, suites, blind_tests, tuning, overview)
