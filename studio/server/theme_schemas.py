"""Response bodies of the API about themes: what is deployed of them, and one theme with all that belongs to it."""

from collections.abc import Mapping
from typing import Self

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.themes.deployment import Deployment
from studio.recipes.themes.preset import Slot
from studio.server.admin_schemas import ThemeVersionResponse
from studio.services.evaluation.ranking import Ranking
from studio.store.blind_tests import StoredBlindTest


class ActiveDeploymentResponse(FrozenModel):
    """What a channel serves of a theme now; `previous_version` is what a rollback would serve."""

    channel: Slug
    version: int
    canary_version: int | None
    canary_percent: int
    previous_version: int | None


class ThemeResponse(FrozenModel):
    """A theme as operators list it; `latest` is the number of its latest version."""

    slug: Slug
    name: str
    latest: int
    archived: bool
    active: tuple[ActiveDeploymentResponse, ...] = ()


class RobustnessSummary(FrozenModel):
    """A robustness report in short; `pass_rate` is 0 to 1."""

    pass_rate: float
    passed: bool

    @classmethod
    def of(cls, report: RobustnessReport) -> Self:
        return cls(pass_rate=report.pass_rate, passed=report.passed)


class RegressionSummary(FrozenModel):
    """A regression report in short; color differences are in CIEDE2000 units."""

    baseline_version: int | None
    median_delta_e: float | None
    reviewed_by: tuple[str, ...]
    color_error: float | None
    diversity: float
    seed_diversity: float | None

    @classmethod
    def of(cls, report: RegressionReport) -> Self:
        return cls(
            baseline_version=report.baseline_version,
            median_delta_e=report.median_delta_e,
            reviewed_by=report.reviewed_by,
            **report.metrics.model_dump(),
        )


class VersionDetailsResponse(ThemeVersionResponse):
    """A version with its latest reports, and how often users chose each recipe's image (null: never)."""

    selections: Mapping[Slot, int] | None
    robustness: RobustnessSummary | None
    regression: RegressionSummary | None


class CandidateStanding(FrozenModel):
    """A candidate of a blind test; `win_probability` is that against an average one."""

    label: str
    win_probability: float
    votes: int


class BlindTestStanding(FrozenModel):
    """A blind test with its ranking so far."""

    id: int
    title: str
    is_significant: bool
    candidates: tuple[CandidateStanding, ...]

    @classmethod
    def of(cls, stored: StoredBlindTest, ranking: Ranking) -> Self:
        return cls(
            id=stored.id,
            title=stored.blind_test.title,
            is_significant=ranking.is_significant,
            candidates=tuple(
                CandidateStanding(
                    label=candidate.label,
                    win_probability=candidate.win_probability,
                    votes=candidate.votes,
                )
                for candidate in ranking.candidates
            ),
        )


class ThemeDetailsResponse(FrozenModel):
    """A theme with its versions (latest first), what is active, deployments (latest first) and blind tests.

    `unhealthy` has the reasons why a channel's active version cannot be rendered, by channel.
    """

    slug: Slug
    name: str
    archived: bool
    versions: tuple[VersionDetailsResponse, ...]
    active: tuple[ActiveDeploymentResponse, ...]
    unhealthy: Mapping[Slug, tuple[str, ...]]
    deployments: tuple[Deployment, ...]
    blind_tests: tuple[BlindTestStanding, ...]
