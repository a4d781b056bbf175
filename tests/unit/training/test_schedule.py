"""One command trains the whole family: here at a thousandth of its size."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

pytest.importorskip("skia")

from diffusers import StableDiffusionPipeline

from training.__main__ import app
from training.architectures import LATENT_CHANNELS
from training.schedule import SHARES, STAGES


@pytest.mark.slow
def test_a_dry_run_trains_and_exports_every_model_and_leaves_what_is_done(tmp_path: Path) -> None:
    """Issue 21, 1."""
    arguments = [
        "all", "--minutes", "30", "--device", "cpu", "--scenes", "32", "--effect-scenes", "32",
        "--captions", "128", "--workers", "2", "--steps", "4", "--scale", "0.01",
        "--first-scenes", "32", "--work", f"{tmp_path}/work", "--data", f"{tmp_path}/data",
        "--out", f"{tmp_path}/out",
    ]  # fmt: skip
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert all((tmp_path / "work" / stage / "done").exists() for stage in STAGES)
    out = tmp_path / "out"
    for style in ("ink", "water"):
        pipe = StableDiffusionPipeline.from_pretrained(out / "checkpoints" / f"pocket-{style}")
        assert pipe.unet.config.in_channels == pipe.vae.config.latent_channels == LATENT_CHANNELS
    for name in ("scribble", "lineart", "pose"):
        assert (out / "controlnets" / f"pocket-{name}" / "config.json").exists()
    for name in ("pastel", "neon", "gingham", "few-step"):
        assert (out / "loras" / f"pocket-{name}.safetensors").exists()
    assert max(file.stat().st_size for file in out.rglob("*.safetensors")) < 15 * 2**20
    logs = [tmp_path / "work" / stage / "log.jsonl" for stage in STAGES]
    before = [log.read_text() for log in logs]
    assert all(json.loads(text.splitlines()[-1])["step"] == 4 for text in before)
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert [log.read_text() for log in logs] == before


def test_the_stages_share_all_of_the_time() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
