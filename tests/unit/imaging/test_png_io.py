"""Validation of PNGs from outside."""

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
    """A small PNG whose header declares an enormous size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunk = b"IHDR" + header
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def header(width: int, height: int) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))


def test_valid_doodle_keeps_its_pixels() -> None:
    doodle = decode_doodle(examples.png(), 256, 256)
    with Image.open(io.BytesIO(doodle.png_bytes)) as image:
        assert image.mode == "RGBA"
        assert image.getpixel((3, 3)) == (214, 40, 48, 255)


def test_trailing_bytes_are_dropped() -> None:
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
    ("data", "error"),
    [
        (b"", "is not a PNG"),
        (b"hello", "is not a PNG"),
        (jpeg(), "is not a PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG"),
        (examples.png((64, 256)), "is 64 x 256 pixels, but its base image is 256 x 256"),
        (bomb(60000, 60000), "60000 x 60000 pixels"),
        (bomb(0, 10), "unsupported size"),
        (bomb(256, 256), "damaged PNG"),
        (examples.png()[:-30], "damaged PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * MAX_BYTES, "too large"),
    ],
    ids=["empty", "text", "jpeg", "svg", "size", "bomb", "zero", "no-data", "cut-short", "huge"],
)
def test_invalid_doodle_is_refused_with_the_reason(data: bytes, error: str) -> None:
    with pytest.raises(InvalidImageError) as caught:
        decode_doodle(data, 256, 256)
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_png_with_changed_bytes_is_decoded_or_refused(data: st.DataObject) -> None:
    png = bytearray(examples.png((16, 16)))
    for _ in range(data.draw(st.integers(1, 4))):
        png[data.draw(st.integers(0, len(png) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = decode_png(bytes(png), "it")
    except InvalidImageError:
        return
    assert max(image.size) <= 2048


def test_decoding_does_not_change_warning_filters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Warning filters are global: turned into errors here, they would fail jobs in other threads."""
    filters, original = [], Image.open

    def open_image(*args: Any, **kwargs: Any) -> Image.Image:
        filters.append(list(warnings.filters))
        return original(*args, **kwargs)

    monkeypatch.setattr(Image, "open", open_image)
    before = list(warnings.filters)
    decode_png(examples.png(), "the picture")
    assert filters == [before]


# Issue 18, 9: 0.9 MB in, 680 MB out.
@pytest.mark.parametrize("second", [(13000, 13000), (4096, 4096), (255, 256)])
def test_second_header_does_not_pass_the_size_check(
    second: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    decompressed: list[object] = []
    monkeypatch.setattr(PngImageFile, "load_prepare", decompressed.append)
    data = b"\x89PNG\r\n\x1a\n" + header(256, 256) + header(*second)
    data += chunk(b"IDAT", zlib.compress(bytes(10**6)))
    with pytest.raises(InvalidImageError, match="damaged PNG"):
        decode_png(data + chunk(b"IEND", b""), "the doodle")
    assert decompressed == []


# Issue 18, 9: Pillow parses these after the pixels, and raises all kinds of errors.
@pytest.mark.parametrize(
    "kind", [b"cHRM", b"gAMA", b"iCCP", b"pHYs", b"tRNS", b"sRGB", b"eXIf", b"acTL", b"fcTL"]
)
@pytest.mark.parametrize("body", [b"", b"\0", b"ab\0", b"ab\0\0\xff\xff", b"\xff" * 40])
def test_broken_chunk_after_the_pixels_is_refused_or_ignored(kind: bytes, body: bytes) -> None:
    png = examples.png((16, 16))
    end = png.rindex(b"IEND") - 4
    with contextlib.suppress(InvalidImageError):
        decode_png(png[:end] + chunk(kind, body) + png[end:], "the doodle")


# Issue 18, 9.
def test_error_reveals_no_python_objects() -> None:
    with pytest.raises(InvalidImageError) as caught:
        decode_png(bomb(256, 256), "the doodle")
    assert "damaged chunks" in str(caught.value)
    assert not re.search("0x|object|BytesIO", str(caught.value))


def test_16_bit_grayscale_is_scaled_to_8_bits() -> None:
    """Security review, 2.3: it was decoded as white."""
    buffer = io.BytesIO()
    Image.fromarray(np.array([[0, 20_000, 40_000, 65_535]], np.uint16)).save(buffer, "PNG")
    assert list(decode_png(buffer.getvalue(), "it").convert("RGB").getdata(0)) == [0, 78, 156, 255]


# Issue 18, 9.
def test_pillow_refuses_decompression_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    with warnings.catch_warnings():
        warnings.resetwarnings()
        limit_pillow()
        for side in (MAX_OUTPUT_SIDE + 1, 3 * MAX_OUTPUT_SIDE):
            data = io.BytesIO(bomb(side, side) + chunk(b"IDAT", b""))
            with pytest.raises((Image.DecompressionBombWarning, Image.DecompressionBombError)):
                Image.open(data)
