"""Resizing to another size and aspect ratio, with A1111's three resize modes."""

from PIL import Image

from studio.recipes.generation.recipe import ResizeMode


def resize_to(
    image: Image.Image,
    size: tuple[int, int],
    mode: ResizeMode,
    resample: Image.Resampling = Image.Resampling.LANCZOS,
) -> Image.Image:
    """`image` resized to `size` (width, height) in pixels.

    "Just Resize" stretches the image. "Crop and Resize" fills the target and crops what exceeds it.
    "Resize and Fill" fits the complete image and repeats its edge pixels up to the border.
    """
    if image.size == size or mode == "Just Resize":
        return image.resize(size, resample)
    width, height = size
    x_scale, y_scale = width / image.width, height / image.height
    scale = max(x_scale, y_scale) if mode == "Crop and Resize" else min(x_scale, y_scale)
    scaled_size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    scaled = image.resize(scaled_size, resample)
    left, top = (width - scaled.width) // 2, (height - scaled.height) // 2
    if mode == "Crop and Resize":
        return scaled.crop((-left, -top, -left + width, -top + height))
    canvas = _extend_edges(scaled, size, left, top)
    canvas.paste(scaled, (left, top))
    return canvas


def _extend_edges(image: Image.Image, size: tuple[int, int], left: int, top: int) -> Image.Image:
    """A canvas of `size` with the image's outermost columns left and right of it, or its outermost rows
    above and below it, repeated up to the border."""
    canvas = Image.new(image.mode, size)
    right, bottom = left + image.width, top + image.height
    for column, start, end in ((0, 0, left), (image.width - 1, right, size[0])):
        if end > start:
            strip = image.crop((column, 0, column + 1, image.height))
            canvas.paste(strip.resize((end - start, image.height)), (start, top))
    for row, start, end in ((0, 0, top), (image.height - 1, bottom, size[1])):
        if end > start:
            strip = image.crop((0, row, image.width, row + 1))
            canvas.paste(strip.resize((image.width, end - start)), (left, start))
    return canvas
