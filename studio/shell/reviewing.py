"""`studio presets robustness|sheet`: what is found out about a version before it is deployed."""

from pathlib import Path
from typing import Annotated

import typer

from studio.shell.printing import AsJson, Author, count_up, here, print_table, say

app = typer.Typer()

Version = Annotated[int | None, typer.Option(help="The latest if left out.")]


@app.command()
def robustness(slug: str, version: Version = None, as_json: AsJson = False) -> None:
    """Run nasty doodles through a version and see whether the figure is still there.

    Exit code 2 when it is lost too often.
    """
    from studio.errors import GateClosed
    from studio.recipes.reports import NEEDED

    found = here().reviewing.test_robustness(slug, version, count_up)
    rows = [
        (c.doodle, c.base_image, c.letter, c.score, c.kept, str(c.why or "")) for c in found.cells
    ]
    print_table(("doodle", "base", "recipe", "score", "kept", "why"), rows, as_json)
    say(f"figure kept in {found.share:.0%}, {NEEDED:.0%} are needed", err=True)
    if not found.passed:
        raise GateClosed("cli.figure_lost", slug=slug)


@app.command()
def sheet(
    slug: str,
    out: Annotated[Path, typer.Option(help="Folder for sheet.html and sheet.png.")],
    version: Version = None,
    against: Annotated[
        int | None, typer.Option(help="The version served live, or the one before, if left out.")
    ] = None,
    author: Author = "",
    as_json: AsJson = False,
) -> None:
    """Draw fixed doodles with fixed seeds beside another version; with --author it counts as seen."""
    from studio.files import check_folder, write_file
    from studio.service.sheet_files import sheet_html, sheet_png

    check_folder(out)
    studio = here()
    drawn = studio.reviewing.draw_sheet(slug, version, against, count_up, author)
    shown = studio.presets.version(slug, version)
    write_file(out / "sheet.html", sheet_html(drawn, shown).encode())
    write_file(out / "sheet.png", sheet_png(drawn, shown))
    rows = [(c.doodle, c.seed, c.letter, c.difference) for c in drawn.report.cells]
    print_table(("doodle", "seed", "recipe", "difference"), rows, as_json)
    looks = drawn.report.looks
    say(
        f"from the doodle {looks.likeness}, among the four {looks.diversity}, among seeds of A"
        f" {looks.of_seeds}; {out / 'sheet.html'}", err=True,
    )  # fmt: skip
