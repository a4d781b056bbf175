"""Ten thousand damaged PNGs: each is read or refused as a broken picture, and nothing else happens.

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
EACH = 1_000
"""Pictures a test looks at."""
NAMES = (b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"acTL", b"fcTL", b"fdAT", b"IEND", b"zzZz")  # fmt: skip


def originals() -> list[bytes]:
    """Small PNGs of every mode, some with text, a profile, transparency, or several frames."""
    made = []
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        made.append(_saved(Image.new(mode, (13, 11))))
    told = PngInfo()
    told.add_text("parameters", "a red dress\nSteps: 20", zip=True)
    told.add_itxt("doodle-theme-studio", "{}")
    image = Image.new("P", (12, 12))
    image.putpalette([n % 256 for n in range(768)])
    made.append(_saved(image, pnginfo=told, transparency=3, icc_profile=b"none" * 40, dpi=(72, 72)))
    frames = [Image.new("RGBA", (12, 12), (n, 0, 0, n)) for n in (10, 200)]
    made.append(_saved(frames[0], save_all=True, append_images=frames[1:], duration=50))
    return made


def _saved(image: Image.Image, **more: object) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG", **more)
    return packed.getvalue()


def chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + length]))
        at += length + 12
    return found


def written(parts: list[tuple[bytes, bytes]]) -> bytes:
    """Chunks as a PNG whose check sums are right, so that what is in them is looked at."""
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def with_bytes_changed(chance: random.Random, png: bytes) -> bytes:
    """Most often behind the header, which is looked at first."""
    damaged, first = bytearray(png), chance.choice((0, 33, 33, 33))
    for _ in range(chance.randint(1, 3)):
        damaged[chance.randrange(first, len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def with_a_chunk_changed(chance: random.Random, png: bytes) -> bytes:
    parts = chunks(png)
    at = chance.randrange(len(parts))
    kind, body = parts[at]
    changed = bytearray(body or b"\0")
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] = chance.choice((0, 1, 127, 128, 255))
    parts[at] = kind, bytes(changed[: chance.randint(0, len(changed))])
    return written(parts)


def with_a_chunk_more(chance: random.Random, png: bytes) -> bytes:
    parts = chunks(png)
    body = chance.choice(
        (b"", b"\0", chance.randbytes(13), b"a\0\0" + chance.randbytes(9), chance.randbytes(26))
    )
    parts.insert(chance.randint(0, len(parts)), (chance.choice(NAMES), body))
    return written(parts)


def with_chunks_in_another_order(chance: random.Random, png: bytes) -> bytes:
    header, *rest = chunks(png)
    chance.shuffle(rest)
    return written([header, *rest] if chance.random() < 0.8 else [*rest, header])


def with_the_end_cut_off(chance: random.Random, png: bytes) -> bytes:
    return png[: chance.randrange(len(png))] + chance.randbytes(chance.randint(0, 8))


DAMAGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    with_bytes_changed, with_a_chunk_changed, with_a_chunk_more, with_chunks_in_another_order, with_the_end_cut_off,
)  # fmt: skip


def refusal(data: bytes) -> str:
    """Why a picture is not taken; empty where it is."""
    try:
        image = decode_png(data, "the doodle")
    except InvalidImageError as error:
        return str(error)
    assert max(image.size) <= MAX_SIDE
    encode_png(image.convert("RGBA"))
    return ""


# Issue 18, 9.
@pytest.mark.filterwarnings("ignore:Invalid APNG")
@pytest.mark.parametrize("part", range(COUNT // EACH))
def test_a_damaged_png_is_read_or_refused(part: int) -> None:
    chance, good = random.Random(part), originals()
    said = []
    for number in range(EACH):
        damage = DAMAGES[number % len(DAMAGES)]
        said.append(refusal(damage(chance, chance.choice(good))))
    assert [each for each in said if "\n" in each or " at 0x" in each or "<" in each] == []
    assert EACH / 5 < said.count("") < EACH / 2
    assert sum("is a broken PNG" in each for each in said) > EACH / 4
