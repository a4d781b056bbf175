"""Models from a hub that stands on loopback: what is asked for, what comes, what goes wrong."""

import json
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from studio.errors import HubUnavailable, InputError, NotFound, StoreUnavailable
from studio.library.hub import Hub
from tests.hub import StandIn, model_hub
from tests.unit.library.test_headers import PEFT, write

FOLDER = {
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
def hub(lora: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    repos = {
        "acme/sd": FOLDER,
        "acme/loras": {"glow.safetensors": lora},
        "acme/pickles": {"model.ckpt": b"\x80"},
    }
    with model_hub(repos) as stand_in:
        yield stand_in


def test_of_a_folder_only_what_is_needed_comes(hub: StandIn, tmp_path: Path) -> None:
    pull = Hub(hub.endpoint).plan("acme/sd", "checkpoint")
    assert [file.name for file in pull.files] == [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.safetensors",
    ]
    place = Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    assert place == tmp_path / "models" / "checkpoints" / "sd"
    for file in pull.files:
        assert (place / file.name).read_bytes() == FOLDER[file.name]
        assert len(FOLDER[file.name]) == file.size
    assert not (tmp_path / "models" / ".partial" / "acme--sd").exists()
    assert not list(place.rglob("*.begun"))


def test_a_variant_is_taken_where_there_is_one(hub: StandIn) -> None:
    files = Hub(hub.endpoint).plan("acme/sd", "checkpoint", variant="fp16").files
    names = [file.name for file in files]
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in names
    assert "unet/diffusion_pytorch_model.safetensors" not in names
    assert "vae/diffusion_pytorch_model.safetensors" in names


def test_one_file_becomes_a_model_of_its_name(hub: StandIn, tmp_path: Path, lora: bytes) -> None:
    pull = Hub(hub.endpoint).plan("acme/loras", "lora", file="glow.safetensors")
    place = Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    assert place == tmp_path / "models" / "loras" / "glow.safetensors"
    assert place.read_bytes() == lora


def test_after_a_break_a_download_goes_on_at_the_byte_it_had_come_to(
    hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 16)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", interrupted)
    pull = Hub(hub.endpoint).plan("acme/sd", "checkpoint")
    hub.breaks_after = 100  # The UNet has 400; who waits for the next try is interrupted.
    with pytest.raises(KeyboardInterrupt):
        Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    assert not (tmp_path / "models" / "checkpoints").exists()
    [begun] = (tmp_path / "models" / ".partial").rglob("*.begun")
    assert begun.stat().st_size == 96
    hub.breaks_after = None
    hub.served.clear()
    place = Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    assert hub.served[0] == "unet/diffusion_pytorch_model.safetensors@96"
    assert (place / "unet" / "diffusion_pytorch_model.safetensors").read_bytes() == b"full" * 100


def test_weights_that_arrive_damaged_are_thrown_away(hub: StandIn, tmp_path: Path) -> None:
    pull = Hub(hub.endpoint).plan("acme/loras", "lora", file="glow.safetensors")
    whole = hub.repos["acme/loras"]["glow.safetensors"]
    hub.repos["acme/loras"]["glow.safetensors"] = bytes(len(whole))
    with pytest.raises(HubUnavailable, match="arrived damaged"):
        Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    hub.repos["acme/loras"]["glow.safetensors"] = whole
    place = Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    assert place.read_bytes() == whole


@pytest.mark.parametrize(
    ("repo", "file", "error", "said"),
    [
        ("../etc", None, InputError, "no repository"),
        ("http://x/y", None, InputError, "no repository"),
        ("acme/nothing", None, NotFound, "the hub has no acme/nothing"),
        ("acme/loras", "dim.safetensors", NotFound, "its weights are: glow"),
        ("acme/pickles", None, NotFound, "no safetensors weights"),
    ],
)
def test_what_cannot_be_had_says_why(
    hub: StandIn, repo: str, file: str | None, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Hub(hub.endpoint).plan(repo, "lora", file=file)


def test_a_hub_that_is_down_says_so(hub: StandIn) -> None:
    with pytest.raises(HubUnavailable, match="does not answer"):
        Hub("http://127.0.0.1:9").plan("acme/sd", "checkpoint")


def test_the_disk_is_looked_at_first(
    hub: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull = Hub(hub.endpoint).plan("acme/sd", "checkpoint")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100, 90, 10))
    served = list(hub.served)
    with pytest.raises(StoreUnavailable, match="0 MB are free"):
        Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    assert hub.served == served


def test_a_name_that_is_taken_is_not_overwritten(hub: StandIn, tmp_path: Path) -> None:
    pull = Hub(hub.endpoint).plan("acme/loras", "lora", file="glow.safetensors")
    Hub(hub.endpoint).fetch(pull, tmp_path / "models")
    with pytest.raises(InputError, match="already"):
        Hub(hub.endpoint).fetch(pull, tmp_path / "models")
