"""The door for pictures lets PNGs of the right size through and nothing else."""

import contextlib
import io
import re
import struct
import warnings
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from studio.errors import InvalidImageError
from studio.imaging.png_io import (
    MAX_BYTES,
    MAX_OUTPUT_SIDE,
    decode_doodle,
    decode_png,
    limit_pillow,
)
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


def chunk(kind: bytes, body: bytes) -> bytes:
    summed = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + summed


def header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))


def test_a_doodle_of_its_bases_size_comes_through_with_its_pixels() -> None:
    doodle = decode_doodle(examples.png(), 256, 256)
    with Image.open(io.BytesIO(doodle.png_bytes)) as image:
        assert image.mode == "RGBA"
        assert image.getpixel((3, 3)) == (214, 40, 48, 255)


def test_what_is_kept_is_written_anew() -> None:
    trailing = examples.png() + b"<script>alert(1)</script>"
    assert (
        decode_doodle(trailing, 256, 256).png_bytes
        == decode_doodle(examples.png(), 256, 256).png_bytes
    )


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1", "LA"])
def test_other_png_modes_become_rgba(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (256, 256)).save(buffer, "PNG")
    assert decode_doodle(buffer.getvalue(), 256, 256).width == 256


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
    with pytest.raises(InvalidImageError) as caught:
        decode_doodle(data, 256, 256)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_png_is_read_or_refused_but_nothing_else_happens(data: st.DataObject) -> None:
    png = bytearray(examples.png((16, 16)))
    for _ in range(data.draw(st.integers(1, 4))):
        png[data.draw(st.integers(0, len(png) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = decode_png(bytes(png), "it")
    except InvalidImageError:
        return
    assert max(image.size) <= 2048


def test_reading_a_image_changes_no_other_threads_warnings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Filters are the process's: turned to errors here, they end whatever else is being drawn."""
    seen, real = [], Image.open

    def opened(*arguments: Any, **named: Any) -> Image.Image:
        seen.append(list(warnings.filters))
        return real(*arguments, **named)

    monkeypatch.setattr(Image, "open", opened)
    before = list(warnings.filters)
    decode_png(examples.png(), "the picture")
    assert seen == [before]


# Issue 18, 9: 0.9 MB in, 680 MB out.
@pytest.mark.parametrize("second", [(13000, 13000), (4096, 4096), (255, 256)])
def test_a_second_header_does_not_pass_the_size_check(
    second: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[object] = []
    monkeypatch.setattr(PngImageFile, "load_prepare", unpacked.append)
    data = b"\x89PNG\r\n\x1a\n" + header(256, 256) + header(*second)
    data += chunk(b"IDAT", zlib.compress(bytes(10**6)))
    with pytest.raises(InvalidImageError, match="broken PNG"):
        decode_png(data + chunk(b"IEND", b""), "the doodle")
    assert unpacked == []


# Issue 18, 9: Pillow reads these after the pixels, and stumbles over what is in them.
@pytest.mark.parametrize(
    "kind", [b"cHRM", b"gAMA", b"iCCP", b"pHYs", b"tRNS", b"sRGB", b"eXIf", b"acTL", b"fcTL"]
)
@pytest.mark.parametrize("body", [b"", b"\0", b"ab\0", b"ab\0\0\xff\xff", b"\xff" * 40])
def test_a_broken_chunk_behind_the_pixels_is_told_or_passed_over(kind: bytes, body: bytes) -> None:
    png = examples.png((16, 16))
    end = png.rindex(b"IEND") - 4
    with contextlib.suppress(InvalidImageError):
        decode_png(png[:end] + chunk(kind, body) + png[end:], "the doodle")


# Issue 18, 9.
def test_no_object_of_the_process_is_told_of() -> None:
    with pytest.raises(InvalidImageError) as caught:
        decode_png(bomb(256, 256), "the doodle")
    assert "its chunks do not hold" in str(caught.value)
    assert not re.search("0x|object|BytesIO", str(caught.value))


def test_grey_of_sixteen_bits_keeps_its_shades() -> None:
    """Security review, 2.3: it arrived white."""
    packed = io.BytesIO()
    Image.fromarray(np.array([[0, 20_000, 40_000, 65_535]], np.uint16)).save(packed, "PNG")
    assert list(decode_png(packed.getvalue(), "it").convert("RGB").getdata(0)) == [0, 78, 156, 255]


# Issue 18, 9.
def test_pillow_refuses_bombs_wherever_they_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    with warnings.catch_warnings():
        warnings.resetwarnings()
        limit_pillow()
        for side in (MAX_OUTPUT_SIDE + 1, 3 * MAX_OUTPUT_SIDE):
            data = io.BytesIO(bomb(side, side) + chunk(b"IDAT", b""))
            with pytest.raises((Image.DecompressionBombWarning, Image.DecompressionBombError)):
                Image.open(data)
