"""Pictures are kept once, whole, under the hash of their bytes."""

import hashlib
from pathlib import Path

import pytest

from studio.errors import NotFoundError, StorageUnavailableError
from studio.store.base_images import BaseImageStore
from studio.store.database import Database
from studio.store.images.files import FileImageStore
from tests import examples


def test_bytes_come_back_and_are_kept_once(tmp_path: Path) -> None:
    files = FileImageStore(tmp_path / "p")
    sha256 = files.write(b"pixels")
    assert sha256 == hashlib.sha256(b"pixels").hexdigest() == files.write(b"pixels")
    assert files.get(sha256) == b"pixels"
    assert len([f for f in tmp_path.rglob("*") if f.is_file()]) == 1


def test_a_image_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="picture abababab"):
        FileImageStore(tmp_path).get(examples.HASH)


def test_a_folder_that_cannot_be_written_is_named_and_nothing_is_half_written(
    tmp_path: Path,
) -> None:
    (tmp_path / "p").write_text("in the way")
    with pytest.raises(StorageUnavailableError, match="cannot keep a picture"):
        FileImageStore(tmp_path / "p").write(b"pixels")
    assert [f.name for f in tmp_path.iterdir()] == ["p"]


def test_base_images_come_back_with_their_keypoints(tmp_path: Path) -> None:
    store = BaseImageStore(Database(f"sqlite:///{tmp_path}/s.db"), FileImageStore(tmp_path / "p"))
    hidden = examples.base_image(id="b", keypoints=(None, *[(0.5, 0.5)] * 17))
    bare = examples.base_image(id="a", keypoints=None)
    store.upsert(hidden, b"1", position=0)
    store.upsert(bare, b"2", position=1)
    assert list(store.list_all()) == [hidden, bare]
    assert store.get("a") == bare
    with pytest.raises(NotFoundError, match=r"no base image named 'c' \(there are: b, a\)"):
        store.get("c")
