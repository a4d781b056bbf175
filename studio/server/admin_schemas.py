"""Request and response bodies of the API for operators: themes, deployments, evaluations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self

from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import RegressionReport, RobustnessReport
from studio.recipes.text_fields import Name, Reason
from studio.recipes.themes.deployment import ExpectedDeploymentId
from studio.recipes.themes.preset import Slot, ThemeVersion
from studio.services.themes.check_result import CheckResult
from studio.store.themes import VersionSummary


class ThemeResponse(FrozenModel):
    """A theme as operators list it; `latest` is the number of its latest version."""

    slug: Slug
    name: str
    latest: int
    archived: bool


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
    """The result of one preflight check, with a hint where it does not pass."""

    level: Literal["pass", "warning", "error"]
    message: str
    hint: str

    @classmethod
    def of(cls, result: CheckResult, language: str) -> Self:
        return cls(
            level=result.level,
            message=result.message.text(language),
            hint=result.hint.text(language) if result.hint else "",
        )


class ImportResponse(FrozenModel):
    """`missing` says which models an imported theme needs that are not installed, and how to get them."""

    slug: Slug
    version: int
    base_images: tuple[str, ...]
    missing: tuple[str, ...]


class RollbackRequest(FrozenModel):
    """`expected_deployment` is the id of the latest deployment that the caller saw (optimistic
    concurrency: 409 if there is a later one)."""

    channel: Slug = "live"
    expected_deployment: ExpectedDeploymentId | None = None


class BranchRequest(FrozenModel):
    """A branch of a version under a new name; without a slug it gets one made of the name."""

    slug: Slug | None = None
    name: Name


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
