"""`studio presets tune|trials|rate|keep`: studies that look for better values of a recipe."""

from typing import Annotated

import typer

from studio.cli.output import AsJson, Author, open_app, print_progress, print_table, say

app = typer.Typer()


@app.command()
def tune(
    slug: str,
    vary: Annotated[
        list[str] | None, typer.Option(help="Such as strength=0.4..0.8 or sampler=Euler,UniPC.")
    ] = None,
    slot: Annotated[str, typer.Option(help="The recipe: A, B, C or D.")] = "A",
    version: Annotated[int | None, typer.Option(help="The latest if left out.")] = None,
    objective: Annotated[str, typer.Option(help="looks, votes or both.")] = "looks",
    trials: int = 20,
    study: Annotated[str | None, typer.Option(help="A study to go on with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look for better values of a recipe's fields; prints the study's trials, the best first."""
    from pydantic import ValidationError

    from studio.errors import InvalidInputError
    from studio.recipes.base import format_validation_error
    from studio.recipes.evaluation.tuning import SearchSpace, TuningStudy

    studio = open_app()
    name = study
    if name is None:
        number = studio.themes.get_version(slug, version).version
        asked = {
            "slug": slug, "version": number, "slot": slot.upper(), "objective": objective,
            "search_space": [SearchSpace.parse(text) for text in vary or ()],
        }  # fmt: skip
        try:
            wanted = TuningStudy.model_validate(asked)
        except ValidationError as error:
            raise InvalidInputError(
                "tuning.study_invalid", reason=format_validation_error(error)
            ) from None
        name = studio.tuning.create_study(wanted)
    say(f"study {name}", err=True)
    studio.tuning.run(name, trials, print_progress)
    _print(name, as_json)


@app.command()
def trials(study: str, as_json: AsJson = False) -> None:
    """A study's trials, those that wait for stars first, then the best."""
    _print(study, as_json)


@app.command()
def rate(study: str, trial: int, stars: Annotated[int, typer.Argument(min=1, max=5)]) -> None:
    """Give a trial stars, where votes count."""
    open_app().tuning.rate(study, trial, stars)


@app.command()
def keep(study: str, trial: int, author: Author = "", as_json: AsJson = False) -> None:
    """Save a trial's recipe as the next version of its theme."""
    saved = open_app().tuning.save_trial_as_version(study, trial, author)
    row = (saved.preset.slug, saved.version, saved.message)
    print_table(("slug", "version", "note"), [row], as_json)


def _print(study: str, as_json: bool) -> None:
    rows = [
        (
            each.number, each.score if each.score is None else round(each.score, 3), each.stars,
            each.metrics.color_error, round(each.metrics.diversity, 2),
            ", ".join(f"{field}={value}" for field, value in each.values.items()),
        )
        for each in open_app().tuning.trials(study)
    ]  # fmt: skip
    print_table(("trial", "score", "stars", "color_error", "diversity", "values"), rows, as_json)
