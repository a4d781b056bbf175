"""`studio sweep`: one recipe over a range of its fields, as a contact sheet."""

from pathlib import Path
from typing import Annotated

import typer

from studio.messages import message
from studio.shell.printing import confirm, count_up, here, say


def sweep(
    preset: Annotated[str, typer.Option(help="A saved preset's slug.")],
    base: Annotated[str, typer.Option(help="A base image's id.")],
    out: Annotated[Path, typer.Option(help="Folder for the sheet; a broken run goes on there.")],
    x: Annotated[str, typer.Option(help="Such as strength=0.4..0.8/5.")],
    y: Annotated[str | None, typer.Option(help="Such as control_units.0.weight=0.5,1.")] = None,
    z: Annotated[str | None, typer.Option(help="A sheet for each value.")] = None,
    letter: Annotated[str, typer.Option(help="The recipe, A to D.")] = "A",
    doodle: Annotated[Path | None, typer.Option(help="PNG of the base image's size.")] = None,
    prompt: Annotated[str, typer.Option(help="The user's words.")] = "",
    seed: Annotated[int, typer.Option(help="0 to 4294967295.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Vary one to three fields of a recipe: says the cost first, then renders what is missing."""
    from studio.errors import InputError
    from studio.files import check_folder, read_file
    from studio.recipes.preset import LETTERS
    from studio.recipes.sweep import Axis
    from studio.service.sweeping import Sweep, presets_of, run_sweep, sweep_album, sweep_cost

    chosen = next((each for each in LETTERS if each == letter.upper()), None)
    if chosen is None:
        raise InputError("cli.no_slot", slot=letter)
    axes = [Axis.read(text) for text in (x, y, z) if text is not None]
    studio = here()
    version = studio.presets.version(preset)
    png = read_file(doodle, message("image.doodle")) if doodle else None
    request = studio.intake.request(version.preset, base, png, prompt, seed, version.number)
    planned = Sweep(request, chosen, axes, presets_of(axes, studio.presets))
    cost = sweep_cost(planned, sweep_album(studio.rendering, out))
    say(
        f"{cost.pictures} pictures, {cost.kept} of them here already;"
        f" {cost.switches} changes of base model",
        err=True,
    )
    if not yes:
        confirm("Render them?")
    check_folder(out)
    for file in run_sweep(planned, studio.rendering, out, count_up):
        say(str(file))
