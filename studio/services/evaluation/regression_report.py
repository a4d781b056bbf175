"""Renders a regression run for reading: as one PNG, or as one self-contained HTML page."""

import base64
import html
import io
from itertools import product

from PIL import Image, ImageDraw

from studio.imaging.contact_sheet import contact_sheet
from studio.imaging.png_io import encode_png
from studio.locales import DEFAULT
from studio.messages import Message, message
from studio.recipes.evaluation.reports import ImageComparison, QualityMetrics
from studio.recipes.generation.drift import DriftSummary
from studio.recipes.themes.preset import SLOTS, ThemeVersion
from studio.services.evaluation.regression import SEEDS, Key, RegressionRun

HIGHLIGHT_COLOR = (200, 50, 74)
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 24px; color: #2b2530; background: #f7f3ec; }
table { border-collapse: collapse; } th, td { padding: 4px 6px; text-align: left; vertical-align: top; font-size: 13px; }
img { width: 144px; border-radius: 8px; display: block; } .worst td { background: #fbe9e6; } small { color: #6d6472; }
"""


def render_png(run: RegressionRun, version: ThemeVersion) -> bytes:
    """A contact sheet: a row for each doodle and seed; for each slot the image, after the
    baseline's."""
    cells: dict[tuple[int, int], Image.Image] = {}
    inputs = list(product(run.doodles, SEEDS))
    comparisons = {(c.doodle, c.seed, c.slot): c for c in run.report.comparisons}
    for row, (name, seed) in enumerate(inputs):
        images = [run.doodles[name]]
        for slot in SLOTS:
            key: Key = (name, seed, slot)
            if key in run.baseline_images:
                images.append(run.baseline_images[key])
            images.append(_highlight_regions(run.images[key], comparisons[key]))
        cells |= {(column, row): image for column, image in enumerate(images)}
    columns = ["doodle", *_column_titles(run, version)]
    row_titles = [f"{name} {seed}" for name, seed in inputs]
    title = f"{version.preset.name}, version {version.version}"
    return encode_png(contact_sheet(cells, columns, row_titles, title))


def render_html(run: RegressionRun, version: ThemeVersion, language: str = DEFAULT) -> str:
    """The same as an HTML page in `language`, with the metrics; the images that changed most
    first."""

    def text(line: Message) -> str:
        return html.escape(line.text(language))

    report = run.report
    name = text(message("page.regression.title", name=version.preset.name, number=version.version))
    summary = "".join(f"<p>{text(line)}</p>" for line in _summary(run))
    titles = (
        message("page.regression.doodle"),
        message("page.regression.previous"),
        message("page.regression.current"),
        message("page.regression.changed"),
        message("page.regression.shift"),
    )
    head = f"<tr>{''.join(f'<th>{text(title)}</th>' for title in titles)}</tr>"
    comparisons = sorted(report.comparisons, key=lambda one: -(one.delta_e or 0.0))
    worst = report.worst_comparison
    rows = "".join(_html_row(run, one, one == worst, language) for one in comparisons)
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style><h1>{name}</h1>{summary}<table>{head}{rows}</table></html>"
    )


def _summary(run: RegressionRun) -> tuple[Message, ...]:
    """The overall change, and the metrics of both versions."""
    report = run.report
    against = message("page.regression.nothing_to_compare")
    if report.baseline_version:
        against = message("page.regression.compared", number=report.baseline_version)
    change = _format_number(report.median_delta_e)
    return (
        message("page.regression.change", against=against, change=change),
        message("page.regression.current_metrics", looks=_format_metrics(report.metrics)),
        message("page.regression.previous_metrics", looks=_format_metrics(report.baseline_metrics)),
        _format_drift(report.drift),
    )


def _column_titles(run: RegressionRun, version: ThemeVersion) -> list[str]:
    if run.report.baseline_version is None:
        return list(SLOTS)
    versions = (run.report.baseline_version, version.version)
    return [f"{slot} v{number}" for slot in SLOTS for number in versions]


def _highlight_regions(image: Image.Image, comparison: ImageComparison) -> Image.Image:
    """The image with a frame around each region that changed most."""
    marked = image.convert("RGB")
    draw = ImageDraw.Draw(marked)
    for region in comparison.changed_regions:
        left, top = region.x * marked.width, region.y * marked.height
        right, bottom = left + region.width * marked.width, top + region.height * marked.height
        draw.rectangle((left, top, right, bottom), outline=HIGHLIGHT_COLOR, width=2)
    return marked


def _html_row(
    run: RegressionRun, comparison: ImageComparison, is_worst: bool, language: str
) -> str:
    key: Key = (comparison.doodle, comparison.seed, comparison.slot)
    baseline = _html_image(run.baseline_images[key]) if key in run.baseline_images else ""
    image = _html_image(_highlight_regions(run.images[key], comparison))
    seed_and_slot = message(
        "page.regression.seed_and_recipe", seed=comparison.seed, slot=comparison.slot
    )
    small = html.escape(seed_and_slot.text(language))
    label = f"{html.escape(comparison.doodle)}<br><small>{small}</small>"
    return (
        f"<tr{' class=worst' if is_worst else ''}>"
        f"<td>{_html_image(run.doodles[comparison.doodle])}{label}</td>"
        f"<td>{baseline}</td><td>{image}</td>"
        f"<td>{_format_number(comparison.delta_e)}</td>"
        f"<td>{_format_number(comparison.drift.shift if comparison.drift else None)}</td></tr>"
    )


def _html_image(image: Image.Image) -> str:
    """An `img` element with the image as a data URL."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="" src="data:image/webp;base64,{data}">'


def _format_metrics(metrics: QualityMetrics | None) -> Message:
    if metrics is None:
        return message("page.regression.none")
    return message(
        "page.regression.metrics",
        doodle=_format_number(metrics.color_error),
        four=f"{metrics.diversity:.1f}",
        seeds=_format_number(metrics.seed_diversity),
    )


def _format_drift(drift: DriftSummary | None) -> Message:
    if drift is None:
        return message("page.regression.drift_unmeasured")
    return message(
        "page.regression.drift",
        median=_format_number(drift.median_shift),
        p95=_format_number(drift.p95_shift),
        measured=drift.measured,
        images=drift.images,
    )


def _format_number(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
