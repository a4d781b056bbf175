"""Response bodies of the API about themes: what is deployed of them, and one theme with all that belongs to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.generation.drift import DriftSummary
from studio.recipes.text_fields import Author
from studio.recipes.themes.deployment import Deployment
from studio.recipes.themes.preset import Slot
from studio.recipes.themes.review import (
    MAX_TAGS,
    Review,
    ReviewKind,
    ReviewSpec,
    ReviewState,
    Tag,
)
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


class ScheduledDeploymentResponse(FrozenModel):
    """A deployment that begins later."""

    channel: Slug
    version: int
    starts_at: datetime


class ThemeResponse(FrozenModel):
    """A theme as operators list it.

    `latest` is the number of its latest version; `author`, `updated_at` and `review` are of that version.
    `was_deployed` is whether it was ever deployed.
    """

    slug: Slug
    name: str
    latest: int
    archived: bool
    tags: tuple[str, ...]
    author: str
    updated_at: datetime
    review: ReviewState = "none"
    was_deployed: bool = False
    active: tuple[ActiveDeploymentResponse, ...] = ()
    scheduled: tuple[ScheduledDeploymentResponse, ...] = ()


class RobustnessSummary(FrozenModel):
    """A robustness report in short; `pass_rate` is 0 to 1."""

    pass_rate: float
    passed: bool

    @classmethod
    def of(cls, report: RobustnessReport) -> Self:
        return cls(pass_rate=report.pass_rate, passed=report.passed)


class RegressionSummary(FrozenModel):
    """A regression report in short; color differences are in CIEDE2000 units, `drift` is against the base images."""

    baseline_version: int | None
    median_delta_e: float | None
    reviewed_by: tuple[str, ...]
    color_error: float | None
    diversity: float
    seed_diversity: float | None
    drift: DriftSummary | None

    @classmethod
    def of(cls, report: RegressionReport) -> Self:
        return cls(
            baseline_version=report.baseline_version,
            median_delta_e=report.median_delta_e,
            reviewed_by=report.reviewed_by,
            **report.metrics.model_dump(),
            drift=report.drift,
        )


class VersionDetailsResponse(ThemeVersionResponse):
    """A version with its latest reports, and how often users chose each recipe's image (null: never) in how
    many requests."""

    review: ReviewState
    requests: int
    selections: Mapping[Slot, int] | None
    robustness: RobustnessSummary | None
    regression: RegressionSummary | None


class CandidateStanding(FrozenModel):
    """A candidate of a blind test; `win_probability` is that against an average one."""

    slug: Slug
    version: int
    slot: Slot | None
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
                    **stored.blind_test.candidates[candidate.index].model_dump(exclude={"cell"}),
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
    tags: tuple[str, ...]
    versions: tuple[VersionDetailsResponse, ...]
    active: tuple[ActiveDeploymentResponse, ...]
    scheduled: tuple[ScheduledDeploymentResponse, ...]
    unhealthy: Mapping[Slug, tuple[str, ...]]
    deployments: tuple[Deployment, ...]
    blind_tests: tuple[BlindTestStanding, ...]


class TagsRequest(FrozenModel):
    """A theme's tags; each is kept once, in whatever case."""

    tags: Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS)]


class ReviewRequest(ReviewSpec):
    """A comment on a version, or a decision. `author` counts where nobody signs in."""

    kind: ReviewKind = "comment"
    author: Author = ""

    def to_spec(self, author: str) -> ReviewSpec:
        return ReviewSpec(kind=self.kind, author=author, text=self.text.strip(), cell=self.cell)


class ReviewsResponse(FrozenModel):
    """The review log of a version, oldest first, its state, and the approvals that hold."""

    state: ReviewState
    reviews: tuple[Review, ...]
    approvals: tuple[Review, ...]


class ComparedImageResponse(FrozenModel):
    """An image of the regression suite, of a version and of its baseline; addresses are null where the image is
    not rendered. `delta_e` is the mean CIEDE2000 difference, null where it was not measured."""

    slot: Slot
    image: str | None
    baseline_image: str | None
    delta_e: float | None


class ComparedRowResponse(FrozenModel):
    """The images of one doodle and seed; `doodle_image` is the doodle on its base image."""

    doodle: str
    doodle_image: str
    seed: int
    images: tuple[ComparedImageResponse, ...]


class VersionComparisonResponse(FrozenModel):
    """A version beside the one it would replace (null: none); `complete` is whether every image is rendered.

    `report` is that of the version's latest regression suite, null before the first.
    """

    baseline_version: int | None
    complete: bool
    report: RegressionSummary | None
    rows: tuple[ComparedRowResponse, ...]
