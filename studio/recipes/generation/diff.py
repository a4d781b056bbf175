"""What differs between two presets, as an operator would say it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from studio.locales import DEFAULT
from studio.messages import Message, message
from studio.recipes.base import join_messages
from studio.recipes.generation.recipe import ControlUnit, LoraSettings, ModelRef, Recipe
from studio.recipes.moderation import ModerationPolicy
from studio.recipes.themes.preset import SLOTS, Preset

FIELD_LABELS: Mapping[str, Message] = {
    "sampler": message("recipe.sampler"),
    "schedule_type": message("recipe.schedule_type"),
    "steps": message("recipe.steps"),
    "guidance_scale": message("recipe.guidance_scale"),
    "guidance_end_fraction": message("recipe.guidance_end"),
    "denoising_strength": message("recipe.strength"),
    "clip_skip": message("recipe.clip_skip"),
    "deepcache_interval": message("recipe.deep_cache"),
    "width": message("recipe.width"),
    "height": message("recipe.height"),
    "preprocessor": message("recipe.preprocessor"),
    "source": message("recipe.control_source"),
    "image_sha256": message("recipe.control_image"),
    "resize_mode": message("recipe.resize_mode"),
    "mode": message("recipe.control_mode"),
    "weight": message("recipe.weight"),
    "start": message("recipe.control_start"),
    "end": message("recipe.control_end"),
}
"""A1111's words for a recipe's fields, where they are plain values."""
_PASS_FIELDS: Mapping[str, Message] = {
    "upscaler": message("recipe.pass_upscaler"),
    "scale_factor": message("recipe.pass_factor"),
    "steps": message("recipe.pass_steps"),
    "denoising_strength": message("recipe.pass_strength"),
    "padding": message("recipe.pass_padding"),
    "mask_blur": message("recipe.pass_blur"),
    "render_size": message("recipe.pass_size"),
}
_VALUES: Mapping[object, Message] = {
    True: message("recipe.yes"),
    False: message("recipe.no"),
    None: message("recipe.none"),
    "": message("recipe.none"),
    "Balanced": message("recipe.mode_balanced"),
    "My prompt is more important": message("recipe.mode_prompt"),
    "ControlNet is more important": message("recipe.mode_control"),
    "Just Resize": message("recipe.resize_just"),
    "Crop and Resize": message("recipe.resize_crop"),
    "Resize and Fill": message("recipe.resize_fill"),
}
"""Values that are told in a reader's words."""

Attachment = TypeVar("Attachment", ControlUnit, LoraSettings)


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was. `place` says where, such as "A, Sampling steps"."""

    field_path: Message
    before: str | Message
    after: str | Message

    @property
    def message(self) -> Message:
        return message("recipe.change", place=self.field_path, before=self.before, after=self.after)

    def texts(self, language: str = DEFAULT) -> tuple[str, str, str]:
        """Place, before and after, in `language`."""
        place, before, after = (
            each.text(language) if isinstance(each, Message) else each
            for each in (self.field_path, self.before, self.after)
        )
        return place, before, after

    def __str__(self) -> str:
        return str(self.message)


def diff_themes(before: Preset, after: Preset) -> tuple[Change, ...]:
    """Every change from one preset to the other, theme first, then recipe by recipe."""
    return (*_theme(before, after), *_recipes(before, after))


def summarize_changes(changes: Sequence[Change], most: int = 3) -> Message | None:
    """The first few changes in one line, and how many more there are; None where there is none."""
    told = [change.message for change in changes[:most]]
    if len(changes) > most:
        told.append(message("list.more", count=len(changes) - most))
    return join_messages(told) if told else None


def _theme(before: Preset, after: Preset) -> Iterator[Change]:
    yield from _diff_value(message("theme.slug"), before.slug, after.slug)
    yield from _diff_value(message("theme.name"), before.name, after.name)
    yield from _diff_value(message("theme.description"), before.description, after.description)
    yield from _diff_phrases(message("theme.prompt"), before.theme_prompt, after.theme_prompt)
    bases = (", ".join(each.base_images) for each in (before, after))
    yield from _diff_value(message("theme.base_images"), *bases)
    yield from _safety(before.safety, after.safety)


_POLICY: Mapping[str, Message] = {
    "check_prompts": message("moderation.words_judged"),
    "check_doodles": message("moderation.doodles_judged"),
    "check_outputs": message("moderation.images_judged"),
    "nsfw_threshold": message("moderation.threshold"),
    "concept_margin": message("moderation.margin"),
    "regenerate_withheld": message("moderation.refill"),
    "allow_base_uploads": message("moderation.uploads"),
    "external_moderation": message("moderation.outside"),
    "negative_prompt": message("moderation.negative_prompt"),
    "log_blocked_text": message("moderation.words_kept"),
}


def _safety(before: ModerationPolicy, after: ModerationPolicy) -> Iterator[Change]:
    for name, label in _POLICY.items():
        differ = _diff_phrases if name == "negative_prompt" else _diff_value
        yield from differ(label, getattr(before, name), getattr(after, name))


def _recipes(before: Preset, after: Preset) -> Iterator[Change]:
    for slot in SLOTS:
        for change in diff_recipes(before.recipes[slot], after.recipes[slot]):
            yield Change(_within(slot, change.field_path), change.before, change.after)


def diff_recipes(before: Recipe, after: Recipe) -> Iterator[Change]:
    """Every change from one recipe to the other."""
    yield from _model(message("recipe.base_model"), before.base_model, after.base_model)
    yield from _model(message("recipe.vae"), before.vae, after.vae)
    yield from _fields(None, before, after)
    template, negative = message("recipe.prompt_template"), message("recipe.negative_prompt")
    yield from _diff_phrases(template, before.prompt_template, after.prompt_template)
    yield from _diff_phrases(negative, before.negative_prompt, after.negative_prompt)
    yield from _diff_attachments(message("recipe.lora"), before.loras, after.loras)
    yield from _diff_attachments(
        message("recipe.control_unit"), before.control_units, after.control_units
    )
    for name, label in (
        ("upscale", message("recipe.hires_fix")),
        ("face_repair", message("recipe.face_repair")),
    ):
        yield from _diff_pass(label, getattr(before, name).model_dump(), getattr(after, name).model_dump())  # fmt: skip
    rules = (f"{rule.mode} {rule.value}" for rule in (before.seed_policy, after.seed_policy))
    yield from _diff_value(message("recipe.seed_rule"), *rules)


def _within(outer: str | Message, inner: Message) -> Message:
    return message("recipe.within", outer=outer, inner=inner)


def _fields(
    place: Message | None, before: Recipe | Attachment, after: Recipe | Attachment
) -> Iterator[Change]:
    for name, label in FIELD_LABELS.items():
        if name in type(before).model_fields:
            where = label if place is None else _within(place, label)
            yield from _diff_value(where, getattr(before, name), getattr(after, name))


def _diff_pass(
    label: Message, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Change]:
    """A pass that is off before and after differs in nothing that shows."""
    if before["enabled"] != after["enabled"]:
        yield Change(label, _on_off(before), _on_off(after))
    if before["enabled"] or after["enabled"]:
        for name in before:
            if name != "enabled":
                yield from _diff_value(
                    _within(label, _PASS_FIELDS[name]), before[name], after[name]
                )


def _on_off(settings: Mapping[str, object]) -> Message:
    return message("recipe.on") if settings["enabled"] else message("recipe.off")


def _diff_attachments(
    label: Message, before: Sequence[Attachment], after: Sequence[Attachment]
) -> Iterator[Change]:
    """Matched by model, the first with the first of the same name; the rest came or went."""
    nothing, waiting = _format_value(None), list(after)
    for each in before:
        same = next((other for other in waiting if other.model.name == each.model.name), None)
        if same is None:
            yield Change(label, each.model.name, nothing)
            continue
        waiting.remove(same)
        place = message("recipe.named", kind=label, name=each.model.name)
        yield from _model(place, each.model, same.model)
        yield from _fields(place, each, same)
    for other in waiting:
        yield Change(label, nothing, other.model.name)


def _model(label: Message, before: ModelRef | None, after: ModelRef | None) -> Iterator[Change]:
    """Two models of one name are told apart by their hashes, where both are known."""
    names = [None if ref is None else ref.name for ref in (before, after)]
    hashes = [None if ref is None else ref.sha256 for ref in (before, after)]
    if names[0] == names[1] and all(hashes) and hashes[0] != hashes[1]:
        names = [f"{n} ({str(h)[:10]})" for n, h in zip(names, hashes, strict=True)]
    yield from _diff_value(label, *names)


def _diff_phrases(label: Message, before: str, after: str) -> Iterator[Change]:
    """Phrases between commas that went and came; where only their order differs, the whole."""
    gone, come = _phrases(before), _phrases(after)
    if gone == come:
        return
    left = [phrase for phrase in gone if phrase not in come]
    new = [phrase for phrase in come if phrase not in gone]
    if left or new:
        yield Change(
            label, ", ".join(left) or _format_value(None), ", ".join(new) or _format_value(None)
        )
    else:
        yield Change(label, before, after)


def _phrases(prompt: str) -> list[str]:
    return [phrase for part in prompt.split(",") if (phrase := " ".join(part.split()))]


def _diff_value(label: Message, before: object, after: object) -> Iterator[Change]:
    if before != after:
        yield Change(label, _format_value(before), _format_value(after))


def _format_value(value: object) -> str | Message:
    if isinstance(value, bool | str | None) and value in _VALUES:
        return _VALUES[value]
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
