"""A1111's prompt syntax read into plain text with weights, and LoRAs called by name.

`(red)` weighs 1.1, `((red))` 1.21, `[red]` 1/1.1, `(red:1.4)` what it says; a backslash makes
the next bracket a letter; `<lora:name:0.8>` calls a LoRA. Brackets that are never closed reach
to the end, and ones never opened are letters: every text can be read.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

RAISE, LOWER = 1.1, 1 / 1.1
"""What a round and a square bracket multiply a weight by (A1111's constants)."""
MAX_WEIGHT = 5.0
"""Weights beyond this only ruin a picture; larger ones are taken as this."""

_LORA = re.compile(r"<lora:([^:<>]+)(?::(-?[0-9.]+))?>")
_TOKEN = re.compile(r"\\[()\[\]\\]|[(\[]|:\s*([0-9]*\.?[0-9]+)\s*\)|[)\]]|[^\\()\[\]:]+|[:\\]")


@dataclass(frozen=True)
class Fragment:
    """A stretch of text and how strongly it is meant; 1 is plain."""

    text: str
    weight: float = 1.0


def plain_text(fragments: Sequence[Fragment]) -> str:
    """The words of fragments, their weights left aside."""
    return "".join(fragment.text for fragment in fragments)


@dataclass(frozen=True)
class LoraCall:
    """A LoRA named in a prompt."""

    name: str
    weight: float


@dataclass(frozen=True)
class ReadPrompt:
    """A prompt as it was meant: what is said, and which LoRAs it calls for."""

    fragments: tuple[Fragment, ...]
    loras: tuple[LoraCall, ...]

    @property
    def text(self) -> str:
        """The words alone."""
        return plain_text(self.fragments)


def take_loras(prompt: str) -> tuple[str, tuple[LoraCall, ...]]:
    """The prompt without its LoRA calls, and the calls."""
    calls = tuple(LoraCall(m[1].strip(), _number(m[2], 1.0)) for m in _LORA.finditer(prompt))
    return _LORA.sub("", prompt), calls


def read_prompt(prompt: str) -> ReadPrompt:
    """`prompt` read as A1111 would."""
    text, calls = take_loras(prompt)
    return ReadPrompt(_fragments(text), calls)


def _fragments(text: str) -> tuple[Fragment, ...]:
    found: list[Fragment] = []
    opened: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("(", "["):
            opened.append((token, len(found)))
        elif match[1] is not None and opened and opened[-1][0] == "(":
            _weigh(found, opened.pop()[1], _number(match[1], 1.0))
        elif token == ")" and opened and opened[-1][0] == "(":
            _weigh(found, opened.pop()[1], RAISE)
        elif token == "]" and opened and opened[-1][0] == "[":
            _weigh(found, opened.pop()[1], LOWER)
        else:
            found.append(Fragment(token[1:] if token[0] == "\\" and len(token) > 1 else token))
    for bracket, first in opened:
        _weigh(found, first, RAISE if bracket == "(" else LOWER)
    return _joined(found)


def _weigh(fragments: list[Fragment], first: int, factor: float) -> None:
    """Multiplies the weight of everything since a bracket was opened."""
    for index in range(first, len(fragments)):
        weight = min(MAX_WEIGHT, fragments[index].weight * factor)
        fragments[index] = Fragment(fragments[index].text, weight)


def _joined(fragments: list[Fragment]) -> tuple[Fragment, ...]:
    """Neighbours of one weight as one fragment; the outer blanks gone."""
    joined: list[Fragment] = []
    for fragment in fragments:
        if joined and joined[-1].weight == fragment.weight:
            joined[-1] = Fragment(joined[-1].text + fragment.text, fragment.weight)
        else:
            joined.append(fragment)
    if joined:
        joined[0] = Fragment(joined[0].text.lstrip(), joined[0].weight)
        joined[-1] = Fragment(joined[-1].text.rstrip(), joined[-1].weight)
    return tuple(fragment for fragment in joined if fragment.text)


def _number(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text is not None else otherwise
    except ValueError:
        return otherwise
