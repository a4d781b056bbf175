"""Routes of tuning, for operators (scope `admin`): studies over a recipe's fields, their trials and ratings.

Studies are named in the query, since their names contain slashes.
"""

from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field, ValidationError

from studio.errors import InvalidInputError
from studio.imaging.contact_sheet import contact_sheet
from studio.imaging.png_io import encode_png
from studio.recipes.base import FrozenModel, format_validation_error
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.reports import QualityMetrics
from studio.recipes.evaluation.tuning import Objective, Rating, SearchSpace, TuningStudy
from studio.recipes.generation.axes import AxisValue
from studio.recipes.text_fields import LINE, TEXT
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Slot
from studio.server.dependencies import Admin, Language, Tuning, require_admin
from studio.server.schemas import API_PREFIX
from studio.server.task_schemas import TaskProgressResponse
from studio.services.cost_estimates import Cost
from studio.services.evaluation.tuning_service import MAX_TRIALS, TrialResult

THUMBNAIL_SIZE = (128, 128)
StudyName = Annotated[str, Query(max_length=120), LINE]
TrialIndex = Annotated[int, Path(ge=0, le=1_000_000)]
TrialCount = Annotated[int, Field(ge=1, le=MAX_TRIALS)]

router = APIRouter(
    prefix=f"{API_PREFIX}/tuning", tags=["tuning"], dependencies=[Depends(require_admin)]
)


class CreateStudy(FrozenModel):
    """`vary` has a line for each field of the search space, such as denoising_strength=0.4..0.8."""

    slug: Slug
    version: VersionNumber
    slot: Slot
    vary: Annotated[str, Field(max_length=2000), TEXT]
    objective: Objective = "metrics"


class StudyResponse(TuningStudy):
    """A study, with the name by which it is found."""

    name: str

    @classmethod
    def of(cls, name: str, study: TuningStudy) -> Self:
        return cls(name=name, **dict(study))


class TrialResponse(FrozenModel):
    """One trial; `score` is what the study maximizes, null until the trial is rated."""

    index: int
    values: dict[str, AxisValue]
    metrics: QualityMetrics
    stars: int | None
    score: float | None

    @classmethod
    def of(cls, trial: TrialResult) -> Self:
        return cls(
            index=trial.number,
            values=dict(trial.values),
            metrics=trial.metrics,
            stars=trial.stars,
            score=trial.score,
        )


class StudyDetailsResponse(FrozenModel):
    """A study with its trials; `progress` is that of the trials that this process runs or has run."""

    study: StudyResponse
    trials: tuple[TrialResponse, ...]
    progress: TaskProgressResponse | None


class StartTrials(FrozenModel):
    trials: TrialCount = 10


class TrialsState(FrozenModel):
    state: str


class RatingRequest(FrozenModel):
    stars: Rating


class SavedTrialResponse(FrozenModel):
    """The version that a trial was saved as."""

    slug: Slug
    version: int


@router.get("/studies")
def list_studies(slug: Slug, tuning: Tuning) -> list[StudyResponse]:
    """The studies of a theme, oldest first."""
    return [StudyResponse.of(name, tuning.get_study(name)) for name in tuning.list_studies(slug)]


@router.post("/studies", status_code=201)
def create_study(body: CreateStudy, tuning: Tuning) -> StudyResponse:
    """Creates a study without trials."""
    search_space = tuple(SearchSpace.parse(line) for line in body.vary.splitlines() if line.strip())
    try:
        study = TuningStudy(
            slug=body.slug,
            version=body.version,
            slot=body.slot,
            search_space=search_space,
            objective=body.objective,
        )
    except ValidationError as error:
        reason = format_validation_error(error)
        raise InvalidInputError("tuning.no_study", reason=reason) from None
    return StudyResponse.of(tuning.create_study(study), study)


@router.get("/trials")
def list_trials(study: StudyName, tuning: Tuning, language: Language) -> StudyDetailsResponse:
    """A study with its trials, and the progress of those that run."""
    progress = tuning.progress(study)
    return StudyDetailsResponse(
        study=StudyResponse.of(study, tuning.get_study(study)),
        trials=tuple(map(TrialResponse.of, tuning.trials(study))),
        progress=None if progress is None else TaskProgressResponse.of(progress, language),
    )


@router.get("/cost")
def estimate_cost(study: StudyName, trials: TrialCount, tuning: Tuning) -> Cost:
    """How many images so many more trials need; starts none."""
    return tuning.cost(study, trials)


@router.post("/trials", status_code=202)
def start_trials(study: StudyName, body: StartTrials, tuning: Tuning) -> TrialsState:
    """Starts more trials in the background."""
    tuning.start_trials(study, body.trials)
    return TrialsState(state="running")


@router.post("/trials/cancel", status_code=202)
def cancel_trials(study: StudyName, tuning: Tuning) -> TrialsState:
    """Cancels the running trials after the current image; the study can be continued."""
    tuning.cancel(study)
    return TrialsState(state="stopping")


@router.get("/trials/{index}.png", response_class=Response)
def get_trial_images(study: StudyName, index: TrialIndex, tuning: Tuning) -> Response:
    """The trial's images in a row, as thumbnails."""
    images = tuning.trial_images(study, index)
    row = {(column, 0): image.resize(THUMBNAIL_SIZE) for column, image in enumerate(images)}
    sheet = contact_sheet(row, [""] * len(images), [""])
    return Response(encode_png(sheet), media_type="image/png")


@router.put("/trials/{index}/rating")
def rate_trial(
    study: StudyName, index: TrialIndex, body: RatingRequest, tuning: Tuning
) -> RatingRequest:
    """Stores a user's rating, which the objectives `votes` and `both` optimize."""
    tuning.rate(study, index, body.stars)
    return body


@router.post("/trials/{index}/save", status_code=201)
def save_trial(
    study: StudyName, index: TrialIndex, operator: Admin, tuning: Tuning
) -> SavedTrialResponse:
    """Saves a trial's recipe as the next version of the theme."""
    saved = tuning.save_trial_as_version(study, index, operator.name)
    return SavedTrialResponse(slug=saved.preset.slug, version=saved.version)
