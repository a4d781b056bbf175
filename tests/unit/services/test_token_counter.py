"""The token counter counts as the tokenizers of the base models themselves do."""

import pytest
from transformers import CLIPTokenizer

from studio.app import AppContainer
from studio.recipes.generation.recipe import ModelRef
from studio.services.themes.token_counter import TokenCounter
from studio.settings import bundled_path
from tests import examples


@pytest.fixture
def counter(studio: AppContainer) -> TokenCounter:
    return TokenCounter(studio.catalog, bundled_path("assets") / "configurations")


@pytest.mark.parametrize(
    ("template", "theme", "words"),
    [
        ("{prompt}", "", "a red dress"),
        ("an avatar wearing {prompt}, clean ink drawing", "soft colours", "a (red:1.3) dress"),
        ("{prompt}", "glow <lora:pocket-neon:0.8>", "[[striped]] trousers"),
        ("{prompt}", "", "a red dress, " * 60),
        ("{prompt}", "", ""),
    ],
)
def test_it_counts_what_the_tokenizer_reads(
    counter: TokenCounter, studio: AppContainer, template: str, theme: str, words: str
) -> None:
    recipe = examples.recipe(prompt_template=template)
    model = studio.catalog.get("checkpoint", recipe.base_model)
    tokenizer = CLIPTokenizer.from_pretrained(model.path / "tokenizer")
    plain = words.replace("(red:1.3)", "red").replace("[[striped]]", "striped")
    parts = [p for p in (plain.strip(" ,"), theme.split(" <", maxsplit=1)[0]) if p]
    said = template.replace("{prompt}", ", ".join(parts)).strip(" ,")
    expected = len(tokenizer(said, add_special_tokens=False, verbose=False).input_ids)
    assert counter.count(recipe, theme, words) == expected


def test_a_model_that_is_missing_counts_nothing(counter: TokenCounter) -> None:
    recipe = examples.recipe(base_model=ModelRef(name="nowhere"))
    assert counter.count(recipe, "", "a dress") is None
