"""`studio render` as a shell runs it: files that repeat, and errors that leave none behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from studio.settings import bundled_path

DOODLE = bundled_path("assets") / "doodles" / "green-gown.png"
POSE = bundled_path("assets") / "models" / "controlnets" / "pocket-pose"
WEIGHTS = "diffusion_pytorch_model.safetensors"


def render(home: Path, out: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable, "-m", "studio.cli", "render", "--theme", "first-light", "--base-image", "rosa",
        "--doodle", str(DOODLE), "--prompt", "a green dress", "--seed", "3", "--out", str(out),
        *more,
    ]  # fmt: skip
    environment = os.environ | {"STUDIO_DATA_DIR": str(home)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_same_seed_gives_identical_files_for_four_different_variants(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for out in (first, second):
        ran = render(tmp_path / out.name, out, "--json")
        assert ran.returncode == 0, ran.stderr
        assert json.loads(ran.stdout) == json.loads((out / "result.json").read_text())
    images = [(first / f"{slot}.png").read_bytes() for slot in "ABCD"]
    assert images == [(second / f"{slot}.png").read_bytes() for slot in "ABCD"]
    assert len(set(images)) == 4
    result = json.loads((first / "result.json").read_text())
    assert result["seed"] == 3
    assert [variant["seed"] for variant in result["variants"].values()] == [3, 4, 5, 6]
    for slot, base in zip("ABCD", ("ink", "ink", "water", "water"), strict=True):
        variant = result["variants"][slot]
        assert {m["name"] for m in variant["models"]} >= {f"pocket-{base}", "pocket-pose"}
        assert all(len(model["sha256"]) == 64 for model in variant["models"])
        assert variant["timings"]["render_seconds"] > 0
        assert variant["recipe"]["steps"] == 14


def own_controlnet(tmp_path: Path, weights: bytes) -> Path:
    """A studio whose theme `mine` names a ControlNet of the operator's own, with these weights."""
    home = tmp_path / "home"
    broken = home / "models" / "controlnets" / "broken"
    broken.mkdir(parents=True)
    (broken / "config.json").write_text((POSE / "config.json").read_text())
    (broken / WEIGHTS).write_bytes(weights)
    preset = json.loads((bundled_path("presets") / "first-light.json").read_text())
    preset["slug"] = "mine"
    for recipe in preset["recipes"].values():
        recipe["control_units"][1]["model"] = {"name": "broken", "sha256": None}
    (tmp_path / "mine.json").write_text(json.dumps(preset))
    subprocess.run(
        [sys.executable, "-m", "studio.cli", "themes", "import", str(tmp_path / "mine.json")],
        env=os.environ | {"STUDIO_DATA_DIR": str(home)},
        check=True,
        capture_output=True,
    )
    return home


def test_truncated_weights_fail_with_one_line_before_any_work(tmp_path: Path) -> None:
    home, out = own_controlnet(tmp_path, (POSE / WEIGHTS).read_bytes()[:100_000]), tmp_path / "out"
    ran = render(home, out, "--theme", "mine")
    assert ran.returncode == 4
    assert ran.stderr.count("\n") == 1
    assert f"{WEIGHTS} is incomplete" in ran.stderr
    assert not out.exists()


def test_incompatible_weights_fail_with_one_line_and_no_image(tmp_path: Path) -> None:
    """The process ends by its exit code, never by a signal: issue 18, 12 (review 3.5)."""
    weights = save({"controlnet_cond_embedding.conv_in.weight": np.zeros((1, 3, 3, 3), np.float16)})
    home, out = own_controlnet(tmp_path, weights), tmp_path / "out"
    ran = render(home, out, "--theme", "mine")
    assert ran.returncode == 7
    assert "ControlNet broken" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(out.glob("*.png")) == []
