"""Images in a bucket of a real S3-compatible server (moto, on a free loopback port)."""

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from studio.app import create_app_container
from studio.errors import NotFoundError, StorageUnavailableError
from studio.recipes.generation.events import JobCompleted
from studio.settings import Settings
from studio.store.images.bucket import BucketImageStore
from tests import examples
from tests.fake_renderer import FakeRenderer


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket_url(s3: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    environment = {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"b{abs(hash(request.node.name))}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3://{bucket}/pictures"


def test_image_is_stored_once_under_its_hash(bucket_url: str) -> None:
    bucket = BucketImageStore(bucket_url)
    sha256 = bucket.write(b"pixels")
    assert BucketImageStore(bucket_url).write(b"pixels") == sha256
    assert bucket.get(sha256) == b"pixels"
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket_url.split("/")[2])["Contents"]
    assert [entry["Key"] for entry in listed] == [f"pictures/{sha256[:2]}/{sha256}.png"]
    bucket.remove(sha256)
    bucket.remove(sha256)
    with pytest.raises(NotFoundError, match="is missing from"):
        bucket.get(sha256)


def test_missing_bucket_is_named(bucket_url: str) -> None:
    with pytest.raises(StorageUnavailableError, match="STUDIO_IMAGE_STORE_URL"):
        BucketImageStore("s3://nowhere-at-all/pictures").write(b"pixels")
    with pytest.raises(StorageUnavailableError, match="Cannot use STUDIO_IMAGE_STORE_URL"):
        BucketImageStore("nonsense://x")


def test_two_machines_share_their_images(bucket_url: str, tmp_path: Path) -> None:
    """Each has its own data directory; they share the database."""
    database = SecretStr(f"sqlite:///{tmp_path}/shared.db")
    one, other = (
        create_app_container(
            Settings(data_dir=tmp_path / name, image_store_url=bucket_url, database_url=database),
            lambda: FakeRenderer(steps=1),
        )
        for name in ("one", "other")
    )
    preset = one.stores.themes.get_version("first-light").preset
    request = one.rendering.request_factory.create(
        preset, "mia", examples.doodle().png_bytes, "a red dress", 5
    )
    assert (
        sum(isinstance(e, JobCompleted) for e in one.rendering.renders.start(request).events()) == 4
    )
    variants = other.stores.variants.list_for_request(request.id)
    assert [other.stores.variants.png(variant)[:4] for variant in variants] == [b"\x89PNG"] * 4
    assert not (tmp_path / "one" / "pictures").exists()
