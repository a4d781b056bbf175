"""The configurations and CLIP vocabulary that a single-file checkpoint leaves out."""

import gzip
from collections.abc import Mapping
from pathlib import Path

from diffusers import DDIMScheduler
from tokenizers import pre_tokenizers
from transformers import CLIPTokenizer

from studio.errors import IncompatibleModelError
from studio.models.safetensors_file import read_header
from studio.models.types import ModelFamily, ModelInfo
from studio.recipes.generation.recipe import KIND_NAMES

CLIP_BPE_FILE = "clip/bpe_simple_vocab_16e6.txt.gz"
CLIP_NUM_MERGES = 49152 - 256 - 2
"""BPE merges that CLIP uses of the file: its vocabulary has 49,152 entries and two special tokens."""
BOS_TOKEN, EOS_TOKEN = "<|startoftext|>", "<|endoftext|>"

_PAD_TOKENS: Mapping[ModelFamily, Mapping[str, str]] = {
    "sd15": {"tokenizer": EOS_TOKEN},
    "sd21": {"tokenizer": "!"},
    "sdxl": {"tokenizer": EOS_TOKEN, "tokenizer_2": "!"},
}
"""The pad token of each tokenizer of a family. OpenCLIP's encoders pad with id 0, which is "!"."""


class BundledConfigs:
    """The configurations in a directory, with one sub-directory in diffusers' layout per family."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def config_dir(self, model: ModelInfo) -> Path:
        """The configurations of a single file's family; every single-file VAE uses sd15's.

        Raises IncompatibleModelError for a family that must come as a diffusers folder.
        """
        directory = self._directory / ("sd15" if model.kind == "vae" else model.family)
        if not directory.is_dir():
            raise IncompatibleModelError(
                "model.single_file_unsupported",
                kind=KIND_NAMES[model.kind],
                name=model.name,
                family=model.family,
            )
        return directory

    def make_tokenizers(self, family: ModelFamily) -> dict[str, CLIPTokenizer]:
        """The family's tokenizers by diffusers' component names."""
        merges = self._read_merges()
        return {
            name: _clip_tokenizer(merges, pad_token)
            for name, pad_token in _PAD_TOKENS[family].items()
        }

    def default_scheduler(self, model: ModelInfo) -> DDIMScheduler:
        """The noise schedule a single-file checkpoint was trained with.

        The file may state its prediction type, and by an empty tensor `ztsnr` that it was trained
        with zero terminal SNR (Lin et al., 2023): then sampling begins at the last timestep, too.
        """
        config = DDIMScheduler.load_config(self.config_dir(model) / "scheduler")
        overrides: dict[str, object] = {}
        if model.prediction_type is not None:
            overrides["prediction_type"] = model.prediction_type
        if model.path.is_file() and "ztsnr" in read_header(model.path).shapes:
            overrides |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
        return DDIMScheduler.from_config(config, **overrides)

    def _read_merges(self) -> list[tuple[str, str]]:
        text = gzip.decompress((self._directory / CLIP_BPE_FILE).read_bytes()).decode()
        lines = text.splitlines()[1 : CLIP_NUM_MERGES + 1]  # The first line is a header.
        return [(first, second) for first, second in map(str.split, lines)]


def _clip_tokenizer(merges: list[tuple[str, str]], pad_token: str) -> CLIPTokenizer:
    """CLIP's BPE tokenizer (Radford et al., 2021).

    Its vocabulary is the 256 bytes, the bytes at the end of a word, the merges, and two special
    tokens.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = [
        *alphabet,
        *(character + "</w>" for character in alphabet),
        *map("".join, merges),
        BOS_TOKEN,
        EOS_TOKEN,
    ]
    return CLIPTokenizer(
        vocab={token: token_id for token_id, token in enumerate(tokens)},
        merges=merges,
        pad_token=pad_token,
        model_max_length=77,
    )
