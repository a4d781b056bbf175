"""Differences between two presets, as translated messages with A1111's field names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from studio.locales import DEFAULT
from studio.messages import Message, message
from studio.recipes.base import join_messages
from studio.recipes.generation.field_presentation import PRESENTATION
from studio.recipes.generation.recipe import (
    ControlUnit,
    FaceRestoration,
    HiresFix,
    LoraSettings,
    MaskSettings,
    ModelRef,
    Recipe,
    Reference,
)
from studio.recipes.generation.recipe_fields import field_label, recipe_fields
from studio.recipes.moderation import ModerationPolicy
from studio.recipes.themes.preset import SLOTS, Preset

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
    **{
        value: message(label)
        for path in (
            "control_units.*.mode",
            "control_units.*.resize_mode",
            "references.*.purpose",
            "mask.area",
        )
        for value, label in PRESENTATION[path].choices.items()
    },
}
"""Values that are translated."""
_DRIFT_LOCKS = PRESENTATION["drift_lock"].choices
"""Their values have other meanings in other fields."""

Attachment = TypeVar("Attachment", ControlUnit, LoraSettings, Reference)
Pass = TypeVar("Pass", HiresFix, FaceRestoration)


@dataclass(frozen=True)
class Change:
    """One changed value. `field_path` says where, such as "A, Sampling steps"."""

    field_path: Message
    before: str | Message
    after: str | Message

    @property
    def message(self) -> Message:
        """The change in one line: "A, Sampling steps: 20 → 23"."""
        return message("recipe.change", place=self.field_path, before=self.before, after=self.after)

    def texts(self, language: str = DEFAULT) -> tuple[str, str, str]:
        """Field path, old and new value, translated to `language`."""
        path, before, after = (
            part.text(language) if isinstance(part, Message) else part
            for part in (self.field_path, self.before, self.after)
        )
        return path, before, after

    def __str__(self) -> str:
        return str(self.message)


def diff_themes(before: Preset, after: Preset) -> tuple[Change, ...]:
    """All changes from one preset to another: first those of the theme, then recipe by recipe."""
    return (*_diff_theme(before, after), *_diff_recipe_set(before, after))


def summarize_changes(changes: Sequence[Change], limit: int = 3) -> Message | None:
    """The first `limit` changes in one line, and the count of the rest; None without changes."""
    messages = [change.message for change in changes[:limit]]
    if len(changes) > limit:
        messages.append(message("list.more", count=len(changes) - limit))
    return join_messages(messages) if messages else None


def _diff_theme(before: Preset, after: Preset) -> Iterator[Change]:
    yield from _diff_value(message("theme.slug"), before.slug, after.slug)
    yield from _diff_value(message("theme.name"), before.name, after.name)
    yield from _diff_value(message("theme.description"), before.description, after.description)
    yield from _diff_phrases(message("theme.prompt"), before.theme_prompt, after.theme_prompt)
    bases = (", ".join(preset.base_images) for preset in (before, after))
    yield from _diff_value(message("theme.base_images"), *bases)
    yield from _diff_policy(before.safety, after.safety)


_POLICY_FIELDS: Mapping[str, Message] = {
    "check_prompts": message("moderation.check_prompts"),
    "check_doodles": message("moderation.check_doodles"),
    "check_outputs": message("moderation.check_images"),
    "nsfw_threshold": message("moderation.threshold"),
    "concept_margin": message("moderation.margin"),
    "regenerate_withheld": message("moderation.retry_withheld"),
    "allow_base_uploads": message("moderation.uploads"),
    "external_moderation": message("moderation.external"),
    "negative_prompt": message("moderation.negative_prompt"),
    "log_blocked_text": message("moderation.log_prompts"),
}


def _diff_policy(before: ModerationPolicy, after: ModerationPolicy) -> Iterator[Change]:
    for name, label in _POLICY_FIELDS.items():
        diff_field = _diff_phrases if name == "negative_prompt" else _diff_value
        yield from diff_field(label, getattr(before, name), getattr(after, name))


def _diff_recipe_set(before: Preset, after: Preset) -> Iterator[Change]:
    for slot in SLOTS:
        for change in diff_recipes(before.recipes[slot], after.recipes[slot]):
            yield Change(_within(slot, change.field_path), change.before, change.after)


def diff_recipes(before: Recipe, after: Recipe) -> Iterator[Change]:
    """All changes from one recipe to another."""
    yield from _diff_value(message("recipe.name"), before.name, after.name)
    yield from _diff_model(message("recipe.base_model"), before.base_model, after.base_model)
    yield from _diff_model(message("recipe.vae"), before.vae, after.vae)
    yield from _diff_fields(None, before, after)
    template, negative = message("recipe.prompt_template"), message("recipe.negative_prompt")
    yield from _diff_phrases(template, before.prompt_template, after.prompt_template)
    yield from _diff_phrases(negative, before.negative_prompt, after.negative_prompt)
    yield from _diff_attachments(message("recipe.lora"), before.loras, after.loras)
    yield from _diff_attachments(
        message("recipe.control_unit"), before.control_units, after.control_units
    )
    yield from _diff_attachments(message("recipe.reference"), before.references, after.references)
    yield from _diff_mask(before.mask, after.mask)
    yield from _diff_pass(message("recipe.hires_fix"), before.upscale, after.upscale)
    yield from _diff_pass(message("recipe.face_repair"), before.face_repair, after.face_repair)
    policies = (
        f"{policy.mode} {policy.value}" for policy in (before.seed_policy, after.seed_policy)
    )
    yield from _diff_value(message("recipe.seed_policy"), *policies)


def _within(outer: str | Message, inner: Message) -> Message:
    return message("recipe.within", outer=outer, inner=inner)


def _diff_fields(
    parent: Message | None, before: Recipe | Attachment, after: Recipe | Attachment
) -> Iterator[Change]:
    for name, label in _plain_labels(_LISTS.get(type(before), "")).items():
        path = label if parent is None else _within(parent, label)
        values = [getattr(recipe, name) for recipe in (before, after)]
        if name == "drift_lock":
            values = [message(_DRIFT_LOCKS[value]) for value in values]
        elif name == "image_sha256":
            values = [sha256 and sha256[:10] for sha256 in values]
        yield from _diff_value(path, *values)


_LISTS: Mapping[type, str] = {
    LoraSettings: "loras.*.",
    ControlUnit: "control_units.*.",
    Reference: "references.*.",
}
"""The paths of a recipe's lists, by the type of their items."""


@cache
def _plain_labels(prefix: str) -> Mapping[str, Message]:
    """Labels of the fields with plain values by their names: those of a recipe, or of the items of a list."""
    names = {
        field.path.removeprefix(prefix): field
        for field in recipe_fields()
        if field.path.startswith(prefix)
    }
    return {
        name: message(field.show.label)
        for name, field in names.items()
        if "." not in name and field.kind not in ("model", "text")
    }


def _diff_pass(label: Message, before: Pass, after: Pass) -> Iterator[Change]:
    """Changes of a second pass; its other fields matter only while it is enabled."""
    if before.enabled != after.enabled:
        yield Change(label, _on_off(before), _on_off(after))
    if before.enabled or after.enabled:
        for name in type(before).model_fields:
            if name == "enabled":
                continue
            path = _within(label, _PASS_FIELDS[name])
            yield from _diff_value(path, getattr(before, name), getattr(after, name))


def _diff_mask(before: MaskSettings, after: MaskSettings) -> Iterator[Change]:
    """Changes of a mask; its other fields matter only while its area is not "off"."""
    is_off = before.area == after.area == "off"
    for name in type(before).model_fields:
        if name == "area" or not is_off:
            path = field_label(f"mask.{name}")
            assert path is not None
            yield from _diff_value(path, getattr(before, name), getattr(after, name))


def _on_off(settings: HiresFix | FaceRestoration) -> Message:
    return message("recipe.on") if settings.enabled else message("recipe.off")


def _diff_attachments(
    label: Message, before: Sequence[Attachment], after: Sequence[Attachment]
) -> Iterator[Change]:
    """Attachments are matched by model name, in their order; the rest were added or removed."""
    none, unmatched = _format_value(None), list(after)
    for old in before:
        new = next((item for item in unmatched if item.model.name == old.model.name), None)
        if new is None:
            yield Change(label, old.model.name, none)
            continue
        unmatched.remove(new)
        path = message("recipe.named", kind=label, name=old.model.name)
        yield from _diff_model(path, old.model, new.model)
        yield from _diff_fields(path, old, new)
        if isinstance(old, Reference) and isinstance(new, Reference):
            encoder = _within(path, message("recipe.image_encoder"))
            yield from _diff_model(encoder, old.image_encoder, new.image_encoder)
    for added in unmatched:
        yield Change(label, none, added.model.name)


def _diff_model(
    label: Message, before: ModelRef | None, after: ModelRef | None
) -> Iterator[Change]:
    """Models of the same name differ by their hashes, where both have one."""
    names = [None if ref is None else ref.name for ref in (before, after)]
    hashes = [None if ref is None else ref.sha256 for ref in (before, after)]
    if names[0] == names[1] and all(hashes) and hashes[0] != hashes[1]:
        names = [f"{n} ({str(h)[:10]})" for n, h in zip(names, hashes, strict=True)]
    yield from _diff_value(label, *names)


def _diff_phrases(label: Message, before: str, after: str) -> Iterator[Change]:
    """Removed and added phrases between commas; the complete texts where only the order differs."""
    old, new = _split_phrases(before), _split_phrases(after)
    if old == new:
        return
    removed = ", ".join(phrase for phrase in old if phrase not in new)
    added = ", ".join(phrase for phrase in new if phrase not in old)
    if removed or added:
        yield Change(label, removed or _format_value(None), added or _format_value(None))
    else:
        yield Change(label, before, after)


def _split_phrases(prompt: str) -> list[str]:
    return [phrase for piece in prompt.split(",") if (phrase := " ".join(piece.split()))]


def _diff_value(label: Message, before: object, after: object) -> Iterator[Change]:
    if before != after:
        yield Change(label, _format_value(before), _format_value(after))


def _format_value(value: object) -> str | Message:
    if isinstance(value, Message):
        return value
    if isinstance(value, bool | str | None) and value in _VALUES:
        return _VALUES[value]
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
