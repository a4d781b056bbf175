"""A regression sheet as files to look at: one PNG, or one HTML page that needs nothing else."""

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
from studio.recipes.themes.preset import SLOTS, ThemeVersion
from studio.services.evaluation.regression import SEEDS, Key, RegressionRun

HIGHLIGHT_COLOR = (200, 50, 74)
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 24px; color: #2b2530; background: #f7f3ec; }
table { border-collapse: collapse; } th, td { padding: 4px 6px; text-align: left; vertical-align: top; font-size: 13px; }
img { width: 144px; border-radius: 8px; display: block; } .worst td { background: #fbe9e6; } small { color: #6d6472; }
"""


def render_png(drawn: RegressionRun, version: ThemeVersion) -> bytes:
    """A row for each doodle and seed: each recipe's picture, the other version's before it."""
    images: dict[tuple[int, int], Image.Image] = {}
    rows = _rows(drawn)
    columns = _columns(drawn, version)
    cells = {(c.doodle, c.seed, c.slot): c for c in drawn.report.comparisons}
    for row, (name, seed) in enumerate(rows):
        images[0, row] = drawn.doodles[name]
        column = 1
        for slot in SLOTS:
            key: Key = (name, seed, slot)
            if key in drawn.baseline_images:
                images[column, row] = drawn.baseline_images[key]
                column += 1
            images[column, row] = _highlight_regions(drawn.images[key], cells[key])
            column += 1
    down = [f"{name} {seed}" for name, seed in rows]
    title = f"{version.preset.name}, version {version.version}"
    return encode_png(contact_sheet(images, ["doodle", *columns], down, title))


def render_html(drawn: RegressionRun, version: ThemeVersion, language: str = DEFAULT) -> str:
    """The same as a page in `language`, with its figures; the pictures that changed most first."""
    report = drawn.report

    def text(told: Message) -> str:
        return html.escape(told.text(language))

    name = text(message("page.sheet.title", name=version.preset.name, number=version.version))
    against = message("page.sheet.nothing_to_compare")
    if report.baseline_version:
        against = message("page.sheet.compared", number=report.baseline_version)
    change = message("page.sheet.change", against=against, change=_figure(report.median_delta_e))
    order = sorted(report.comparisons, key=lambda cell: -(cell.delta_e or 0.0))
    rows = "".join(_row(drawn, cell, cell == report.worst_comparison, language) for cell in order)
    heads = (
        message("page.sheet.doodle"),
        message("page.sheet.before"),
        message("page.sheet.now"),
        message("page.sheet.changed"),
    )
    head = f"<tr>{''.join(f'<th>{text(each)}</th>' for each in heads)}</tr>"
    now = message("page.sheet.now_looks", looks=_looks(report.metrics))
    before = message("page.sheet.before_looks", looks=_looks(report.baseline_metrics))
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style><h1>{name}</h1><p>{text(change)}</p><p>{text(now)}</p>"
        f"<p>{text(before)}</p><table>{head}{rows}</table></html>"
    )


def _rows(drawn: RegressionRun) -> list[tuple[str, int]]:
    return list(product(drawn.doodles, SEEDS))


def _columns(drawn: RegressionRun, version: ThemeVersion) -> list[str]:
    if drawn.report.baseline_version is None:
        return list(SLOTS)
    numbers = (drawn.report.baseline_version, version.version)
    return [f"{slot} v{number}" for slot in SLOTS for number in numbers]


def _highlight_regions(image: Image.Image, cell: ImageComparison) -> Image.Image:
    """With a frame around each place that changed most."""
    marked = image.convert("RGB")
    draw = ImageDraw.Draw(marked)
    for place in cell.changed_regions:
        x, y = place.x * marked.width, place.y * marked.height
        draw.rectangle((x, y, x + place.width * marked.width, y + place.height * marked.height), outline=HIGHLIGHT_COLOR, width=2)  # fmt: skip
    return marked


def _row(drawn: RegressionRun, cell: ImageComparison, worst: bool, language: str) -> str:
    key: Key = (cell.doodle, cell.seed, cell.slot)
    before = _img(drawn.baseline_images[key]) if key in drawn.baseline_images else ""
    place = message("page.sheet.place", seed=cell.seed, slot=cell.slot).text(language)
    label = f"{html.escape(cell.doodle)}<br><small>{html.escape(place)}</small>"
    return (
        f"<tr{' class=worst' if worst else ''}><td>{_img(drawn.doodles[cell.doodle])}{label}</td>"
        f"<td>{before}</td><td>{_img(_highlight_regions(drawn.images[key], cell))}</td>"
        f"<td>{_figure(cell.delta_e)}</td></tr>"
    )


def _img(image: Image.Image) -> str:
    packed = io.BytesIO()
    image.save(packed, "WEBP", quality=82)
    return (
        f'<img alt="" src="data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}">'
    )


def _looks(looks: QualityMetrics | None) -> Message:
    if looks is None:
        return message("page.sheet.none")
    return message(
        "page.sheet.looks",
        doodle=_figure(looks.color_error),
        four=f"{looks.diversity:.1f}",
        seeds=_figure(looks.seed_diversity),
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
