"""The page Tuning: studies over a recipe's fields, their trials with pictures, stars, keeping one."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse
from pydantic import Field, ValidationError

from studio.app import AppContainer
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
from studio.server.auth.session import current_user
from studio.server.csrf import CsrfHeader, Language
from studio.server.plain_pages import plain_page
from studio.services.evaluation.tuning_service import MAX_TRIALS

Name = Annotated[str, Query(max_length=120), LINE]
Trial = Annotated[int, InPath(ge=0, le=1_000_000)]


class CreateStudy(FrozenModel):
    """`vary` has a line for each field, such as strength=0.4..0.8."""

    slug: Slug
    version: VersionNumber
    slot: Slot
    vary: Annotated[str, Field(max_length=2000), TEXT]
    objective: Objective = "looks"


Trials = Annotated[int, Field(ge=1, le=MAX_TRIALS)]


class RunTrials(FrozenModel):
    trials: Trials = 10


class RateTrial(FrozenModel):
    stars: Rating


def tuning_routes(studio: AppContainer) -> APIRouter:
    """Studies are named in `study`, a query: their names hold slashes."""
    routes = APIRouter(prefix="/tuning")
    tuning = studio.tuning

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("tuning", request)

    @routes.get("/studies")
    def studies(slug: Slug) -> list[dict[str, Any]]:
        return [{"name": name, **tuning.get_study(name).model_dump(mode="json")} for name in tuning.list_studies(slug)]  # fmt: skip

    @routes.post("/studies")
    def begin(wish: CreateStudy, x_studio: CsrfHeader) -> dict[str, str]:
        spans = tuple(SearchSpace.parse(line) for line in wish.vary.splitlines() if line.strip())
        try:
            study = TuningStudy(slug=wish.slug, version=wish.version, slot=wish.slot, search_space=spans, objective=wish.objective)  # fmt: skip
        except ValidationError as error:
            raise InvalidInputError(
                "tuning.no_study", reason=format_validation_error(error)
            ) from None
        return {"name": tuning.create_study(study)}

    @routes.get("/trials")
    def trials(study: Name, language: Language) -> dict[str, Any]:
        progress = tuning.progress(study)
        return {
            "study": tuning.get_study(study).model_dump(mode="json"),
            "trials": [asdict(each) | {"looks": each.metrics.model_dump()} for each in tuning.trials(study)],
            "progress": None if progress is None else in_language(progress, language),
        }  # fmt: skip

    @routes.get("/cost")
    def cost(study: Name, trials: Trials) -> dict[str, Any]:
        """What so many further trials ask for; nothing is begun."""
        return asdict(tuning.cost(study, trials))

    @routes.post("/run")
    def run(study: Name, wish: RunTrials, x_studio: CsrfHeader) -> dict[str, str]:
        tuning.start_trials(study, wish.trials)
        return {"state": "running"}

    @routes.post("/pause")
    def pause(study: Name, x_studio: CsrfHeader) -> dict[str, str]:
        tuning.cancel(study)
        return {"state": "stopping"}

    @routes.get("/trials/{number}.png")
    def images(study: Name, number: Trial) -> Response:
        """The trial's pictures in a row."""
        shown = tuning.trial_images(study, number)
        row = {(index, 0): image.resize((128, 128)) for index, image in enumerate(shown)}
        sheet = contact_sheet(row, [""] * len(shown), [""])
        return Response(encode_png(sheet), media_type="image/png")

    @routes.post("/trials/{number}/stars")
    def rate(study: Name, number: Trial, wish: RateTrial, x_studio: CsrfHeader) -> dict[str, int]:
        tuning.rate(study, number, wish.stars)
        return {"stars": wish.stars}

    @routes.post("/trials/{number}/keep")
    def keep(study: Name, number: Trial, request: Request, x_studio: CsrfHeader) -> dict[str, Any]:
        saved = tuning.save_trial_as_version(study, number, current_user(request))
        return {"slug": saved.preset.slug, "number": saved.version}

    return routes
