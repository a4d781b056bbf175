"""Parser for A1111's prompt syntax: emphasis weights and LoRA tags.

`(red)` has weight 1.1, `((red))` 1.21, `[red]` 1/1.1 and `(red:1.4)` 1.4; a backslash escapes the next
bracket; `<lora:name:0.8>` is a LoRA tag. An unclosed bracket extends to the end of the text, and an
unmatched closing bracket is literal text: every input can be parsed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

EMPHASIS_FACTOR, DEEMPHASIS_FACTOR = 1.1, 1 / 1.1
"""Factors of a round and a square bracket (A1111's constants)."""
MAX_WEIGHT = 5.0
"""Larger weights are clamped to this: they only ruin the image."""

_LORA = re.compile(r"<lora:([^:<>]+)(?::(-?[0-9.]+))?>")
_TOKEN = re.compile(r"\\[()\[\]\\]|[(\[]|:\s*([0-9]*\.?[0-9]+)\s*\)|[)\]]|[^\\()\[\]:]+|[:\\]")


@dataclass(frozen=True)
class WeightedFragment:
    """A piece of text with its emphasis weight, 0 to `MAX_WEIGHT`; 1 is normal."""

    text: str
    weight: float = 1.0


def unweighted_text(fragments: Sequence[WeightedFragment]) -> str:
    """The text of the fragments without their weights."""
    return "".join(fragment.text for fragment in fragments)


@dataclass(frozen=True)
class LoraReference:
    """A LoRA tag in a prompt: the model's name and weight."""

    name: str
    weight: float


@dataclass(frozen=True)
class ParsedPrompt:
    """A parsed prompt: weighted text and LoRA tags."""

    fragments: tuple[WeightedFragment, ...]
    loras: tuple[LoraReference, ...]

    @property
    def text(self) -> str:
        """The text without weights and tags."""
        return unweighted_text(self.fragments)


def extract_lora_tags(prompt: str) -> tuple[str, tuple[LoraReference, ...]]:
    """Returns the prompt without its LoRA tags, and the tags."""
    tags = tuple(
        LoraReference(m[1].strip(), _parse_float(m[2], 1.0)) for m in _LORA.finditer(prompt)
    )
    return _LORA.sub("", prompt), tags


def parse_prompt(prompt: str) -> ParsedPrompt:
    """Parses a prompt as A1111 does. Never fails."""
    text, tags = extract_lora_tags(prompt)
    return ParsedPrompt(_parse_emphasis(text), tags)


def _parse_emphasis(text: str) -> tuple[WeightedFragment, ...]:
    fragments: list[WeightedFragment] = []
    opened: list[tuple[str, int]] = []  # Open brackets, each with the first fragment inside it.
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("(", "["):
            opened.append((token, len(fragments)))
        elif match[1] is not None and opened and opened[-1][0] == "(":
            _scale_weights(fragments, opened.pop()[1], _parse_float(match[1], 1.0))
        elif token == ")" and opened and opened[-1][0] == "(":
            _scale_weights(fragments, opened.pop()[1], EMPHASIS_FACTOR)
        elif token == "]" and opened and opened[-1][0] == "[":
            _scale_weights(fragments, opened.pop()[1], DEEMPHASIS_FACTOR)
        else:
            is_escaped = token[0] == "\\" and len(token) > 1
            fragments.append(WeightedFragment(token[1:] if is_escaped else token))
    for bracket, first in opened:
        _scale_weights(fragments, first, EMPHASIS_FACTOR if bracket == "(" else DEEMPHASIS_FACTOR)
    return _merge_adjacent(fragments)


def _scale_weights(fragments: list[WeightedFragment], first: int, factor: float) -> None:
    """Multiplies the weights of all fragments from the index `first` on, in place."""
    for index in range(first, len(fragments)):
        weight = min(MAX_WEIGHT, fragments[index].weight * factor)
        fragments[index] = WeightedFragment(fragments[index].text, weight)


def _merge_adjacent(fragments: list[WeightedFragment]) -> tuple[WeightedFragment, ...]:
    """Merges neighbors of equal weight, and strips whitespace at both ends."""
    merged: list[WeightedFragment] = []
    for fragment in fragments:
        if merged and merged[-1].weight == fragment.weight:
            merged[-1] = WeightedFragment(merged[-1].text + fragment.text, fragment.weight)
        else:
            merged.append(fragment)
    if merged:
        merged[0] = WeightedFragment(merged[0].text.lstrip(), merged[0].weight)
        merged[-1] = WeightedFragment(merged[-1].text.rstrip(), merged[-1].weight)
    return tuple(fragment for fragment in merged if fragment.text)


def _parse_float(text: str | None, default: float) -> float:
    try:
        return float(text) if text is not None else default
    except ValueError:
        return default
