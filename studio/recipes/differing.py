"""What differs between two presets, as an operator would say it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from studio.recipes.preset import LETTERS, Preset
from studio.recipes.recipe import ControlUnit, LoraUse, ModelRef, Recipe
from studio.recipes.safety import SafetyPolicy

LABELS: Mapping[str, str] = {
    "sampler": "Sampling method",
    "schedule_type": "Schedule type",
    "steps": "Sampling steps",
    "guidance_scale": "CFG Scale",
    "guidance_end": "CFG until step share",
    "strength": "Denoising strength",
    "clip_skip": "Clip skip",
    "deep_cache": "DeepCache interval",
    "width": "Width",
    "height": "Height",
    "preprocessor": "Preprocessor",
    "source": "Reads",
    "picture": "Own picture",
    "resize_mode": "Resize Mode",
    "mode": "Control Mode",
    "weight": "Weight",
    "start": "Starting Control Step",
    "end": "Ending Control Step",
}
"""A1111's words for a recipe's fields, where they are plain values."""
NOTHING = "none"

Plugged = TypeVar("Plugged", ControlUnit, LoraUse)


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. `place` says where, such as "A, Sampling steps"."""

    place: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.place}: {self.before} → {self.after}"


def differences(before: Preset, after: Preset) -> tuple[Change, ...]:
    """Every change from one preset to the other, theme first, then recipe by recipe."""
    return (*_theme(before, after), *_recipes(before, after))


def summary(changes: Sequence[Change], most: int = 3) -> str:
    """The first few changes in one line, and how many more there are."""
    told = "; ".join(str(change) for change in changes[:most])
    left = len(changes) - most
    return f"{told}; and {left} more" if left > 0 else told


def _theme(before: Preset, after: Preset) -> Iterator[Change]:
    yield from _plain("Slug", before.slug, after.slug)
    yield from _plain("Name", before.name, after.name)
    yield from _plain("Description", before.description, after.description)
    yield from _words("Theme prompt", before.prompt, after.prompt)
    yield from _plain("Base images", ", ".join(before.base_images), ", ".join(after.base_images))
    yield from _safety(before.safety, after.safety)


def _safety(before: SafetyPolicy, after: SafetyPolicy) -> Iterator[Change]:
    yield from _plain("Words are judged", _said(before.words), _said(after.words))
    yield from _plain("Doodles are judged", _said(before.doodles), _said(after.doodles))
    yield from _plain("Pictures are judged", _said(before.pictures), _said(after.pictures))
    yield from _plain("Picture threshold", f"{before.threshold:g}", f"{after.threshold:g}")
    yield from _plain("Safety checker margin", f"{before.margin:g}", f"{after.margin:g}")
    yield from _plain("Withheld pictures are drawn anew", _said(before.refill), _said(after.refill))
    yield from _plain("Clients bring base pictures", _said(before.uploads), _said(after.uploads))
    yield from _plain("Outside moderation", before.moderation, after.moderation)
    yield from _words("Negative prompt of the theme", before.negative_prompt, after.negative_prompt)
    yield from _plain("Blocked words are kept", _said(before.keep_words), _said(after.keep_words))


def _said(on: bool) -> str:
    return "yes" if on else "no"


def _recipes(before: Preset, after: Preset) -> Iterator[Change]:
    for letter in LETTERS:
        for change in recipe_differences(before.recipes[letter], after.recipes[letter]):
            yield Change(f"{letter}, {change.place}", change.before, change.after)


def recipe_differences(before: Recipe, after: Recipe) -> Iterator[Change]:
    """Every change from one recipe to the other."""
    yield from _model("Base model", before.base_model, after.base_model)
    yield from _model("VAE", before.vae, after.vae)
    yield from _fields("", before, after)
    yield from _words("Prompt template", before.prompt_template, after.prompt_template)
    yield from _words("Negative prompt", before.negative_prompt, after.negative_prompt)
    yield from _plugged("LoRA", before.loras, after.loras)
    yield from _plugged("Control unit", before.control_units, after.control_units)
    for name, label in (("upscale", "Hires. fix"), ("face_repair", "Face repair")):
        yield from _pass(label, getattr(before, name).model_dump(), getattr(after, name).model_dump())  # fmt: skip
    rules = (f"{rule.kind} {rule.value}" for rule in (before.seed_rule, after.seed_rule))
    yield from _plain("Seed rule", *rules)


def _fields(prefix: str, before: Recipe | Plugged, after: Recipe | Plugged) -> Iterator[Change]:
    for name, label in LABELS.items():
        if name in type(before).model_fields:
            yield from _plain(f"{prefix}{label}", getattr(before, name), getattr(after, name))


def _pass(
    label: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Change]:
    """A pass that is off before and after differs in nothing that shows."""
    yield from _plain(label, _on(before), _on(after))
    if before["enabled"] or after["enabled"]:
        for name in before:
            if name != "enabled":
                yield from _plain(f"{label}, {name}", before[name], after[name])


def _on(settings: Mapping[str, object]) -> str:
    return "on" if settings["enabled"] else "off"


def _plugged(label: str, before: Sequence[Plugged], after: Sequence[Plugged]) -> Iterator[Change]:
    """Matched by model, the first with the first of the same name; the rest came or went."""
    waiting = list(after)
    for each in before:
        same = next((other for other in waiting if other.model.name == each.model.name), None)
        if same is None:
            yield Change(label, each.model.name, NOTHING)
            continue
        waiting.remove(same)
        place = f"{label} {each.model.name}"
        yield from _model(place, each.model, same.model)
        yield from _fields(f"{place}, ", each, same)
    for other in waiting:
        yield Change(label, NOTHING, other.model.name)


def _model(label: str, before: ModelRef | None, after: ModelRef | None) -> Iterator[Change]:
    """Two models of one name are told apart by their hashes, where both are known."""
    names = [NOTHING if ref is None else ref.name for ref in (before, after)]
    hashes = [None if ref is None else ref.sha256 for ref in (before, after)]
    if names[0] == names[1] and all(hashes) and hashes[0] != hashes[1]:
        names = [f"{n} ({str(h)[:10]})" for n, h in zip(names, hashes, strict=True)]
    yield from _plain(label, *names)


def _words(label: str, before: str, after: str) -> Iterator[Change]:
    """Phrases between commas that went and came; where only their order differs, the whole."""
    gone, come = _phrases(before), _phrases(after)
    if gone == come:
        return
    left = [phrase for phrase in gone if phrase not in come]
    new = [phrase for phrase in come if phrase not in gone]
    if left or new:
        yield Change(label, ", ".join(left) or NOTHING, ", ".join(new) or NOTHING)
    else:
        yield Change(label, before, after)


def _phrases(prompt: str) -> list[str]:
    return [phrase for part in prompt.split(",") if (phrase := " ".join(part.split()))]


def _plain(label: str, before: object, after: object) -> Iterator[Change]:
    if before != after:
        yield Change(label, _shown(before), _shown(after))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value) if value not in (None, "") else NOTHING
    return text if len(text) <= 60 else f"{text[:57]}…"
