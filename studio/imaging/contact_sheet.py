"""Contact sheets: images in a labeled grid, as in A1111's X/Y/Z plot."""

from collections.abc import Mapping, Sequence
from itertools import product

from PIL import Image, ImageDraw, ImageFont

BACKGROUND, FOREGROUND, EMPTY_CELL = (250, 248, 244), (43, 37, 48), (232, 228, 220)
"""RGB colors of the sheet, its text, and cells without an image."""
SPACING = 8
"""Pixels between cells."""


def contact_sheet(
    images: Mapping[tuple[int, int], Image.Image],
    column_labels: Sequence[str],
    row_labels: Sequence[str],
    title: str = "",
) -> Image.Image:
    """An RGB image of the grid.

    Args:
        images: by (column, row) index, all of one size; a missing cell is left empty.
        column_labels: one label per column, drawn above it.
        row_labels: one label per row, drawn left of it.
        title: drawn at the top left.
    """
    width, height = max((image.size for image in images.values()), default=(256, 256))
    font_size = max(11, height // 16)
    font, line_height = ImageFont.load_default(font_size), round(font_size * 1.6)
    label_width = max((round(font.getlength(label)) for label in row_labels), default=0)
    left = SPACING + label_width + SPACING
    top = (line_height if title else 0) + line_height + SPACING
    size = (
        left + len(column_labels) * (width + SPACING),
        top + len(row_labels) * (height + SPACING),
    )
    sheet = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((SPACING, SPACING // 2), title, FOREGROUND, font)
    for column, label in enumerate(column_labels):
        x = left + column * (width + SPACING)
        draw.text((x + width // 2, top - SPACING), label, FOREGROUND, font, anchor="ms")
    for row, label in enumerate(row_labels):
        y = top + row * (height + SPACING)
        draw.text((SPACING, y + height // 2), label, FOREGROUND, font, anchor="lm")
    for column, row in product(range(len(column_labels)), range(len(row_labels))):
        x, y = left + column * (width + SPACING), top + row * (height + SPACING)
        if (image := images.get((column, row))) is not None:
            sheet.paste(image.convert("RGB"), (x, y))
        else:
            draw.rectangle((x, y, x + width - 1, y + height - 1), EMPTY_CELL)
    return sheet
