"""Pictures in a bucket, on a real server that speaks S3 (moto's, on a spare loopback port)."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from studio.bootstrap import open_studio
from studio.errors import NotFound, StoreUnavailable
from studio.recipes.events import Done
from studio.service.fake import FakeRenderer
from studio.settings import Settings
from studio.store.bucket import PictureBucket
from tests import examples


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def address(s3: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    for name, value in {
        "AWS_ENDPOINT_URL": s3, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    bucket = f"b{abs(hash(request.node.name))}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/pictures"


def test_a_picture_is_kept_once_under_its_hash(address: str) -> None:
    bucket = PictureBucket(address)
    sha256 = bucket.put(b"pixels")
    assert PictureBucket(address).put(b"pixels") == sha256
    assert bucket.get(sha256) == b"pixels"
    found = boto3.client("s3").list_objects_v2(Bucket=address.split("/")[2])["Contents"]
    assert [each["Key"] for each in found] == [f"pictures/{sha256[:2]}/{sha256}.png"]
    bucket.remove(sha256)
    bucket.remove(sha256)
    with pytest.raises(NotFound, match="is gone from"):
        bucket.get(sha256)


def test_a_bucket_that_is_not_there_is_named(address: str) -> None:
    with pytest.raises(StoreUnavailable, match="STUDIO_PICTURE_STORE names it"):
        PictureBucket("s3://nowhere-at-all/pictures").put(b"pixels")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        PictureBucket("nonsense://x")


def test_two_machines_share_what_was_drawn(address: str, tmp_path: Path) -> None:
    """Each with a folder of its own; the database is the same."""
    database = SecretStr(f"sqlite:///{tmp_path}/shared.db")
    one, other = (
        open_studio(
            Settings(home=tmp_path / name, picture_store=address, database=database),
            lambda: FakeRenderer(steps=1),
        )
        for name in ("one", "other")
    )
    preset = one.presets.version("first-light").preset
    request = one.intake.request(preset, "mia", examples.doodle().png, "a red dress", 5)
    assert sum(isinstance(e, Done) for e in one.rendering.start(request).events()) == 4
    made = other.variants.of_request(request.id)
    assert [other.variants.png(each)[:4] for each in made] == [b"\x89PNG"] * 4
    assert not (tmp_path / "one" / "pictures").exists()
