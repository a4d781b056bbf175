"""What a single-file model leaves out: its modules' configurations and CLIP's vocabulary."""

import gzip
from collections.abc import Mapping
from pathlib import Path

from diffusers import DDIMScheduler
from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

from studio.errors import IncompatibleModelError
from studio.models.safetensors_header import read_header
from studio.models.types import ModelFamily, ModelInfo
from studio.recipes.generation.recipe import KIND_NAMES

CLIP_BPE_FILE = "clip/bpe_simple_vocab_16e6.txt.gz"
CLIP_NUM_MERGES = 49152 - 256 - 2
"""How many of the file's byte pairs CLIP merges; its vocabulary has 49,152 words and two marks."""
START, END = "<|startoftext|>", "<|endoftext|>"

_PAD_TOKENS: Mapping[ModelFamily, Mapping[str, str]] = {
    "sd15": {"tokenizer": END},
    "sd21": {"tokenizer": "!"},
    "sdxl": {"tokenizer": END, "tokenizer_2": "!"},
}
"""What each tokenizer of a family fills up a prompt with: OpenCLIP's encoders know 0, the "!"."""


class BundledConfigs:
    """The configurations below `folder`, one folder of diffusers' kind for each family."""

    def __init__(self, folder: Path) -> None:
        self._directory = folder

    def config_dir(self, model: ModelInfo) -> Path:
        """Raises UnfitModel for a single file of a family that only comes as a folder."""
        place = self._directory / ("sd15" if model.kind == "vae" else model.family)
        if not place.is_dir():
            raise IncompatibleModelError(
                "model.single_file_unsupported",
                kind=KIND_NAMES[model.kind],
                name=model.name,
                family=model.family,
            )
        return place

    def make_tokenizers(self, family: ModelFamily) -> dict[str, CLIPTokenizer]:
        """The family's tokenizers by diffusers' names."""
        merges = self._merges()
        return {
            name: _clip_tokenizer(merges, filler) for name, filler in _PAD_TOKENS[family].items()
        }

    def default_scheduler(self, model: ModelInfo) -> DDIMScheduler:
        """The noise schedule the model was taught on; its file may say what it predicts, and by
        an empty tensor `ztsnr` that it was taught down to pure noise."""
        pristine = DDIMScheduler.load_config(self.config_dir(model) / "scheduler")
        told: dict[str, object] = {}
        if model.prediction_type is not None:
            told["prediction_type"] = model.prediction_type
        if model.path.is_file() and "ztsnr" in read_header(model.path).shapes:
            told["rescale_betas_zero_snr"] = True
        return DDIMScheduler.from_config(pristine, **told)

    def _merges(self) -> list[tuple[str, str]]:
        lines = (
            gzip.decompress((self._directory / CLIP_BPE_FILE).read_bytes()).decode().splitlines()
        )
        pairs = (line.split() for line in lines[1 : CLIP_NUM_MERGES + 1])
        return [(first, second) for first, second in pairs]


def _clip_tokenizer(merges: list[tuple[str, str]], filler: str) -> CLIPTokenizer:
    """CLIP's tokenizer (Radford et al., 2021): bytes, bytes that end a word, merges, two marks."""
    slots = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*slots, *(slot + "</w>" for slot in slots), *map("".join, merges), START, END]
    return CLIPTokenizer(
        vocab={word: index for index, word in enumerate(words)},
        merges=merges,
        pad_token=filler,
        model_max_length=77,
    )
