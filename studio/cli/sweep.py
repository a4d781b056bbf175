"""`studio sweep`: an X/Y/Z plot, one recipe over ranges of its fields, as contact sheets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import RecipeSlot, Yes, confirm, open_app, print_line, print_progress
from studio.cli.render import BaseImageId, Doodle, Prompt, ThemeSlug
from studio.errors import InvalidInputError
from studio.messages import message

if TYPE_CHECKING:
    from studio.recipes.themes.preset import Slot


def sweep(
    theme: ThemeSlug,
    base_image: BaseImageId,
    out: Annotated[
        Path, typer.Option(help="Output directory; resumes an interrupted run found in it.")
    ],
    x: Annotated[str, typer.Option(help="Columns, e.g. denoising_strength=0.4..0.8/5.")],
    y: Annotated[
        str | None, typer.Option(help="Rows, e.g. control_units.0.weight=0.5,1; default: one row.")
    ] = None,
    z: Annotated[
        str | None, typer.Option(help="One contact sheet for each value; default: one sheet.")
    ] = None,
    slot: RecipeSlot = "A",
    doodle: Doodle = None,
    prompt: Prompt = "",
    seed: Annotated[int, typer.Option(help="0 to 4294967295.")] = 1,
    yes: Yes = False,
) -> None:
    """Render an X/Y/Z plot over recipe fields (shows cost first; resumes)."""
    from studio.files import ensure_writable_dir, read_file
    from studio.recipes.generation.axes import Axis
    from studio.services.rendering.sweep import (
        Sweep,
        estimate_cost,
        load_axis_themes,
        run_sweep,
        sweep_cache,
    )

    recipe = _parse_slot(slot)
    axes = [Axis.parse(text) for text in (x, y, z) if text is not None]
    app = open_app()
    version = app.stores.themes.get_version(theme)
    png = read_file(doodle, message("image.doodle")) if doodle else None
    request = app.rendering.request_factory.create(
        version.preset, base_image, png, prompt, seed, version.version
    )
    plot = Sweep(request, recipe, axes, load_axis_themes(axes, app.stores.themes))
    cost = estimate_cost(plot, sweep_cache(app.rendering.renders, out))
    print_line(
        f"{cost.images} images ({cost.cached} cached), {cost.model_switches} base-model switches",
        err=True,
    )
    if not yes:
        confirm("Render them?")
    ensure_writable_dir(out)
    for file in run_sweep(plot, app.rendering.renders, out, print_progress):
        print_line(file)


def _parse_slot(text: str) -> "Slot":
    from studio.recipes.themes.preset import SLOTS

    for slot in SLOTS:
        if slot == text.upper():
            return slot
    raise InvalidInputError("cli.no_slot", slot=text)
