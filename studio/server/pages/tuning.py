"""The page Tuning: studies over a recipe's fields, their trials with images and ratings."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field, ValidationError

from studio.errors import InvalidInputError
from studio.imaging.contact_sheet import contact_sheet
from studio.imaging.png_io import encode_png
from studio.messages import in_language
from studio.recipes.base import FrozenModel, format_validation_error
from studio.recipes.base_image import Slug
from studio.recipes.evaluation.tuning import Objective, Rating, SearchSpace, TuningStudy
from studio.recipes.text_fields import LINE, TEXT
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Slot
from studio.server.auth.session import CurrentUser
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Language, Tuning
from studio.server.plain_pages import plain_page
from studio.services.evaluation.tuning_service import MAX_TRIALS

THUMBNAIL_SIZE = (128, 128)
StudyName = Annotated[str, Query(max_length=120), LINE]
TrialNumber = Annotated[int, Path(ge=0, le=1_000_000)]
TrialCount = Annotated[int, Field(ge=1, le=MAX_TRIALS)]

router = APIRouter(prefix="/tuning")
# Studies are named in the query, since their names contain slashes.


class CreateStudy(FrozenModel):
    """`vary` has a line for each field of the search space, such as denoising_strength=0.4..0.8."""

    slug: Slug
    version: VersionNumber
    slot: Slot
    vary: Annotated[str, Field(max_length=2000), TEXT]
    objective: Objective = "metrics"


class RunTrials(FrozenModel):
    trials: TrialCount = 10


class RateTrial(FrozenModel):
    stars: Rating


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("tuning", request)


@router.get("/studies")
def list_studies(slug: Slug, tuning: Tuning) -> list[dict[str, Any]]:
    """The studies of a theme."""
    return [
        {"name": name, **tuning.get_study(name).model_dump(mode="json")}
        for name in tuning.list_studies(slug)
    ]


@router.post("/studies", dependencies=[CSRF_HEADER])
def create_study(body: CreateStudy, tuning: Tuning) -> dict[str, str]:
    """Creates a study without trials; the answer is its name."""
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
    return {"name": tuning.create_study(study)}


@router.get("/trials")
def list_trials(study: StudyName, tuning: Tuning, language: Language) -> dict[str, Any]:
    """A study with its trials, and the progress of those that run."""
    progress = tuning.progress(study)
    return {
        "study": tuning.get_study(study).model_dump(mode="json"),
        "trials": [
            {**asdict(trial), "metrics": trial.metrics.model_dump()}
            for trial in tuning.trials(study)
        ],
        "progress": None if progress is None else in_language(progress, language),
    }


@router.get("/cost")
def estimate_cost(study: StudyName, trials: TrialCount, tuning: Tuning) -> dict[str, Any]:
    """How many images so many more trials need; starts none."""
    return asdict(tuning.cost(study, trials))


@router.post("/run", dependencies=[CSRF_HEADER])
def start_trials(study: StudyName, body: RunTrials, tuning: Tuning) -> dict[str, str]:
    """Starts more trials in the background."""
    tuning.start_trials(study, body.trials)
    return {"state": "running"}


@router.post("/pause", dependencies=[CSRF_HEADER])
def cancel_trials(study: StudyName, tuning: Tuning) -> dict[str, str]:
    """Cancels the running trials after the current image; the study can be continued."""
    tuning.cancel(study)
    return {"state": "stopping"}


@router.get("/trials/{number}.png")
def get_trial_images(study: StudyName, number: TrialNumber, tuning: Tuning) -> Response:
    """The trial's images in a row, as thumbnails."""
    images = tuning.trial_images(study, number)
    row = {(column, 0): image.resize(THUMBNAIL_SIZE) for column, image in enumerate(images)}
    sheet = contact_sheet(row, [""] * len(images), [""])
    return Response(encode_png(sheet), media_type="image/png")


@router.post("/trials/{number}/stars", dependencies=[CSRF_HEADER])
def rate_trial(
    study: StudyName, number: TrialNumber, body: RateTrial, tuning: Tuning
) -> dict[str, int]:
    """Stores a user's rating, which the objectives `ratings` and `both` optimize."""
    tuning.rate(study, number, body.stars)
    return {"stars": body.stars}


@router.post("/trials/{number}/keep", dependencies=[CSRF_HEADER])
def save_trial(
    study: StudyName, number: TrialNumber, user: CurrentUser, tuning: Tuning
) -> dict[str, Any]:
    """Saves a trial's recipe as the next version of the theme."""
    saved = tuning.save_trial_as_version(study, number, user)
    return {"slug": saved.preset.slug, "number": saved.version}
