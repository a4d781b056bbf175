"""`studio sweep`: one recipe over a range of its fields, as a contact sheet."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import confirm, open_app, print_progress, say
from studio.messages import message


def sweep(
    preset: Annotated[str, typer.Option(help="A saved preset's slug.")],
    base: Annotated[str, typer.Option(help="A base image's id.")],
    out: Annotated[Path, typer.Option(help="Folder for the sheet; a broken run goes on there.")],
    x: Annotated[str, typer.Option(help="Such as strength=0.4..0.8/5.")],
    y: Annotated[str | None, typer.Option(help="Such as control_units.0.weight=0.5,1.")] = None,
    z: Annotated[str | None, typer.Option(help="A sheet for each value.")] = None,
    slot: Annotated[str, typer.Option(help="The recipe, A to D.")] = "A",
    doodle: Annotated[Path | None, typer.Option(help="PNG of the base image's size.")] = None,
    prompt: Annotated[str, typer.Option(help="The user's words.")] = "",
    seed: Annotated[int, typer.Option(help="0 to 4294967295.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Vary one to three fields of a recipe: says the cost first, then renders what is missing."""
    from studio.errors import InvalidInputError
    from studio.files import ensure_writable_dir, read_file
    from studio.recipes.generation.sweep import Axis
    from studio.recipes.themes.preset import SLOTS
    from studio.services.rendering.sweep import (
        Sweep,
        estimate_cost,
        load_axis_themes,
        run_sweep,
        sweep_cache,
    )

    chosen = next((each for each in SLOTS if each == slot.upper()), None)
    if chosen is None:
        raise InvalidInputError("cli.no_slot", slot=slot)
    axes = [Axis.parse(text) for text in (x, y, z) if text is not None]
    studio = open_app()
    version = studio.themes.get_version(preset)
    png = read_file(doodle, message("image.doodle")) if doodle else None
    request = studio.request_factory.create(
        version.preset, base, png, prompt, seed, version.version
    )
    planned = Sweep(request, chosen, axes, load_axis_themes(axes, studio.themes))
    cost = estimate_cost(planned, sweep_cache(studio.renders, out))
    say(
        f"{cost.images} pictures, {cost.cached} of them here already;"
        f" {cost.model_switches} changes of base model",
        err=True,
    )
    if not yes:
        confirm("Render them?")
    ensure_writable_dir(out)
    for file in run_sweep(planned, studio.renders, out, print_progress):
        say(str(file))
