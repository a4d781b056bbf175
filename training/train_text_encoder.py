"""Teaches the text encoder to read, before it guides an image: what is worn, how, in which colors.

Taught by images alone it learned kinds of garments and forgot colors (a linear probe told 20 % of
them): noisy images give their colors away themselves. So it is taught by captions, through a
probe that attends to words as the UNet will, and stays as it is from then on.
"""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from training.architectures import TEXT_WIDTH, new_text_encoder
from training.captions import bare_captions
from training.dataset import tokenize
from training.garments import KINDS, MOTIFS, PATTERNS
from training.runtime import Runtime
from training.scene_store import COLORS
from training.styles import STYLES
from training.tokenizer import train_tokenizer
from training.trainer import Trainer, TrainingConfig

VALIDATION_SHARE = 0.05
LEARNING_RATE = 1e-3


class AttributeProbe(nn.Module):
    """For each kind of garment: its color, pattern and motif, told by one attention over the words."""

    def __init__(self) -> None:
        super().__init__()
        self.questions = nn.Parameter(torch.randn(len(KINDS), TEXT_WIDTH))
        self.attention = nn.MultiheadAttention(TEXT_WIDTH, 4, batch_first=True)
        self.heads = nn.ModuleList(
            nn.Linear(TEXT_WIDTH, size) for size in (len(COLORS), len(PATTERNS), len(MOTIFS))
        )

    def forward(self, text_embeds: torch.Tensor) -> list[torch.Tensor]:
        """(n, 77, width) to logits (n, kinds, classes) of color, pattern and motif."""
        questions = self.questions.expand(len(text_embeds), -1, -1)
        answers, _ = self.attention(questions, text_embeds, text_embeds, need_weights=False)
        return [head(answers) for head in self.heads]


def train(work: Path, runtime: Runtime, captions: Path, config: TrainingConfig) -> None:
    """Trains tokenizer and text encoder on the labeled captions of `captions`; `final/` has both.

    Prints how many of the colors in captions held back it tells.
    """
    torch.manual_seed(config.seed)
    rows = json.loads(captions.read_text())
    lines = [row[0] for row in rows]
    tokenizer = train_tokenizer(
        [*lines, *(line for style in STYLES for line in bare_captions(style))]
    )
    text = runtime.place(new_text_encoder(len(tokenizer), tokenizer.eos_token_id))
    probe = runtime.place(AttributeProbe())
    device = runtime.device
    ids = tokenize(tokenizer, lines).to(device)
    labels = torch.tensor([row[1:] for row in rows], device=device)
    trained = int(len(lines) * (1 - VALIDATION_SHARE))
    trainer = Trainer(work / config.name, config, {"text": text, "probe": probe}, runtime)
    batch = runtime.batch(384, 64)

    def loss() -> torch.Tensor:
        some = (torch.rand(batch, device=device) * trained).long()
        with runtime.autocast():
            logits = probe(text(ids[some]).last_hidden_state)
        losses = [
            functional.cross_entropy(each.float().flatten(0, 1), labels[some, place].flatten())
            for place, each in enumerate(logits)
        ]
        return losses[0] + 0.5 * losses[1] + 0.5 * losses[2]

    def accuracy() -> float:
        guesses = [
            probe(text(some).last_hidden_state)[0].argmax(-1)
            for some in torch.split(ids[trained:], 256)
        ]
        wanted = labels[trained:, 0]
        worn = wanted != COLORS.index("none")
        return float((torch.cat(guesses) == wanted)[worn].float().mean())

    def save() -> None:
        text.save_pretrained(trainer.folder / "final" / "text_encoder")
        tokenizer.save_pretrained(trainer.folder / "final" / "tokenizer")

    def show() -> None:
        with runtime.autocast():
            print(f"colors of worn garments told from captions: {accuracy():.1%}", flush=True)

    trainer.run(loss)
    trainer.finish(save, show)
