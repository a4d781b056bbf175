"""Restoring generation info from PNG metadata."""

import io

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.errors import InvalidDocumentError, InvalidImageError
from studio.imaging.png_metadata import png_with_metadata
from studio.services.rendering.restore import read_generation_info
from tests import examples


def with_text(key: str, text: str) -> bytes:
    info = PngInfo()
    info.add_text(key, text)
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_own_metadata_takes_precedence() -> None:
    png = png_with_metadata(Image.new("RGB", (64, 64)), examples.variant(seed=5).model_dump_json())
    assert read_generation_info(png, examples.recipe()).seed == 5


def test_a1111_infotext_is_read_where_there_is_no_own_metadata() -> None:
    restored = read_generation_info(
        with_text("parameters", "a dress\nSteps: 9, Seed: 3"), examples.recipe()
    )
    assert (restored.recipe.steps, restored.seed) == (9, 3)


@pytest.mark.parametrize(
    ("png", "error", "text"),
    [
        (b"no picture", InvalidImageError, "Image is not a PNG"),
        (examples.png(), InvalidImageError, "no generation settings"),
        (
            with_text("doodle-theme-studio", "{}"),
            InvalidDocumentError,
            "Image metadata is invalid",
        ),
    ],
)
def test_image_that_cannot_be_restored_is_refused_with_a_reason(
    png: bytes, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        read_generation_info(png, examples.recipe())
