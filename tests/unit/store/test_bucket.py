"""Pictures in a bucket, on a real server that speaks S3 (moto's, on a spare loopback port)."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from studio.app import create_app_container
from studio.errors import NotFoundError, StorageUnavailableError
from studio.recipes.generation.events import JobCompleted
from studio.services.rendering.fake_renderer import FakeRenderer
from studio.settings import Settings
from studio.store.images.bucket import BucketImageStore
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


def test_a_image_is_kept_once_under_its_hash(address: str) -> None:
    bucket = BucketImageStore(address)
    sha256 = bucket.write(b"pixels")
    assert BucketImageStore(address).write(b"pixels") == sha256
    assert bucket.get(sha256) == b"pixels"
    found = boto3.client("s3").list_objects_v2(Bucket=address.split("/")[2])["Contents"]
    assert [each["Key"] for each in found] == [f"pictures/{sha256[:2]}/{sha256}.png"]
    bucket.remove(sha256)
    bucket.remove(sha256)
    with pytest.raises(NotFoundError, match="is gone from"):
        bucket.get(sha256)


def test_a_bucket_that_is_not_there_is_named(address: str) -> None:
    with pytest.raises(StorageUnavailableError, match="STUDIO_IMAGE_STORE_URL names it"):
        BucketImageStore("s3://nowhere-at-all/pictures").write(b"pixels")
    with pytest.raises(StorageUnavailableError, match="cannot be used"):
        BucketImageStore("nonsense://x")


def test_two_machines_share_what_was_drawn(address: str, tmp_path: Path) -> None:
    """Each with a folder of its own; the database is the same."""
    database = SecretStr(f"sqlite:///{tmp_path}/shared.db")
    one, other = (
        create_app_container(
            Settings(data_dir=tmp_path / name, image_store_url=address, database_url=database),
            lambda: FakeRenderer(steps=1),
        )
        for name in ("one", "other")
    )
    preset = one.themes.get_version("first-light").preset
    request = one.request_factory.create(
        preset, "mia", examples.doodle().png_bytes, "a red dress", 5
    )
    assert sum(isinstance(e, JobCompleted) for e in one.renders.start(request).events()) == 4
    made = other.variants.list_for_request(request.id)
    assert [other.variants.png(each)[:4] for each in made] == [b"\x89PNG"] * 4
    assert not (tmp_path / "one" / "pictures").exists()
