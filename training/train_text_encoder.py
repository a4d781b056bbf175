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

from training import train_base_model
from training.architectures import TEXT_WIDTH
from training.captions import make_caption
from training.character import random_character
from training.colors import NAMED_COLORS, is_named
from training.garments import KINDS, PATTERNS, Garment, random_outfit
from training.styles import STYLES
from training.trainer import Trainer, TrainingConfig
from training.training_stages import DRAWING_STAGES

PLAN = TrainingConfig(name="reading", steps=3500, batch=64, learning_rate=1e-3)
LINES = 40_000
VALIDATION_SIZE = 2_000
COLORS = (*NAMED_COLORS, "none")


class AttributeProbe(nn.Module):
    """For each kind of garment: its colour and pattern, as one attention over the words tells."""

    def __init__(self) -> None:
        super().__init__()
        self.questions = nn.Parameter(torch.randn(len(KINDS), TEXT_WIDTH))
        self.attention = nn.MultiheadAttention(TEXT_WIDTH, 4, batch_first=True)
        self.color = nn.Linear(TEXT_WIDTH, len(COLORS))
        self.pattern = nn.Linear(TEXT_WIDTH, len(PATTERNS))

    def forward(self, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, 77, width) to logits (n, kinds, colours) and (n, kinds, patterns)."""
        asked = self.questions.expand(len(words), -1, -1)
        heard, _ = self.attention(asked, words, words, need_weights=False)
        return self.color(heard), self.pattern(heard)


@dataclass(frozen=True)
class CaptionLabels:
    """Captions, and what they say of each kind of garment (n, kinds)."""

    captions: tuple[str, ...]
    colors: NDArray[np.int64]
    patterns: NDArray[np.int64]


def train(work: Path, plan: TrainingConfig = PLAN, lines: int = LINES) -> None:
    """Teaches the finished ink model's text encoder; prints what it tells of lines held back."""
    torch.manual_seed(plan.seed)
    final_path = DRAWING_STAGES[STYLES[0]].final_path(work)
    text = CLIPTextModel.from_pretrained(final_path / "text_encoder").requires_grad_(True)
    tokenizer = CLIPTokenizer.from_pretrained(final_path / "tokenizer")
    readout = AttributeProbe()
    run = Trainer(work / plan.name, plan, {"text": text, "readout": readout})
    written = _sample_captions(lines)
    ids = train_base_model.tokenize(tokenizer, list(written.captions))
    trainable_modules = lines - VALIDATION_SIZE
    while not run.done:
        rng = run.generator()
        torch.manual_seed(int(rng.integers(2**31)))
        rows = rng.integers(0, trainable_modules, plan.batch)
        colors, patterns = readout(text(ids[rows]).last_hidden_state)
        run.update(
            _loss(colors, written.colors[rows]) + 0.5 * _loss(patterns, written.patterns[rows])
        )
    prompt_loss_weights = run.with_ema_weights(
        lambda: _accuracy(
            text, readout, ids[trainable_modules:], written.colors[trainable_modules:]
        )
    )
    run.with_ema_weights(lambda: text.save_pretrained(run.folder / "final"))
    run.save()
    print(
        f"colours of worn garments told right: {prompt_loss_weights:.1%} of {VALIDATION_SIZE} captions held back"
    )


def _loss(logits: torch.Tensor, truth: NDArray[np.int64]) -> torch.Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(truth).flatten())


def _accuracy(
    text: CLIPTextModel, readout: AttributeProbe, ids: torch.Tensor, truth: NDArray[np.int64]
) -> float:
    guesses = [
        readout(text(part).last_hidden_state)[0].argmax(-1) for part in torch.split(ids, 250)
    ]
    target = torch.from_numpy(truth)
    worn = target != COLORS.index("none")
    return float((torch.cat(guesses) == target)[worn].float().mean())


def _sample_captions(count: int, first_seed: int = 2_000_000) -> CaptionLabels:
    """Captions of outfits that nobody paints."""
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(partial(_line, first_seed), range(count), chunksize=500))
    return CaptionLabels(
        captions=tuple(row[0] for row in rows),
        colors=np.array([row[1] for row in rows]),
        patterns=np.array([row[2] for row in rows]),
    )


def _line(first_seed: int, index: int) -> tuple[str, list[int], list[int]]:
    rng = np.random.default_rng(first_seed + index)
    character, outfit = random_character(rng), random_outfit(rng)
    said = make_caption(character, outfit, STYLES[index % len(STYLES)], rng)
    worn = {garment.kind: garment for garment in outfit}
    colors = [_color(worn.get(kind)) for kind in KINDS]
    patterns = [PATTERNS.index(worn[kind].pattern) if kind in worn else 0 for kind in KINDS]
    return said, colors, patterns


def _color(garment: Garment | None) -> int:
    """The colour that captions name, "none" where they name none."""
    named = garment is not None and is_named(garment.color, garment.color_name)
    return COLORS.index(garment.color_name if garment is not None and named else "none")
