"""Request and response bodies of the API for operators: themes, deployments, evaluations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.text_fields import TEXT, Author, Name, Reason
from studio.recipes.themes.deployment import DeploymentSpec, ExpectedDeploymentId, VersionNumber
from studio.recipes.themes.preset import Slot, ThemeVersion
from studio.services.themes.check_result import CheckResult, Fix
from studio.store.theme_summaries import VersionSummary


class ThemeVersionResponse(FrozenModel):
    """Who saved a version, when, and with which message."""

    version: int
    author: str
    message: str
    created_at: datetime

    @classmethod
    def of(cls, version: ThemeVersion | VersionSummary) -> Self:
        return cls(
            version=version.version,
            author=version.author,
            message=version.message,
            created_at=version.created_at,
        )


class SelectionCountsResponse(FrozenModel):
    """How often users chose each recipe's image of one version."""

    version: int
    selections: Mapping[Slot, int]


class ChangeResponse(FrozenModel):
    """A field whose value differs between two versions; `field_path` is such as "A, Sampling steps"."""

    field_path: str
    before: str
    after: str


class CheckResultResponse(FrozenModel):
    """The result of one preflight check, with a hint where it does not pass.

    `fix` is what a page can start at once, null where there is nothing.
    """

    level: Literal["pass", "warning", "error"]
    message: str
    hint: str
    fix: Fix | None

    @classmethod
    def of(cls, result: CheckResult, language: str) -> Self:
        return cls(
            level=result.level,
            message=result.message.text(language),
            hint=result.hint.text(language) if result.hint else "",
            fix=result.fix,
        )


class ImportResponse(FrozenModel):
    """`missing` says which models an imported theme needs that are not installed, and how to get them."""

    slug: Slug
    version: int
    base_images: tuple[str, ...]
    missing: tuple[str, ...]


AcknowledgedTexts = Annotated[
    tuple[Annotated[str, Field(max_length=2000), TEXT], ...], Field(max_length=200)
]
"""The texts of one version's check results."""


class DeploymentRequest(DeploymentSpec):
    """A deployment of the theme in the URL.

    `acknowledged` has the check results that a person has confirmed, by version. By session every warning,
    and with `bypassed_checks` every stop, must be among it; by API key it may be null.
    """

    acknowledged: (
        Annotated[Mapping[VersionNumber, AcknowledgedTexts], Field(max_length=2)] | None
    ) = None

    def to_spec(self, slug: Slug, author: str) -> DeploymentSpec:
        fields = self.model_dump(exclude={"acknowledged", "slug", "author"})
        return DeploymentSpec(slug=slug, author=author, **fields)


class RollbackRequest(FrozenModel):
    """`expected_deployment` is the id of the latest deployment that the caller saw (optimistic
    concurrency: 409 if there is a later one). `author` counts where nobody signs in."""

    channel: Slug = "live"
    expected_deployment: ExpectedDeploymentId | None = None
    author: Author = ""


class BranchRequest(FrozenModel):
    """A branch of a version under a new name; without a slug it gets one made of the name.

    `author` counts where nobody signs in.
    """

    slug: Slug | None = None
    name: Name
    author: Author = ""


class OverrideRequest(FrozenModel):
    """Why a moderation decision is overridden."""

    reason: Reason


class RobustnessCaseResponse(FrozenModel):
    """The result for one adversarial doodle; `failure_reason` says why there is no image."""

    doodle: str
    base_image: Slug
    slot: Slot
    score: float | None
    passed: bool
    failure_reason: str


class RobustnessResponse(FrozenModel):
    cases: tuple[RobustnessCaseResponse, ...]

    @classmethod
    def of(cls, report: RobustnessReport, language: str) -> Self:
        return cls(
            cases=tuple(
                RobustnessCaseResponse(
                    doodle=case.doodle,
                    base_image=case.base_image,
                    slot=case.slot,
                    score=case.score,
                    passed=case.passed,
                    failure_reason=case.failure_reason.text(language)
                    if case.failure_reason
                    else "",
                )
                for case in report.cases
            )
        )


class EvaluationResponse(FrozenModel):
    """The progress of an evaluation; `report` is the result of the latest one that finished."""

    state: str
    done: int = 0
    total: int = 0
    message: str = ""
    report: RobustnessResponse | RegressionReport | None = None


class ReviewerRequest(FrozenModel):
    """Who has reviewed a regression report; `reviewer` counts where nobody signs in."""

    reviewer: Author = ""
