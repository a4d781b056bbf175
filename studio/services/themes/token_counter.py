"""Counts the tokens of a recipe's prompt before anything is rendered."""

import threading
from pathlib import Path

from tokenizers import Tokenizer

from studio.errors import StudioError
from studio.models.catalog import ModelCatalog
from studio.models.types import ModelInfo
from studio.recipes.generation.alternatives import longest_alternatives
from studio.recipes.generation.planning import compose_prompt
from studio.recipes.generation.prompt_syntax import parse_prompt
from studio.recipes.generation.recipe import Recipe

CHUNK_TOKENS = 75
"""Tokens that CLIP encodes in one chunk, without the start and end tokens."""


class TokenCounter:
    """Counts with the base model's own tokenizer; each tokenizer is loaded once. Thread-safe."""

    def __init__(self, catalog: ModelCatalog, configurations: Path) -> None:
        """`configurations` has the bundled tokenizers for single-file checkpoints."""
        self._catalog = catalog
        self._configurations = configurations
        self._lock = threading.Lock()
        self._tokenizers: dict[str, Tokenizer] = {}

    def count(self, recipe: Recipe, theme_prompt: str, user_prompt: str) -> int | None:
        """The tokens of the composed prompt, without start and end tokens and prompt syntax.

        Of alternatives the longest ones count. None where the base model, or its tokenizer, cannot be
        read.
        """
        try:
            model = self._catalog.get("checkpoint", recipe.base_model)
            tokenizer = self._tokenizer(model)
        except (StudioError, OSError):
            return None
        template = longest_alternatives(recipe.prompt_template)
        longest = recipe.model_copy(update={"prompt_template": template})
        prompt = compose_prompt(longest, longest_alternatives(theme_prompt), user_prompt)
        text = parse_prompt(prompt).text
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    def _tokenizer(self, model: ModelInfo) -> Tokenizer:
        with self._lock:
            if model.sha256 not in self._tokenizers:
                tokenizer = self._load(model)
                tokenizer.no_padding()
                tokenizer.no_truncation()
                self._tokenizers[model.sha256] = tokenizer
            return self._tokenizers[model.sha256]

    def _load(self, model: ModelInfo) -> Tokenizer:
        file = model.path / "tokenizer" / "tokenizer.json"
        if file.is_file():
            return Tokenizer.from_file(str(file))
        # Imported late: it needs transformers, which only single files and older directories use.
        from studio.engine.loading.bundled_configs import BundledConfigs

        family = model.family if model.family in ("sd15", "sd21", "sdxl") else "sd15"
        clip = BundledConfigs(self._configurations).make_tokenizers(family)["tokenizer"]
        return Tokenizer.from_str(clip.backend_tokenizer.to_str())
