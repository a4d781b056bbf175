"""Teaches the text encoder to read before it has to guide a picture: what is worn, how, in which
colours.

Taught by pictures alone it learnt kinds of garments and forgot colours (a linear probe told 20 %
of them, and 29 % behind random weights): noisy pictures give their colours away themselves. So
it is taught by captions first, through a readout that attends to words as the UNet will.
"""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from transformers import CLIPTextModel, CLIPTokenizer

from studio.pocket import base
from studio.pocket.brushwork import STYLES
from studio.pocket.captions import caption
from studio.pocket.colours import PAINTS, goes_by
from studio.pocket.courses import DRAWING
from studio.pocket.figure import random_figure
from studio.pocket.garments import KINDS, PATTERNS, Garment, random_outfit
from studio.pocket.models import TEXT_WIDTH
from studio.pocket.training import Plan, Run

PLAN = Plan(name="reading", steps=3500, batch=64, learning_rate=1e-3)
LINES = 40_000
HELD_BACK = 2_000
COLOURS = (*PAINTS, "none")


class Readout(nn.Module):
    """For each kind of garment: its colour and pattern, as one attention over the words tells."""

    def __init__(self) -> None:
        super().__init__()
        self.questions = nn.Parameter(torch.randn(len(KINDS), TEXT_WIDTH))
        self.attention = nn.MultiheadAttention(TEXT_WIDTH, 4, batch_first=True)
        self.colour = nn.Linear(TEXT_WIDTH, len(COLOURS))
        self.pattern = nn.Linear(TEXT_WIDTH, len(PATTERNS))

    def forward(self, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, 77, width) to logits (n, kinds, colours) and (n, kinds, patterns)."""
        asked = self.questions.expand(len(words), -1, -1)
        heard, _ = self.attention(asked, words, words, need_weights=False)
        return self.colour(heard), self.pattern(heard)


@dataclass(frozen=True)
class Lines:
    """Captions, and what they say of each kind of garment (n, kinds)."""

    captions: tuple[str, ...]
    colours: NDArray[np.int64]
    patterns: NDArray[np.int64]


def train(work: Path, plan: Plan = PLAN, lines: int = LINES) -> None:
    """Teaches the finished ink model's text encoder; prints what it tells of lines held back."""
    torch.manual_seed(plan.seed)
    finished = DRAWING[STYLES[0]].finished(work)
    text = CLIPTextModel.from_pretrained(finished / "text_encoder").requires_grad_(True)
    tokenizer = CLIPTokenizer.from_pretrained(finished / "tokenizer")
    readout = Readout()
    run = Run(work / plan.name, plan, {"text": text, "readout": readout})
    written = _written(lines)
    ids = base.tokenize(tokenizer, list(written.captions))
    taught = lines - HELD_BACK
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.integers(0, taught, plan.batch)
        colours, patterns = readout(text(ids[rows]).last_hidden_state)
        run.update(
            _loss(colours, written.colours[rows]) + 0.5 * _loss(patterns, written.patterns[rows])
        )
    told = run.with_averages(lambda: _told(text, readout, ids[taught:], written.colours[taught:]))
    run.with_averages(lambda: text.save_pretrained(run.folder / "final"))
    run.save()
    print(f"colours of worn garments told right: {told:.1%} of {HELD_BACK} captions held back")


def _loss(logits: torch.Tensor, truth: NDArray[np.int64]) -> torch.Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(truth).flatten())


def _told(
    text: CLIPTextModel, readout: Readout, ids: torch.Tensor, truth: NDArray[np.int64]
) -> float:
    guesses = [
        readout(text(part).last_hidden_state)[0].argmax(-1) for part in torch.split(ids, 250)
    ]
    wanted = torch.from_numpy(truth)
    worn = wanted != COLOURS.index("none")
    return float((torch.cat(guesses) == wanted)[worn].float().mean())


def _written(count: int, first_seed: int = 2_000_000) -> Lines:
    """Captions of outfits that nobody paints."""
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(partial(_line, first_seed), range(count), chunksize=500))
    return Lines(
        captions=tuple(row[0] for row in rows),
        colours=np.array([row[1] for row in rows]),
        patterns=np.array([row[2] for row in rows]),
    )


def _line(first_seed: int, index: int) -> tuple[str, list[int], list[int]]:
    rng = np.random.default_rng(first_seed + index)
    figure, outfit = random_figure(rng), random_outfit(rng)
    said = caption(figure, outfit, STYLES[index % len(STYLES)], rng)
    worn = {garment.kind: garment for garment in outfit}
    colours = [_colour(worn.get(kind)) for kind in KINDS]
    patterns = [PATTERNS.index(worn[kind].pattern) if kind in worn else 0 for kind in KINDS]
    return said, colours, patterns


def _colour(garment: Garment | None) -> int:
    """The colour that captions name, "none" where they name none."""
    named = garment is not None and goes_by(garment.colour, garment.colour_name)
    return COLOURS.index(garment.colour_name if garment is not None and named else "none")
