"""A picture handed back in tells what made it, or plainly that it does not."""

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


def test_our_own_record_comes_first() -> None:
    png = png_with_metadata(Image.new("RGB", (64, 64)), examples.variant(seed=5).model_dump_json())
    assert read_generation_info(png, examples.recipe()).seed == 5


def test_a1111s_text_is_read_where_there_is_none() -> None:
    made = read_generation_info(
        with_text("parameters", "a dress\nSteps: 9, Seed: 3"), examples.recipe()
    )
    assert (made.recipe.steps, made.seed) == (9, 3)


@pytest.mark.parametrize(
    ("png", "error", "said"),
    [
        (b"no picture", InvalidImageError, "the picture is not a PNG"),
        (examples.png(), InvalidImageError, "does not say what made it"),
        (
            with_text("doodle-theme-studio", "{}"),
            InvalidDocumentError,
            "what the picture carries does not",
        ),
    ],
)
def test_what_cannot_be_restored_says_why(png: bytes, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        read_generation_info(png, examples.recipe())
