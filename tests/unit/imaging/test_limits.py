"""The door for pictures lets PNGs of the right size through and nothing else."""

import io
import struct
import warnings
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from studio.errors import BadPicture
from studio.imaging.limits import MAX_BYTES, open_png, read_doodle
from tests import examples


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (256, 256)).save(buffer, "JPEG")
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is enormous."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def test_a_doodle_of_its_bases_size_comes_through_with_its_pixels() -> None:
    doodle = read_doodle(examples.png(), 256, 256)
    with Image.open(io.BytesIO(doodle.png)) as picture:
        assert picture.mode == "RGBA"
        assert picture.getpixel((3, 3)) == (214, 40, 48, 255)


def test_what_is_kept_is_written_anew() -> None:
    trailing = examples.png() + b"<script>alert(1)</script>"
    assert read_doodle(trailing, 256, 256).png == read_doodle(examples.png(), 256, 256).png


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "LA"])
def test_other_png_modes_become_rgba(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (256, 256)).save(buffer, "PNG")
    assert read_doodle(buffer.getvalue(), 256, 256).width == 256


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is not a PNG"),
        (b"hello", "is not a PNG"),
        (jpeg(), "is not a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG"),
        (examples.png((64, 256)), "is 64 x 256 pixels but its base image is 256 x 256"),
        (bomb(60000, 60000), "60000 x 60000 pixels; at most 2048 x 2048"),
        (bomb(0, 10), "at most"),
        (bomb(256, 256), "broken PNG"),
        (examples.png()[:-30], "broken PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * MAX_BYTES, "at most"),
    ],
    ids=["empty", "text", "jpeg", "svg", "size", "bomb", "zero", "no-data", "cut-short", "huge"],
)
def test_everything_else_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(BadPicture) as caught:
        read_doodle(data, 256, 256)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_png_is_read_or_refused_but_nothing_else_happens(data: st.DataObject) -> None:
    png = bytearray(examples.png((16, 16)))
    for _ in range(data.draw(st.integers(1, 4))):
        png[data.draw(st.integers(0, len(png) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = open_png(bytes(png), "it")
    except BadPicture:
        return
    assert max(picture.size) <= 2048


def test_reading_a_picture_changes_no_other_threads_warnings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Filters are the process's: turned to errors here, they end whatever else is being drawn."""
    seen, real = [], Image.open

    def opened(*arguments: Any, **named: Any) -> Image.Image:
        seen.append(list(warnings.filters))
        return real(*arguments, **named)

    monkeypatch.setattr(Image, "open", opened)
    before = list(warnings.filters)
    open_png(examples.png(), "the picture")
    assert seen == [before]
