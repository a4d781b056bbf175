"""Fuzzing: ten thousand damaged PNGs are decoded or refused, without any other error.

`make test-all` (STUDIO_TEST_ALL=1) tries ten times as many.
"""

import io
import os
import random
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.errors import InvalidImageError
from studio.imaging.png_io import MAX_SIDE, decode_png, encode_png

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COUNT = 100_000 if os.environ.get("STUDIO_TEST_ALL") else 10_000
PER_TEST = 1_000
"""PNGs of one test."""
NAMES = (b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"IEND", b"zzZz")  # fmt: skip


def originals() -> list[bytes]:
    """Small PNGs of every mode, some with text, a profile, transparency, or several frames."""
    modes = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
    files = [_saved(Image.new(mode, (13, 11))) for mode in modes]
    text = PngInfo()
    text.add_text("parameters", "a red dress\nSteps: 20", zip=True)
    text.add_itxt("doodle-theme-studio", "{}")
    image = Image.new("P", (12, 12))
    image.putpalette([n % 256 for n in range(768)])
    files.append(
        _saved(image, pnginfo=text, transparency=3, icc_profile=b"none" * 40, dpi=(72, 72))
    )
    frames = [Image.new("RGBA", (12, 12), (n, 0, 0, n)) for n in (10, 200)]
    files.append(_saved(frames[0], save_all=True, append_images=frames[1:], duration=50))
    return files


def _saved(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    parsed, offset = [], len(SIGNATURE)
    while offset < len(png):
        (length,) = struct.unpack(">I", png[offset : offset + 4])
        start = offset + 8
        parsed.append((png[offset + 4 : start], png[start : start + length]))
        offset += length + 12
    return parsed


def join_chunks(chunk_list: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of these chunks with valid checksums, so that their content is parsed."""
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunk_list
    )


def with_bytes_changed(rng: random.Random, png: bytes) -> bytes:
    """Mostly behind the header, which is checked first."""
    damaged, first = bytearray(png), rng.choice((0, 33, 33, 33))
    for _ in range(rng.randint(1, 3)):
        damaged[rng.randrange(first, len(damaged))] = rng.randrange(256)
    return bytes(damaged)


def with_a_chunk_changed(rng: random.Random, png: bytes) -> bytes:
    chunk_list = chunks(png)
    index = rng.randrange(len(chunk_list))
    kind, body = chunk_list[index]
    changed = bytearray(body or b"\0")
    for _ in range(rng.randint(1, 4)):
        changed[rng.randrange(len(changed))] = rng.choice((0, 1, 127, 128, 255))
    chunk_list[index] = kind, bytes(changed[: rng.randint(0, len(changed))])
    return join_chunks(chunk_list)


def with_a_chunk_added(rng: random.Random, png: bytes) -> bytes:
    chunk_list = chunks(png)
    body = rng.choice(
        (b"", b"\0", rng.randbytes(13), b"a\0\0" + rng.randbytes(9), rng.randbytes(26))
    )
    chunk_list.insert(rng.randint(0, len(chunk_list)), (rng.choice(NAMES), body))
    return join_chunks(chunk_list)


def with_chunks_in_another_order(rng: random.Random, png: bytes) -> bytes:
    header, *rest = chunks(png)
    rng.shuffle(rest)
    return join_chunks([header, *rest] if rng.random() < 0.8 else [*rest, header])


def with_the_end_cut_off(rng: random.Random, png: bytes) -> bytes:
    return png[: rng.randrange(len(png))] + rng.randbytes(rng.randint(0, 8))


DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    with_bytes_changed,
    with_a_chunk_changed,
    with_a_chunk_added,
    with_chunks_in_another_order,
    with_the_end_cut_off,
)


def refusal(data: bytes) -> str:
    """The error of a PNG; empty where it is decoded."""
    try:
        image = decode_png(data, "the doodle")
    except InvalidImageError as error:
        return str(error)
    assert max(image.size) <= MAX_SIDE
    encode_png(image.convert("RGBA"))
    return ""


# Issue 18, 9.
@pytest.mark.filterwarnings("ignore:Invalid APNG")
@pytest.mark.parametrize("part", range(COUNT // PER_TEST))
def test_damaged_png_is_decoded_or_refused(part: int) -> None:
    rng, good = random.Random(part), originals()
    errors = []
    for number in range(PER_TEST):
        damage = DAMAGES[number % len(DAMAGES)]
        errors.append(refusal(damage(rng, rng.choice(good))))
    assert [error for error in errors if "\n" in error or " at 0x" in error or "<" in error] == []
    assert PER_TEST / 5 < errors.count("") < PER_TEST / 2
    assert sum("is a damaged PNG" in error for error in errors) > PER_TEST / 4
