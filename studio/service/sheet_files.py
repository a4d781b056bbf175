"""A regression sheet as files to look at: one PNG, or one HTML page that needs nothing else."""

import base64
import html
import io
from itertools import product

from PIL import Image, ImageDraw

from studio.imaging.contact import contact_sheet
from studio.imaging.limits import encode_png
from studio.locales import DEFAULT
from studio.messages import Message, message
from studio.recipes.preset import LETTERS, PresetVersion
from studio.recipes.reports import Compared, Looks
from studio.service.regression import SEEDS, DrawnSheet, Key

MARK = (200, 50, 74)
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 24px; color: #2b2530; background: #f7f3ec; }
table { border-collapse: collapse; } th, td { padding: 4px 6px; text-align: left; vertical-align: top; font-size: 13px; }
img { width: 144px; border-radius: 8px; display: block; } .worst td { background: #fbe9e6; } small { color: #6d6472; }
"""


def sheet_png(drawn: DrawnSheet, version: PresetVersion) -> bytes:
    """A row for each doodle and seed: each recipe's picture, the other version's before it."""
    pictures: dict[tuple[int, int], Image.Image] = {}
    rows = _rows(drawn)
    columns = _columns(drawn, version)
    cells = {(c.doodle, c.seed, c.letter): c for c in drawn.report.cells}
    for row, (name, seed) in enumerate(rows):
        pictures[0, row] = drawn.doodles[name]
        column = 1
        for letter in LETTERS:
            key: Key = (name, seed, letter)
            if key in drawn.others:
                pictures[column, row] = drawn.others[key]
                column += 1
            pictures[column, row] = _marked(drawn.pictures[key], cells[key])
            column += 1
    down = [f"{name} {seed}" for name, seed in rows]
    title = f"{version.preset.name}, version {version.number}"
    return encode_png(contact_sheet(pictures, ["doodle", *columns], down, title))


def sheet_html(drawn: DrawnSheet, version: PresetVersion, language: str = DEFAULT) -> str:
    """The same as a page in `language`, with its figures; the pictures that changed most first."""
    report = drawn.report

    def text(told: Message) -> str:
        return html.escape(told.text(language))

    name = text(message("page.sheet.title", name=version.preset.name, number=version.number))
    against = message("page.sheet.nothing_to_compare")
    if report.against:
        against = message("page.sheet.compared", number=report.against)
    change = message("page.sheet.change", against=against, change=_figure(report.difference))
    order = sorted(report.cells, key=lambda cell: -(cell.difference or 0.0))
    rows = "".join(_row(drawn, cell, cell == report.worst, language) for cell in order)
    heads = (
        message("page.sheet.doodle"),
        message("page.sheet.before"),
        message("page.sheet.now"),
        message("page.sheet.changed"),
    )
    head = f"<tr>{''.join(f'<th>{text(each)}</th>' for each in heads)}</tr>"
    now = message("page.sheet.now_looks", looks=_looks(report.looks))
    before = message("page.sheet.before_looks", looks=_looks(report.looks_against))
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style><h1>{name}</h1><p>{text(change)}</p><p>{text(now)}</p>"
        f"<p>{text(before)}</p><table>{head}{rows}</table></html>"
    )


def _rows(drawn: DrawnSheet) -> list[tuple[str, int]]:
    return list(product(drawn.doodles, SEEDS))


def _columns(drawn: DrawnSheet, version: PresetVersion) -> list[str]:
    if drawn.report.against is None:
        return list(LETTERS)
    numbers = (drawn.report.against, version.number)
    return [f"{letter} v{number}" for letter in LETTERS for number in numbers]


def _marked(picture: Image.Image, cell: Compared) -> Image.Image:
    """With a frame around each place that changed most."""
    marked = picture.convert("RGB")
    draw = ImageDraw.Draw(marked)
    for place in cell.places:
        x, y = place.x * marked.width, place.y * marked.height
        draw.rectangle((x, y, x + place.width * marked.width, y + place.height * marked.height), outline=MARK, width=2)  # fmt: skip
    return marked


def _row(drawn: DrawnSheet, cell: Compared, worst: bool, language: str) -> str:
    key: Key = (cell.doodle, cell.seed, cell.letter)
    before = _img(drawn.others[key]) if key in drawn.others else ""
    place = message("page.sheet.place", seed=cell.seed, slot=cell.letter).text(language)
    label = f"{html.escape(cell.doodle)}<br><small>{html.escape(place)}</small>"
    return (
        f"<tr{' class=worst' if worst else ''}><td>{_img(drawn.doodles[cell.doodle])}{label}</td>"
        f"<td>{before}</td><td>{_img(_marked(drawn.pictures[key], cell))}</td>"
        f"<td>{_figure(cell.difference)}</td></tr>"
    )


def _img(picture: Image.Image) -> str:
    packed = io.BytesIO()
    picture.save(packed, "WEBP", quality=82)
    return (
        f'<img alt="" src="data:image/webp;base64,{base64.b64encode(packed.getvalue()).decode()}">'
    )


def _looks(looks: Looks | None) -> Message:
    if looks is None:
        return message("page.sheet.none")
    return message(
        "page.sheet.looks",
        doodle=_figure(looks.likeness),
        four=f"{looks.diversity:.1f}",
        seeds=_figure(looks.of_seeds),
    )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
