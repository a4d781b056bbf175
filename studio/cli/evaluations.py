"""`studio presets robustness|sheet`: what is found out about a version before it is deployed."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import AsJson, Author, open_app, print_progress, print_table, say

app = typer.Typer()

Version = Annotated[int | None, typer.Option(help="The latest if left out.")]


@app.command()
def robustness(slug: str, version: Version = None, as_json: AsJson = False) -> None:
    """Run nasty doodles through a version and see whether the figure is still there.

    Exit code 2 when it is lost too often.
    """
    from studio.errors import PreflightFailedError
    from studio.recipes.evaluation.reports import MIN_PASS_RATE

    found = open_app().evaluations.run_robustness(slug, version, print_progress)
    rows = [
        (c.doodle, c.base_image, c.slot, c.score, c.passed, str(c.failure_reason or ""))
        for c in found.cases
    ]
    print_table(("doodle", "base", "recipe", "score", "kept", "why"), rows, as_json)
    say(f"figure kept in {found.pass_rate:.0%}, {MIN_PASS_RATE:.0%} are needed", err=True)
    if not found.passed:
        raise PreflightFailedError("cli.figure_lost", slug=slug)


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
    from studio.files import ensure_writable_dir, write_atomic
    from studio.services.evaluation.regression_report import render_html, render_png

    ensure_writable_dir(out)
    studio = open_app()
    drawn = studio.evaluations.run_regression(slug, version, against, print_progress, author)
    shown = studio.themes.get_version(slug, version)
    write_atomic(out / "sheet.html", render_html(drawn, shown).encode())
    write_atomic(out / "sheet.png", render_png(drawn, shown))
    rows = [(c.doodle, c.seed, c.slot, c.delta_e) for c in drawn.report.comparisons]
    print_table(("doodle", "seed", "recipe", "difference"), rows, as_json)
    looks = drawn.report.metrics
    say(
        f"from the doodle {looks.color_error}, among the four {looks.diversity}, among seeds of A"
        f" {looks.seed_diversity}; {out / 'sheet.html'}", err=True,
    )  # fmt: skip
