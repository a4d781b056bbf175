"""Contact sheets: images in a grid, with empty cells."""

from PIL import Image

from studio.imaging.contact_sheet import EMPTY_CELL, contact_sheet


def test_missing_image_leaves_an_empty_cell() -> None:
    red, blue = Image.new("RGB", (64, 64), "red"), Image.new("RGB", (64, 64), "blue")
    sheet = contact_sheet({(0, 0): red, (1, 1): blue}, ["a", "b"], ["one", "two"], "Steps 8")
    counts = {color: n for n, color in sheet.getcolors(100_000) or []}
    assert counts[(255, 0, 0)] == counts[(0, 0, 255)] == 64 * 64
    assert counts[EMPTY_CELL] == 2 * 64 * 64
    left, right = (
        [
            x
            for x in range(sheet.width)
            if (color in {sheet.getpixel((x, y)) for y in range(sheet.height)})
        ]
        for color in ((255, 0, 0), (0, 0, 255))
    )
    assert max(left) < min(right)


def test_sheet_grows_with_long_labels() -> None:
    narrow = contact_sheet({}, ["a"], ["x"])
    wide = contact_sheet({}, ["a"], ["Starting Control Step 0.25"])
    assert wide.width > narrow.width + 100
