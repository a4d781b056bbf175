"""`python -m benchmarks.gpu`: its whole path with tiny models, and without a card."""

import json

import pytest
import torch

from benchmarks.gpu.__main__ import main
from benchmarks.gpu.device_probe import covered


def test_tiny_run_measures_every_peer(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--tiny", "--json", "--turns", "1", "--case", "sdxl", "--random-requests", "2"]
    main(arguments)
    case = json.loads(capsys.readouterr().out)["cases"]["sdxl"]
    peers = ["ours, exact", "ours, batches", "ours, accelerated", "ours, served", "diffusers"]
    assert list(case["median_seconds"]) == peers
    assert case["share_of"]["diffusers"] > 0
    assert case["seconds_of_queued_request"] > 0
    assert case["small_card"] == {"rendered": 2, "refused": 0, "raw": 0}
    assert case["graph_against_eager"] == {"max": 0, "share_of_pixels": 0.0}


def test_without_a_card_nothing_is_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    main(["--json"])
    assert "no CUDA device was found" in json.loads(capsys.readouterr().out)["skipped"]


def test_overlapping_kernels_count_once() -> None:
    assert covered([(0, 4), (2, 3), (6, 8), (7, 9)]) == 7
