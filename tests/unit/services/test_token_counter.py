"""Token counts equal those of the base models' own tokenizers."""

import pytest
from transformers import CLIPTokenizer

from studio.app import AppContainer
from studio.recipes.generation.recipe import ModelRef
from studio.services.themes.token_counter import TokenCounter
from studio.settings import bundled_path
from tests import examples


@pytest.fixture
def counter(studio: AppContainer) -> TokenCounter:
    return TokenCounter(studio.models.catalog, bundled_path("assets") / "configurations")


@pytest.mark.parametrize(
    ("template", "theme", "user_prompt"),
    [
        ("{prompt}", "", "a red dress"),
        ("an avatar wearing {prompt}, clean ink drawing", "soft colours", "a (red:1.3) dress"),
        ("{prompt}", "glow <lora:pocket-neon:0.8>", "[[striped]] trousers"),
        ("{prompt}", "", "a red dress, " * 60),
        ("{prompt}", "", ""),
    ],
)
def test_counter_agrees_with_the_tokenizer(
    counter: TokenCounter, studio: AppContainer, template: str, theme: str, user_prompt: str
) -> None:
    recipe = examples.recipe(prompt_template=template)
    model = studio.models.catalog.get("checkpoint", recipe.base_model)
    tokenizer = CLIPTokenizer.from_pretrained(model.path / "tokenizer")
    plain = user_prompt.replace("(red:1.3)", "red").replace("[[striped]]", "striped")
    parts = [p for p in (plain.strip(" ,"), theme.split(" <", maxsplit=1)[0]) if p]
    prompt = template.replace("{prompt}", ", ".join(parts)).strip(" ,")
    expected = len(tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids)
    assert counter.count(recipe, theme, user_prompt) == expected


def test_missing_model_has_no_count(counter: TokenCounter) -> None:
    recipe = examples.recipe(base_model=ModelRef(name="nowhere"))
    assert counter.count(recipe, "", "a dress") is None
