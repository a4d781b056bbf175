"""Brings a picture to another size and shape, in A1111's three ways."""

from PIL import Image

from studio.recipes.generation.recipe import ResizeMode


def resize_to(
    image: Image.Image,
    size: tuple[int, int],
    mode: ResizeMode,
    resample: Image.Resampling = Image.Resampling.LANCZOS,
) -> Image.Image:
    """`picture` at `size` (width, height).

    Just Resize stretches it; Crop and Resize fills the page and loses what stands over;
    Resize and Fill shows all of it, its edge carried on to the page's border.
    """
    if image.size == size or mode == "Just Resize":
        return image.resize(size, resample)
    width, height = size
    across, down = width / image.width, height / image.height
    scale = max(across, down) if mode == "Crop and Resize" else min(across, down)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(inner, resample)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    if mode == "Crop and Resize":
        return small.crop((-left, -top, -left + width, -top + height))
    page = _extend_edges(small, size, left, top)
    page.paste(small, (left, top))
    return page


def _extend_edges(small: Image.Image, size: tuple[int, int], left: int, top: int) -> Image.Image:
    """A page of the picture's outermost columns beside it, or rows above and below it."""
    page = Image.new(small.mode, size)
    right, bottom = left + small.width, top + small.height
    for column, start, end in ((0, 0, left), (small.width - 1, right, size[0])):
        if end > start:
            strip = small.crop((column, 0, column + 1, small.height))
            page.paste(strip.resize((end - start, small.height)), (start, top))
    for row, start, end in ((0, 0, top), (small.height - 1, bottom, size[1])):
        if end > start:
            strip = small.crop((0, row, small.width, row + 1))
            page.paste(strip.resize((small.width, end - start)), (left, start))
    return page
