"""`studio themes robustness|regression`: evaluation of a version before its deployment."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import (
    AsJson,
    Author,
    Slug,
    Version,
    open_app,
    print_line,
    print_progress,
    print_table,
)

app = typer.Typer()


@app.command()
def robustness(slug: Slug, version: Version = None, as_json: AsJson = False) -> None:
    """Run the robustness suite: adversarial doodles on every base image of the theme.

    Measures whether the character is preserved. Exit code 2 if the pass rate is too low.
    """
    from studio.errors import PreflightFailedError
    from studio.recipes.evaluation.reports import MIN_PASS_RATE

    report = open_app().evaluation.suites.run_robustness(slug, version, print_progress)
    rows = [
        (
            case.doodle,
            case.base_image,
            case.slot,
            case.score,
            case.passed,
            str(case.failure_reason or ""),
        )
        for case in report.cases
    ]
    columns = ("doodle", "base image", "recipe", "score", "passed", "reason")
    print_table(columns, rows, as_json)
    print_line(f"pass rate {report.pass_rate:.0%} (minimum {MIN_PASS_RATE:.0%})", err=True)
    if not report.passed:
        raise PreflightFailedError("cli.robustness_failed", slug=slug)


@app.command()
def regression(
    slug: Slug,
    out: Annotated[Path, typer.Option(help="Output directory for sheet.html and sheet.png.")],
    version: Version = None,
    against: Annotated[
        int | None,
        typer.Option(help="Baseline version; default: the deployed one, else the previous one."),
    ] = None,
    author: Author = "",
    as_json: AsJson = False,
) -> None:
    """Render the regression report; --author marks it reviewed.

    Compares fixed doodles with fixed seeds with those of a baseline version.
    """
    from studio.files import ensure_writable_dir, write_atomic
    from studio.services.evaluation.regression_report import render_html, render_png

    ensure_writable_dir(out)
    studio = open_app()
    result = studio.evaluation.suites.run_regression(slug, version, against, print_progress, author)
    saved = studio.stores.themes.get_version(slug, version)
    write_atomic(out / "sheet.html", render_html(result, saved).encode())
    write_atomic(out / "sheet.png", render_png(result, saved))
    rows = [
        (
            cell.doodle,
            cell.seed,
            cell.slot,
            cell.delta_e,
            _rounded(cell.drift.shift if cell.drift else None),
        )
        for cell in result.report.comparisons
    ]
    print_table(("doodle", "seed", "recipe", "delta E", "shift"), rows, as_json)
    metrics, drift = result.report.metrics, result.report.drift
    print_line(
        f"color error {metrics.color_error}, diversity {metrics.diversity}, seed diversity"
        f" {metrics.seed_diversity}, shift {drift.median_shift if drift else None};"
        f" {out / 'sheet.html'}",
        err=True,
    )


def _rounded(pixels: float | None) -> float | None:
    return None if pixels is None else round(pixels, 2)
