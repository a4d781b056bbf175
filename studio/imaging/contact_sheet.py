"""A contact sheet: pictures in rows and columns, what varies written at its edges."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

PAPER, INK, EMPTY = (250, 248, 244), (43, 37, 48), (232, 228, 220)
GAP = 8


def contact_sheet(
    images: Mapping[tuple[int, int], Image.Image],
    across: Sequence[str],
    down: Sequence[str],
    title: str = "",
) -> Image.Image:
    """The pictures by (column, row) under their labels; a place without a picture stays empty."""
    size = max((image.size for image in images.values()), default=(256, 256))
    width, height = size
    points = max(11, height // 16)
    font, line = ImageFont.load_default(points), round(points * 1.6)
    side = GAP + max((round(font.getlength(label)) for label in down), default=0) + GAP
    top = (line if title else 0) + line + GAP
    page = Image.new(
        "RGB",
        (side + len(across) * (width + GAP), top + len(down) * (height + GAP)),
        PAPER,
    )
    draw = ImageDraw.Draw(page)
    draw.text((GAP, GAP // 2), title, INK, font)
    for column, label in enumerate(across):
        middle = side + column * (width + GAP) + width // 2
        draw.text((middle, top - GAP), label, INK, font, anchor="ms")
    for row, label in enumerate(down):
        y = top + row * (height + GAP)
        draw.text((GAP, y + height // 2), label, INK, font, anchor="lm")
        for column in range(len(across)):
            x = side + column * (width + GAP)
            image = images.get((column, row))
            if image is None:
                draw.rectangle((x, y, x + width - 1, y + height - 1), EMPTY)
            else:
                page.paste(image.convert("RGB"), (x, y))
    return page
