"""A1111's prompt syntax read into plain text with weights, and LoRAs called by name.

`(red)` weighs 1.1, `((red))` 1.21, `[red]` 1/1.1, `(red:1.4)` what it says; a backslash makes
the next bracket a letter; `<lora:name:0.8>` calls a LoRA. Brackets that are never closed reach
to the end, and ones never opened are letters: every text can be read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

EMPHASIS_FACTOR, DEEMPHASIS_FACTOR = 1.1, 1 / 1.1
"""What a round and a square bracket multiply a weight by (A1111's constants)."""
MAX_WEIGHT = 5.0
"""Weights beyond this only ruin a picture; larger ones are taken as this."""

_LORA = re.compile(r"<lora:([^:<>]+)(?::(-?[0-9.]+))?>")
_TOKEN = re.compile(r"\\[()\[\]\\]|[(\[]|:\s*([0-9]*\.?[0-9]+)\s*\)|[)\]]|[^\\()\[\]:]+|[:\\]")


@dataclass(frozen=True)
class WeightedFragment:
    """A stretch of text and how strongly it is meant; 1 is plain."""

    text: str
    weight: float = 1.0


def unweighted_text(fragments: Sequence[WeightedFragment]) -> str:
    """The words of fragments, their weights left aside."""
    return "".join(fragment.text for fragment in fragments)


@dataclass(frozen=True)
class LoraReference:
    """A LoRA named in a prompt."""

    name: str
    weight: float


@dataclass(frozen=True)
class ParsedPrompt:
    """A prompt as it was meant: what is said, and which LoRAs it calls for."""

    fragments: tuple[WeightedFragment, ...]
    loras: tuple[LoraReference, ...]

    @property
    def text(self) -> str:
        """The words alone."""
        return unweighted_text(self.fragments)


def extract_lora_tags(prompt: str) -> tuple[str, tuple[LoraReference, ...]]:
    """The prompt without its LoRA calls, and the calls."""
    calls = tuple(
        LoraReference(m[1].strip(), _parse_float(m[2], 1.0)) for m in _LORA.finditer(prompt)
    )
    return _LORA.sub("", prompt), calls


def parse_prompt(prompt: str) -> ParsedPrompt:
    """`prompt` read as A1111 would."""
    text, calls = extract_lora_tags(prompt)
    return ParsedPrompt(_fragments(text), calls)


def _fragments(text: str) -> tuple[WeightedFragment, ...]:
    found: list[WeightedFragment] = []
    opened: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("(", "["):
            opened.append((token, len(found)))
        elif match[1] is not None and opened and opened[-1][0] == "(":
            _scale_weights(found, opened.pop()[1], _parse_float(match[1], 1.0))
        elif token == ")" and opened and opened[-1][0] == "(":
            _scale_weights(found, opened.pop()[1], EMPHASIS_FACTOR)
        elif token == "]" and opened and opened[-1][0] == "[":
            _scale_weights(found, opened.pop()[1], DEEMPHASIS_FACTOR)
        else:
            found.append(
                WeightedFragment(token[1:] if token[0] == "\\" and len(token) > 1 else token)
            )
    for bracket, first in opened:
        _scale_weights(found, first, EMPHASIS_FACTOR if bracket == "(" else DEEMPHASIS_FACTOR)
    return _merge_adjacent(found)


def _scale_weights(fragments: list[WeightedFragment], first: int, factor: float) -> None:
    """Multiplies the weight of everything since a bracket was opened."""
    for index in range(first, len(fragments)):
        weight = min(MAX_WEIGHT, fragments[index].weight * factor)
        fragments[index] = WeightedFragment(fragments[index].text, weight)


def _merge_adjacent(fragments: list[WeightedFragment]) -> tuple[WeightedFragment, ...]:
    """Neighbours of one weight as one fragment; the outer blanks gone."""
    joined: list[WeightedFragment] = []
    for fragment in fragments:
        if joined and joined[-1].weight == fragment.weight:
            joined[-1] = WeightedFragment(joined[-1].text + fragment.text, fragment.weight)
        else:
            joined.append(fragment)
    if joined:
        joined[0] = WeightedFragment(joined[0].text.lstrip(), joined[0].weight)
        joined[-1] = WeightedFragment(joined[-1].text.rstrip(), joined[-1].weight)
    return tuple(fragment for fragment in joined if fragment.text)


def _parse_float(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text is not None else otherwise
    except ValueError:
        return otherwise
