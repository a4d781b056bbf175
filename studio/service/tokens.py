"""How many tokens a recipe's prompt takes, told before anything is rendered."""

import threading
from pathlib import Path

from tokenizers import Tokenizer

from studio.errors import StudioError
from studio.library.catalogue import Catalogue
from studio.library.models import Model
from studio.recipes.planning import join_prompt
from studio.recipes.promptsyntax import read_prompt
from studio.recipes.recipe import Recipe

WINDOW = 75
"""Tokens that CLIP reads at once, without those that begin and end them."""


class TokenCounter:
    """Counts as the base model's own tokenizer does; each is read once."""

    def __init__(self, catalogue: Catalogue, configurations: Path) -> None:
        self._catalogue = catalogue
        self._configurations = configurations
        self._lock = threading.Lock()
        self._tokenizers: dict[str, Tokenizer] = {}

    def count(self, recipe: Recipe, theme: str, words: str) -> int | None:
        """None where the base model, or its tokenizer, cannot be read."""
        try:
            model = self._catalogue.find("checkpoint", recipe.base_model)
            tokenizer = self._tokenizer(model)
        except (StudioError, OSError):
            return None
        text = read_prompt(join_prompt(recipe, theme, words)).text
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    def _tokenizer(self, model: Model) -> Tokenizer:
        with self._lock:
            if model.sha256 not in self._tokenizers:
                tokenizer = self._read(model)
                tokenizer.no_padding()
                tokenizer.no_truncation()
                self._tokenizers[model.sha256] = tokenizer
            return self._tokenizers[model.sha256]

    def _read(self, model: Model) -> Tokenizer:
        file = model.path / "tokenizer" / "tokenizer.json"
        if file.is_file():
            return Tokenizer.from_file(str(file))
        # Late: it needs transformers, and only single files and older folders ask for it.
        from studio.engine.configurations import Configurations

        family = model.family if model.family in ("sd15", "sd21", "sdxl") else "sd15"
        clip = Configurations(self._configurations).tokenizers(family)["tokenizer"]
        return Tokenizer.from_str(clip.backend_tokenizer.to_str())
