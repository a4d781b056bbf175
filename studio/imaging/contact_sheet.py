"""A contact sheet: pictures in rows and columns, what varies written at its edges."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

BACKGROUND, FOREGROUND, EMPTY_CELL = (250, 248, 244), (43, 37, 48), (232, 228, 220)
SPACING = 8


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
    side = SPACING + max((round(font.getlength(label)) for label in down), default=0) + SPACING
    top = (line if title else 0) + line + SPACING
    page = Image.new(
        "RGB",
        (side + len(across) * (width + SPACING), top + len(down) * (height + SPACING)),
        BACKGROUND,
    )
    draw = ImageDraw.Draw(page)
    draw.text((SPACING, SPACING // 2), title, FOREGROUND, font)
    for column, label in enumerate(across):
        middle = side + column * (width + SPACING) + width // 2
        draw.text((middle, top - SPACING), label, FOREGROUND, font, anchor="ms")
    for row, label in enumerate(down):
        y = top + row * (height + SPACING)
        draw.text((SPACING, y + height // 2), label, FOREGROUND, font, anchor="lm")
        for column in range(len(across)):
            x = side + column * (width + SPACING)
            image = images.get((column, row))
            if image is None:
                draw.rectangle((x, y, x + width - 1, y + height - 1), EMPTY_CELL)
            else:
                page.paste(image.convert("RGB"), (x, y))
    return page
