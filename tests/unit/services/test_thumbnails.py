"""Thumbnails: small, without metadata, made once, gone with their image."""

import io
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.services.thumbnails import ThumbnailCache, ThumbnailedImageStore, thumbnail_webp
from studio.store.images.files import FileImageStore


def png(width: int = 512, height: int = 256, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    info = PngInfo()
    info.add_text("parameters", "a secret prompt")
    Image.new(mode, (width, height)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def opened(webp: bytes) -> Image.Image:
    return Image.open(io.BytesIO(webp), formats=["WEBP"])


def test_a_thumbnail_is_small_and_carries_no_prompt() -> None:
    webp = thumbnail_webp(png(), 192)
    assert opened(webp).size == (192, 96)
    assert b"secret" not in webp
    assert opened(thumbnail_webp(png(mode="RGBA"), 96)).mode == "RGBA"


def test_a_thumbnail_is_made_once_a_size_and_goes_with_its_image(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "thumbnails")
    images = ThumbnailedImageStore(FileImageStore(tmp_path / "images"), cache)
    sha256 = images.write(png())
    reads = []

    def read() -> bytes:
        reads.append(sha256)
        return images.get(sha256)

    first = cache.get(sha256, 150, read)
    assert cache.get(sha256, 192, read) == first
    assert opened(first).width == 192
    assert len(reads) == 1
    images.remove(sha256)
    assert not list((tmp_path / "thumbnails").rglob("*.webp"))


def test_a_full_disk_does_not_keep_a_thumbnail_from_the_page(tmp_path: Path) -> None:
    (tmp_path / "thumbnails").write_text("in the way")
    webp = ThumbnailCache(tmp_path / "thumbnails").get("a" * 64, 96, png)
    assert opened(webp).width == 96
