"""`studio tuning`: studies that search for better values of a recipe's fields (Optuna, TPE)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import (
    AsJson,
    Author,
    RecipeSlot,
    Slug,
    Version,
    open_app,
    print_line,
    print_progress,
    print_table,
)

if TYPE_CHECKING:
    from studio.recipes.evaluation.tuning import TuningStudy

app = typer.Typer(no_args_is_help=True, help="Search for better recipe values in studies.")

Study = Annotated[str, typer.Argument(help="Name of a study, e.g. spring/3A/1.")]
Trial = Annotated[int, typer.Argument(help="Number of a trial.")]


@app.command()
def start(
    slug: Slug,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="Search space, one field each, e.g. denoising_strength=0.4..0.8"
            " or sampler=Euler,UniPC."
        ),
    ] = None,
    slot: RecipeSlot = "A",
    version: Version = None,
    objective: Annotated[str, typer.Option(help="metrics, ratings or both.")] = "metrics",
    trials: Annotated[int, typer.Option(help="Number of trials to run.")] = 20,
    study: Annotated[
        str | None, typer.Option(help="Resume this study; default: create one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run trials of a new or an existing study; prints its trials, best first."""
    studio = open_app()
    if study is None:
        saved = studio.stores.themes.get_version(slug, version).version
        study = studio.evaluation.tuning.create_study(
            _parse_study(slug, saved, slot.upper(), objective, vary or ())
        )
    print_line(f"study {study}", err=True)
    studio.evaluation.tuning.run(study, trials, print_progress)
    _print_trials(study, as_json)


@app.command()
def trials(study: Study, as_json: AsJson = False) -> None:
    """List a study's trials: those awaiting a rating first, then best first."""
    _print_trials(study, as_json)


@app.command()
def rate(study: Study, trial: Trial, stars: Annotated[int, typer.Argument(min=1, max=5)]) -> None:
    """Rate a trial (1-5 stars), where ratings count."""
    open_app().evaluation.tuning.rate(study, trial, stars)


@app.command()
def apply(study: Study, trial: Trial, author: Author = "", as_json: AsJson = False) -> None:
    """Save a trial's values as the next version of its theme."""
    saved = open_app().evaluation.tuning.save_trial_as_version(study, trial, author)
    row = (saved.preset.slug, saved.version, saved.message)
    print_table(("slug", "version", "message"), [row], as_json)


def _parse_study(
    slug: str, version: int, slot: str, objective: str, vary: Sequence[str]
) -> "TuningStudy":
    """Raises InvalidInputError for a search space, slot or objective that is not valid."""
    from pydantic import ValidationError

    from studio.errors import InvalidInputError
    from studio.recipes.base import format_validation_error
    from studio.recipes.evaluation.tuning import SearchSpace, TuningStudy

    values = {
        "slug": slug,
        "version": version,
        "slot": slot,
        "objective": objective,
        "search_space": [SearchSpace.parse(text) for text in vary],
    }
    try:
        return TuningStudy.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(
            "tuning.study_invalid", reason=format_validation_error(error)
        ) from None


def _print_trials(study: str, as_json: bool) -> None:
    rows = [
        (
            trial.number,
            None if trial.score is None else round(trial.score, 3),
            trial.stars,
            trial.metrics.color_error,
            round(trial.metrics.diversity, 2),
            ", ".join(f"{field}={value}" for field, value in trial.values.items()),
        )
        for trial in open_app().evaluation.tuning.trials(study)
    ]
    columns = ("trial", "score", "stars", "color error", "diversity", "values")
    print_table(columns, rows, as_json)
