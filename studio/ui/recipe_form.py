"""The editor of one recipe: every component is tied to a field of `Recipe` by its path."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypedDict

import gradio as gr
from pydantic import ValidationError

from studio.errors import InvalidDocumentError
from studio.messages import Message
from studio.recipes.base import describe_validation_error, format_validation_error
from studio.recipes.generation.diff import FIELD_LABELS
from studio.recipes.generation.recipe import (
    ControlMode,
    ControlUnit,
    LoraSettings,
    ModelRef,
    ModelType,
    Recipe,
    ResizeMode,
)
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.rendering.control_map_preview import ControlMapPreview
from studio.ui.components import Number, Slider
from studio.ui.recipe_notes import render_control_map
from studio.ui.texts import Texts

VISIBLE_SLOTS = 2
"""Control units and LoRAs that the editor shows; further ones of a recipe are kept untouched."""

PREPROCESSORS: Mapping[str, str] = {
    "scribble": "studio.preprocessor_scribble",
    "lineart": "studio.preprocessor_lineart",
    "lineart_standard": "studio.preprocessor_lineart_standard",
    "canny": "studio.preprocessor_canny",
    "pose": "studio.preprocessor_pose",
    "none": "studio.preprocessor_none",
}
SOURCES: Mapping[str, str] = {
    "doodle": "studio.source_doodle",
    "composite": "studio.source_composite",
    "base": "studio.source_base",
    "image": "studio.source_picture",
}
MODES: Mapping[ControlMode, str] = {
    "Balanced": "recipe.mode_balanced",
    "My prompt is more important": "recipe.mode_prompt",
    "ControlNet is more important": "recipe.mode_control",
}
RESIZES: Mapping[ResizeMode, str] = {
    "Just Resize": "recipe.resize_just",
    "Crop and Resize": "recipe.resize_crop",
    "Resize and Fill": "recipe.resize_fill",
}
SEED_RULES: Mapping[str, str] = {
    "shared": "studio.seed_rule_shared",
    "offset": "studio.seed_rule_offset",
    "fixed": "studio.seed_rule_fixed",
}
NONE = "none"
EMPTY_SLOT_DEFAULTS: Mapping[str, dict[str, Any]] = {
    "control_units": ControlUnit(model=ModelRef(name=NONE), preprocessor="scribble").model_dump(),
    "loras": LoraSettings(model=ModelRef(name=NONE)).model_dump(),
}
"""What an empty slot of each list shows."""

FieldPath = tuple[str | int, ...]
fixed = partial(gr.Dropdown, filterable=False)
"""A box of which only what it lists can be chosen."""
slider = partial(Slider, buttons=[])
"""Without Gradio's reset button: it sets the value that the component was built with, which is that
of the theme shown when the server started, and fires no `input`."""


class FieldValidationError(InvalidDocumentError):
    """A value on the page that does not hold; `fields` are its fields' ids, and why."""

    def __init__(
        self,
        code: str,
        fields: Mapping[str, str | Message],
        /,
        **params: str | int | float | Message | Sequence[str | Message],
    ) -> None:
        super().__init__(code, **params)
        self.fields = fields


class VisibilityRule(TypedDict):
    """For the browser: at a value of `off`, elements are hidden whose ids begin with `group`."""

    trigger_id: str
    group: str
    hidden_values: list[Any]


class ModelPicker(NamedTuple):
    """Where a model of a kind is chosen, and what tells of the chosen one."""

    kind: ModelType
    box: gr.Dropdown
    note: gr.HTML


class RecipeForm:
    """Components by the path of the field they edit, such as ("control_units", 0, "weight")."""

    def __init__(
        self,
        slot: Slot,
        checkpoints: list[str],
        controlnets: list[str],
        loras: list[str],
        texts: Texts,
    ) -> None:
        self.slot, self.texts = slot, texts
        self.fields: dict[FieldPath, gr.components.Component] = {}
        self.switches: list[tuple[gr.components.Component, VisibilityRule]] = []
        self.pickers: list[ModelPicker] = []
        self.uploads: list[tuple[gr.UploadButton, gr.Textbox]] = []
        """Each control unit's upload, and where its picture's hash goes."""
        with gr.Row(elem_classes="acts"):
            self.copies = {
                other: gr.Button(texts("studio.copy_to", slot=other), size="sm", min_width=90)
                for other in SLOTS
                if other != slot
            }
            self.reset = gr.Button(texts("studio.reset_to_saved"), size="sm", min_width=130)
        with gr.Row(elem_classes="fields"):
            with gr.Column(elem_classes="picker"):
                base = gr.Dropdown(
                    checkpoints, label=texts("recipe.base_model"), allow_custom_value=True
                )
                self._add(("base_model", "name"), base)
                self._add_model_note("checkpoint", base)
            self._add(("sampler",), fixed(list(SAMPLERS), label=texts.of(FIELD_LABELS["sampler"])))
            schedule_type = fixed(
                list(SCHEDULE_TYPES), label=texts.of(FIELD_LABELS["schedule_type"])
            )
            self._add(("schedule_type",), schedule_type)
        with gr.Row(elem_classes="fields"):
            for name, least, most, step in (
                ("steps", 1, 150, 1),
                ("guidance_scale", 1, 30, 0.5),
                ("denoising_strength", 0, 1, 0.01),
                ("guidance_rescale", 0, 1, 0.01),
                ("guidance_end_fraction", 0, 1, 0.01),
                ("clip_skip", 1, 12, 1),
                ("deepcache_interval", 1, 10, 1),
            ):
                self._add(
                    (name,), slider(least, most, step=step, label=texts.of(FIELD_LABELS[name]))
                )
        with gr.Row(elem_classes="fields"):
            about = texts("studio.prompt_template_about", prompt="{prompt}")
            template = gr.Textbox(label=texts("recipe.prompt_template"), lines=2, info=about)
            self._add(("prompt_template",), template)
            negative = gr.Textbox(label=texts("recipe.negative_prompt"), lines=2)
            self._add(("negative_prompt",), negative)
        with gr.Row(elem_classes="fields"):
            for index in range(VISIBLE_SLOTS):
                self._add_lora(index, loras)
        for index in range(VISIBLE_SLOTS):
            self._add_control_unit(index, controlnets)
        self.show_control_maps = gr.Button(
            texts("studio.show_control_maps"), elem_id=f"show-maps-{slot}", size="sm"
        )
        self.control_maps = gr.HTML(elem_id=f"maps-{slot}")
        self._passes()
        with gr.Row(elem_classes="fields"):
            self._add(("width",), slider(64, 2048, step=8, label=texts.of(FIELD_LABELS["width"])))
            self._add(("height",), slider(64, 2048, step=8, label=texts.of(FIELD_LABELS["height"])))
            rule = fixed(self._choices(SEED_RULES), label=texts("recipe.seed_rule"))
            self._add_toggle(("seed_policy", "mode"), rule, ["shared"])
            value = Number(label=texts("studio.seed_value"), precision=0, minimum=0)
            self._add(("seed_policy", "value"), value)

    def _passes(self) -> None:
        """What comes after the first pass; each off unless it is switched on."""
        t = self.texts
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            self._add_toggle(
                ("upscale", "enabled"), gr.Checkbox(label=t("recipe.hires_fix")), [False]
            )
            upscaler = fixed(["Latent", "Lanczos"], label=t("studio.upscaler"))
            self._add(("upscale", "upscaler"), upscaler)
            self._add(
                ("upscale", "scale_factor"), slider(1, 4, step=0.05, label=t("studio.upscale_by"))
            )
            self._add(("upscale", "steps"), slider(0, 150, step=1, label=t("studio.hires_steps")))
            strength = slider(0, 1, step=0.01, label=t("studio.hires_strength"))
            self._add(("upscale", "denoising_strength"), strength)
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            on = gr.Checkbox(label=t("recipe.face_repair"))
            self._add_toggle(("face_repair", "enabled"), on, [False])
            strength = slider(0, 1, step=0.01, label=t("studio.face_strength"))
            self._add(("face_repair", "denoising_strength"), strength)
            self._add(
                ("face_repair", "render_size"),
                slider(64, 2048, step=8, label=t("studio.face_size")),
            )
            padding = slider(0, 256, step=1, label=t("studio.face_padding"))
            self._add(("face_repair", "padding"), padding)
            self._add(
                ("face_repair", "mask_blur"), slider(0, 64, step=1, label=t("studio.mask_blur"))
            )

    def _add_lora(self, slot: int, loras: list[str]) -> None:
        use: FieldPath = ("loras", slot)
        with gr.Column(elem_classes="picker"):
            name = gr.Dropdown(
                [(self.texts("recipe.none"), NONE), *((each, each) for each in loras)],
                label=self.texts("studio.lora", slot=slot + 1),
                allow_custom_value=True,
            )
            self._add_toggle((*use, "model", "name"), name, [NONE, "", None])
            self._add_model_note("lora", name)
            weight = slider(-2, 2, step=0.05, label=self.texts("studio.lora_weight"))
            self._add((*use, "weight"), weight)

    def _add_control_unit(self, slot: int, controlnets: list[str]) -> None:
        unit, t = ("control_units", slot), self.texts
        models = [(t("recipe.none"), NONE), *((each, each) for each in controlnets)]
        with gr.Group(elem_classes="unit"):
            with gr.Row(elem_classes="fields"):
                with gr.Column(elem_classes="picker"):
                    net = gr.Dropdown(
                        models,
                        label=t("studio.control_unit", slot=slot + 1),
                        allow_custom_value=True,
                    )
                    self._add_toggle((*unit, "model", "name"), net, [NONE, "", None])
                    self._add_model_note("controlnet", net)
                preprocessor = fixed(
                    self._choices(PREPROCESSORS), label=t.of(FIELD_LABELS["preprocessor"])
                )
                self._add((*unit, "preprocessor"), preprocessor)
                source = fixed(self._choices(SOURCES), label=t.of(FIELD_LABELS["source"]))
                others = [value for value in SOURCES if value != "image"]
                self._add_toggle((*unit, "source"), source, others, "image")
                resize_mode = fixed(self._choices(RESIZES), label=t.of(FIELD_LABELS["resize_mode"]))
                self._add((*unit, "resize_mode"), resize_mode)
            with gr.Row(elem_classes="fields"):
                mode = fixed(self._choices(MODES), label=t.of(FIELD_LABELS["mode"]))
                self._add((*unit, "mode"), mode)
                weight = slider(0, 2, step=0.05, label=t("studio.control_weight"))
                self._add((*unit, "weight"), weight)
                self._add(
                    (*unit, "start"), slider(0, 1, step=0.01, label=t.of(FIELD_LABELS["start"]))
                )
                self._add((*unit, "end"), slider(0, 1, step=0.01, label=t.of(FIELD_LABELS["end"])))
            image = self._id((*unit, "image_sha256"))
            with gr.Row(elem_classes="fields", elem_id=f"{image}-row"):
                own = gr.Textbox(
                    label=t.of(FIELD_LABELS["image_sha256"]),
                    placeholder=t("studio.no_picture_yet"),
                    interactive=False,
                    scale=3,
                )
                self._add((*unit, "image_sha256"), own)
                upload = gr.UploadButton(
                    t("studio.upload_png"),
                    file_types=[".png"],
                    type="binary",
                    scale=1,
                    min_width=120,
                )
                self.uploads.append((upload, own))

    def _choices(self, names: Mapping[Any, str]) -> list[tuple[str, Any]]:
        """Values with their names, as a box lists them."""
        return [(self.texts(name), value) for value, name in names.items()]

    def _add_model_note(self, kind: ModelType, box: gr.Dropdown) -> None:
        """What is known of the chosen model stands under the box."""
        self.pickers.append(ModelPicker(kind, box, gr.HTML(elem_id=f"{box.elem_id}-note")))

    def _add(self, path: FieldPath, component: gr.components.Component) -> None:
        component.elem_id = self._id(path)
        self.fields[path] = component

    def _add_toggle(
        self, path: FieldPath, component: gr.components.Component, off: list[Any], rest: str = ""
    ) -> None:
        """A field that, at a value of `off`, leaves its group (or the `rest` of it) without use."""
        self._add(path, component)
        group = path[:2] if isinstance(path[1], int) else path[:1]
        self.switches.append(
            (
                component,
                VisibilityRule(
                    trigger_id=self._id(path), group=f"{self._id(group)}-{rest}", hidden_values=off
                ),
            )
        )

    def _id(self, path: FieldPath) -> str:
        return "-".join([self.slot, *(str(part) for part in path)])

    def render_control_maps(self, previews: Sequence[ControlMapPreview]) -> str:
        """What the control units see, side by side."""
        if not previews:
            return f'<p class="maps-none">{self.texts("studio.no_control_units")}</p>'
        figures = "".join(render_control_map(preview, self.texts) for preview in previews)
        return f'<div class="maps">{figures}</div>'

    def to_updates(self, recipe: Recipe) -> dict[gr.components.Component, Any]:
        """What each component must show for `recipe`."""
        document = recipe.model_dump()
        return {field: _value(document, path) for path, field in self.fields.items()}

    def changed_field_ids(
        self, recipe: Recipe, values: Mapping[gr.components.Component, Any]
    ) -> list[str]:
        """The element ids of fields that no longer show what `recipe` has."""
        shown = self.to_updates(recipe)
        return [
            str(field.elem_id)
            for field in self.fields.values()
            if (values[field] or None) != (shown[field] or None)
        ]

    def copy_to(
        self, to: "RecipeForm", values: Mapping[gr.components.Component, Any]
    ) -> dict[gr.components.Component, Any]:
        """What another form's components must show to be like this one."""
        return {to.fields[path]: values[field] for path, field in self.fields.items()}

    def apply_to(self, original: Recipe, values: Mapping[gr.components.Component, Any]) -> Recipe:
        """`original` with the form's values in it; what the form does not show stays.

        Models that the form shows come without a hash: what is tried is what is here now.
        Raises BadField, naming the recipe and field, when a value does not hold.
        """
        document = original.model_dump()
        for name in EMPTY_SLOT_DEFAULTS:
            document[name] = list(document[name])
            while len(document[name]) < VISIBLE_SLOTS:
                document[name].append({"model": {"name": NONE}})
        for path, field in self.fields.items():
            # An empty picture box is no picture.
            _set(
                document,
                path,
                values[field] or None if path[-1] == "image_sha256" else values[field],
            )
        document["base_model"]["sha256"] = None
        for name in EMPTY_SLOT_DEFAULTS:
            for slot in document[name][:VISIBLE_SLOTS]:
                slot["model"]["sha256"] = None
            document[name] = [each for each in document[name] if each["model"]["name"] != NONE]
        try:
            return Recipe.model_validate(document)
        except ValidationError as error:
            raise FieldValidationError(
                "studio.recipe_invalid",
                {
                    self._id(each["loc"]): describe_validation_error(dict(each))
                    for each in error.errors()
                },
                slot=self.slot,
                reason=format_validation_error(error),
            ) from None


def _value(document: Any, path: FieldPath) -> Any:
    """The value at `path`; an empty slot shows as off, with its defaults."""
    here = document
    for before, part in zip(("", *path), path, strict=False):
        if isinstance(part, int):
            here = here[part] if part < len(here) else EMPTY_SLOT_DEFAULTS[str(before)]
        else:
            here = here[part]
    return here


def _set(document: Any, path: FieldPath, value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value
