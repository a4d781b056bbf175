"""Content-addressed image files, and base images over them."""

import hashlib
from pathlib import Path

import pytest

from studio.errors import NotFoundError, StorageUnavailableError
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from tests import examples


def test_image_is_stored_once_and_read_back(tmp_path: Path) -> None:
    files = FileImageStore(tmp_path / "p")
    sha256 = files.write(b"pixels")
    assert sha256 == hashlib.sha256(b"pixels").hexdigest() == files.write(b"pixels")
    assert files.get(sha256) == b"pixels"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="Image abababab"):
        FileImageStore(tmp_path).get(examples.HASH)


def test_unwritable_directory_is_named_and_leaves_no_partial_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "p").write_text("in the way")
    with pytest.raises(StorageUnavailableError, match="Cannot save an image"):
        FileImageStore(tmp_path / "p").write(b"pixels")
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_base_images_are_read_back_with_their_keypoints(tmp_path: Path) -> None:
    store = BaseImageStore(Database(f"sqlite:///{tmp_path}/s.db"), FileImageStore(tmp_path / "p"))
    partly_hidden = examples.base_image(id="b", keypoints=(None, *[(0.5, 0.5)] * 17))
    without_keypoints = examples.base_image(id="a", keypoints=None)
    store.upsert(partly_hidden, b"1", position=0)
    store.upsert(without_keypoints, b"2", position=1)
    assert list(store.list_all()) == [partly_hidden, without_keypoints]
    assert store.get("a") == without_keypoints
    with pytest.raises(NotFoundError, match=r"Base image not found: “c”\. Available: b, a\."):
        store.get("c")
