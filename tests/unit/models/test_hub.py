"""Downloads from a fake model hub on loopback: plans, files, and errors."""

import json
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from studio.errors import InvalidInputError, ModelHubError, NotFoundError, StorageUnavailableError
from studio.models.download_plan import DownloadPlan, RemoteFile
from studio.models.hub import Hub
from tests.hub import FakeHub, model_hub
from tests.unit.models.test_identification import PEFT, write

REPOSITORY = {
    "model_index.json": b"{}",
    "README.md": b"# words",
    "unet/config.json": json.dumps({"cross_attention_dim": 768}).encode(),
    "unet/diffusion_pytorch_model.safetensors": b"full" * 100,
    "unet/diffusion_pytorch_model.fp16.safetensors": b"half" * 50,
    "unet/diffusion_pytorch_model.bin": b"pickle",
    "vae/config.json": b"{}",
    "vae/diffusion_pytorch_model.safetensors": b"vae" * 20,
    "v1-5-pruned.safetensors": b"whole" * 1000,
}


@pytest.fixture
def lora(tmp_path: Path) -> bytes:
    return write(tmp_path / "glow.safetensors", {PEFT: (8, 128)}).read_bytes()


@pytest.fixture
def hub(lora: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    repos = {
        "acme/sd": REPOSITORY,
        "acme/loras": {"glow.safetensors": lora},
        "acme/pickles": {"model.ckpt": b"\x80"},
    }
    with model_hub(repos) as fake_hub:
        yield fake_hub


def test_only_needed_files_of_a_directory_are_downloaded(hub: FakeHub, tmp_path: Path) -> None:
    plan = Hub(hub.endpoint).plan_download("acme/sd", "checkpoint")
    assert [file.name for file in plan.files] == [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    ]
    path = Hub(hub.endpoint).download(plan, tmp_path / "models")
    assert path == tmp_path / "models" / "checkpoints" / "sd"
    for file in plan.files:
        assert (path / file.name).read_bytes() == REPOSITORY[file.name]
        assert len(REPOSITORY[file.name]) == file.size
    assert not (tmp_path / "models" / ".partial" / "acme--sd").exists()
    assert not list(path.rglob("*.begun"))


def test_variant_is_selected_where_it_exists(hub: FakeHub) -> None:
    files = Hub(hub.endpoint).plan_download("acme/sd", "checkpoint", variant="fp16").files
    names = [file.name for file in files]
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in names
    assert "unet/diffusion_pytorch_model.safetensors" not in names
    assert "vae/diffusion_pytorch_model.safetensors" in names


def test_single_file_download(hub: FakeHub, tmp_path: Path, lora: bytes) -> None:
    plan = Hub(hub.endpoint).plan_download("acme/loras", "lora", file="glow.safetensors")
    path = Hub(hub.endpoint).download(plan, tmp_path / "models")
    assert path == tmp_path / "models" / "loras" / "glow.safetensors"
    assert path.read_bytes() == lora


def test_interrupted_download_resumes(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 16)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", interrupted)
    plan = Hub(hub.endpoint).plan_download("acme/sd", "checkpoint")
    hub.breaks_after = 100  # The UNet has 400; the wait before the next attempt is interrupted.
    with pytest.raises(KeyboardInterrupt):
        Hub(hub.endpoint).download(plan, tmp_path / "models")
    assert not (tmp_path / "models" / "checkpoints").exists()
    [partial] = (tmp_path / "models" / ".partial").rglob("*.begun")
    assert partial.stat().st_size == 96
    hub.breaks_after = None
    hub.served.clear()
    path = Hub(hub.endpoint).download(plan, tmp_path / "models")
    assert hub.served[0] == "unet/diffusion_pytorch_model.safetensors@96"
    assert (path / "unet" / "diffusion_pytorch_model.safetensors").read_bytes() == b"full" * 100


def test_download_with_wrong_hash_is_deleted(hub: FakeHub, tmp_path: Path) -> None:
    plan = Hub(hub.endpoint).plan_download("acme/loras", "lora", file="glow.safetensors")
    content = hub.repos["acme/loras"]["glow.safetensors"]
    hub.repos["acme/loras"]["glow.safetensors"] = bytes(len(content))
    with pytest.raises(ModelHubError, match="damaged during download"):
        Hub(hub.endpoint).download(plan, tmp_path / "models")
    hub.repos["acme/loras"]["glow.safetensors"] = content
    path = Hub(hub.endpoint).download(plan, tmp_path / "models")
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("repo", "file", "error", "message"),
    [
        ("../etc", None, InvalidInputError, "not a valid repository"),
        ("http://x/y", None, InvalidInputError, "not a valid repository"),
        ("acme/nothing", None, NotFoundError, "acme/nothing not found"),
        ("acme/loras", "dim.safetensors", NotFoundError, "Available weights: glow"),
        ("acme/pickles", None, NotFoundError, "no safetensors weights"),
    ],
)
def test_unavailable_model_is_refused_with_the_reason(
    hub: FakeHub, repo: str, file: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Hub(hub.endpoint).plan_download(repo, "lora", file=file)


def test_unreachable_hub_is_reported(hub: FakeHub) -> None:
    with pytest.raises(ModelHubError, match="failed"):
        Hub("http://127.0.0.1:9").plan_download("acme/sd", "checkpoint")


def test_disk_space_is_checked_before_the_download(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Hub(hub.endpoint).plan_download("acme/sd", "checkpoint")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 90, 10))
    served = list(hub.served)
    with pytest.raises(StorageUnavailableError, match="0 MB free"):
        Hub(hub.endpoint).download(plan, tmp_path / "models")
    assert hub.served == served


# Issue 18, 12 (review 3.4): a malicious hub could write anywhere.
@pytest.mark.parametrize(
    "name",
    [
        "/tmp/pwned.json", "../pwned.json", "x/../../../../../pwned.json", "..", "x//pwned.json", "./pwned.json",
        "C:\\pwned.json", "..\\pwned.json", "a\0.json", "x/..",
    ],
)  # fmt: skip
def test_path_traversal_in_file_names_is_refused(hub: FakeHub, tmp_path: Path, name: str) -> None:
    file_name = name if name.endswith(".json") else f"{name}/pwned.json"
    hub.repos["acme/evil"] = {**REPOSITORY, file_name: b"{}"}
    with pytest.raises(ModelHubError, match="would be written outside the model's folder"):
        Hub(hub.endpoint).plan_download("acme/evil", "checkpoint")
    with pytest.raises(ModelHubError, match="would be written outside"):
        Hub(hub.endpoint).plan_download("acme/evil", "checkpoint", file=file_name)
    evil = DownloadPlan("acme/evil", "c0ffee1", "checkpoint", "evil", (RemoteFile(file_name, 2),))
    before = {*tmp_path.rglob("*")}
    with pytest.raises(ModelHubError, match="would be written outside"):
        Hub(hub.endpoint).download(evil, tmp_path / "in" / "models")
    created = {*tmp_path.rglob("*")} - before
    assert not [path for path in created if path.is_file()]
    assert not Path("/tmp/pwned.json").exists()


@pytest.mark.parametrize("commit", ["../../../x", "c0ffee/../..", "", "C0FFEE1", "main"])
def test_invalid_commit_is_refused(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, commit: str
) -> None:
    monkeypatch.setattr("tests.hub.COMMIT", commit)
    with pytest.raises(ModelHubError, match="does not respond like a model hub"):
        Hub(hub.endpoint).plan_download("acme/loras", "lora", file="glow.safetensors")


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://hub.example",
        "http://192.168.0.2:8080",
        "http://localhost.example",
        "http://127.0.0.1@hub.example",
        "http://[::1",
        "http://",
        "ftp://127.0.0.2.example",
    ],
)
def test_plain_http_is_refused_beyond_loopback(endpoint: str) -> None:
    with pytest.raises(InvalidInputError, match="plain http is allowed on loopback only"):
        Hub(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    ["https://hub.example", "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"],
)
def test_https_and_loopback_are_accepted(endpoint: str) -> None:
    assert Hub(endpoint)


def test_oversized_response_is_stopped(
    hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 16)
    plan = Hub(hub.endpoint).plan_download("acme/loras", "lora", file="glow.safetensors")
    hub.repos["acme/loras"]["glow.safetensors"] += b"x" * 10_000
    with pytest.raises(ModelHubError, match="sent more than"):
        Hub(hub.endpoint).download(plan, tmp_path / "models")
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and path.name != "glow.safetensors"
    ]


@pytest.mark.parametrize(
    "answer",
    [
        b"[]",
        b"3",
        b'{"siblings": [1]}',
        b'{"siblings": [{}]}',
        b"no json",
        b'{"id": "a/b", "siblings": 7}',
    ],
)
def test_invalid_hub_response_is_reported(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr("tests.hub.json.dumps", lambda _: answer.decode())
    with pytest.raises((ModelHubError, NotFoundError)):
        Hub(hub.endpoint).plan_download("acme/sd", "checkpoint")


@pytest.mark.parametrize("repo", ["acme/a--b", "acme/a..b", "acme/x.git"])
def test_invalid_repository_name_is_refused(hub: FakeHub, repo: str) -> None:
    with pytest.raises((InvalidInputError, NotFoundError)):
        Hub(hub.endpoint).plan_download(repo, "lora")


def test_shards_of_a_variant_are_selected(hub: FakeHub) -> None:
    """Issue 18, 15 (review B9)."""
    hub.repos["acme/sd3"] = {
        "model_index.json": b"{}",
        "transformer/config.json": b"{}",
        "transformer/model.fp16-00001-of-00002.safetensors": b"half",
        "transformer/model.fp16-00002-of-00002.safetensors": b"half",
        "transformer/model-00001-of-00001.safetensors": b"full",
    }
    for variant, expected in (("fp16", "fp16"), (None, "model-00001")):
        files = Hub(hub.endpoint).plan_download("acme/sd3", "checkpoint", variant=variant).files
        weights = [file.name for file in files if file.name.endswith(".safetensors")]
        assert weights
        assert all(expected in name for name in weights)


def test_existing_model_is_not_overwritten(hub: FakeHub, tmp_path: Path) -> None:
    plan = Hub(hub.endpoint).plan_download("acme/loras", "lora", file="glow.safetensors")
    Hub(hub.endpoint).download(plan, tmp_path / "models")
    with pytest.raises(InvalidInputError, match="already"):
        Hub(hub.endpoint).download(plan, tmp_path / "models")
