"""The page Tuning: studies over a recipe's fields, their trials with pictures, stars, keeping one."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse
from pydantic import Field, ValidationError

from studio.bootstrap import Studio
from studio.errors import InputError
from studio.imaging.contact import contact_sheet
from studio.imaging.limits import encode_png
from studio.messages import in_language
from studio.recipes.base import Frozen, explain
from studio.recipes.canvas import Slug
from studio.recipes.deployment import Number
from studio.recipes.preset import Letter
from studio.recipes.text import LINE, TEXT
from studio.recipes.tuning import Objective, Span, Stars, Study
from studio.service.tuning import MOST_TRIALS
from studio.ui.doors import Language, OwnPage
from studio.ui.plain import plain_page
from studio.ui.sign_in import user_of

Name = Annotated[str, Query(max_length=120), LINE]
Trial = Annotated[int, InPath(ge=0, le=1_000_000)]


class _Begin(Frozen):
    """`vary` has a line for each field, such as strength=0.4..0.8."""

    slug: Slug
    number: Number
    letter: Letter
    vary: Annotated[str, Field(max_length=2000), TEXT]
    objective: Objective = "looks"


Trials = Annotated[int, Field(ge=1, le=MOST_TRIALS)]


class _More(Frozen):
    trials: Trials = 10


class _Rate(Frozen):
    stars: Stars


def tuning_routes(studio: Studio) -> APIRouter:
    """Studies are named in `study`, a query: their names hold slashes."""
    routes = APIRouter(prefix="/tuning")
    tuning = studio.tuning

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("tuning", request)

    @routes.get("/studies")
    def studies(slug: Slug) -> list[dict[str, Any]]:
        return [{"name": name, **tuning.study(name).model_dump(mode="json")} for name in tuning.names(slug)]  # fmt: skip

    @routes.post("/studies")
    def begin(wish: _Begin, x_studio: OwnPage) -> dict[str, str]:
        spans = tuple(Span.read(line) for line in wish.vary.splitlines() if line.strip())
        try:
            study = Study(slug=wish.slug, number=wish.number, letter=wish.letter, spans=spans, objective=wish.objective)  # fmt: skip
        except ValidationError as error:
            raise InputError("tuning.no_study", reason=explain(error)) from None
        return {"name": tuning.begin(study)}

    @routes.get("/trials")
    def trials(study: Name, language: Language) -> dict[str, Any]:
        progress = tuning.progress(study)
        return {
            "study": tuning.study(study).model_dump(mode="json"),
            "trials": [asdict(each) | {"looks": each.looks.model_dump()} for each in tuning.trials(study)],
            "progress": None if progress is None else in_language(progress, language),
        }  # fmt: skip

    @routes.get("/cost")
    def cost(study: Name, trials: Trials) -> dict[str, Any]:
        """What so many further trials ask for; nothing is begun."""
        return asdict(tuning.cost(study, trials))

    @routes.post("/run")
    def run(study: Name, wish: _More, x_studio: OwnPage) -> dict[str, str]:
        tuning.begin_trials(study, wish.trials)
        return {"state": "running"}

    @routes.post("/pause")
    def pause(study: Name, x_studio: OwnPage) -> dict[str, str]:
        tuning.pause(study)
        return {"state": "stopping"}

    @routes.get("/trials/{number}.png")
    def pictures(study: Name, number: Trial) -> Response:
        """The trial's pictures in a row."""
        shown = tuning.pictures(study, number)
        row = {(index, 0): picture.resize((128, 128)) for index, picture in enumerate(shown)}
        sheet = contact_sheet(row, [""] * len(shown), [""])
        return Response(encode_png(sheet), media_type="image/png")

    @routes.post("/trials/{number}/stars")
    def rate(study: Name, number: Trial, wish: _Rate, x_studio: OwnPage) -> dict[str, int]:
        tuning.rate(study, number, wish.stars)
        return {"stars": wish.stars}

    @routes.post("/trials/{number}/keep")
    def keep(study: Name, number: Trial, request: Request, x_studio: OwnPage) -> dict[str, Any]:
        saved = tuning.keep(study, number, user_of(request))
        return {"slug": saved.preset.slug, "number": saved.number}

    return routes
