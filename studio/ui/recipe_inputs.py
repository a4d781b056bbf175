"""The inputs of a recipe's fields: what can be chosen, and the ranges of the sliders."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple, TypedDict

import gradio as gr

from studio.recipes.generation.diff import FIELD_LABELS
from studio.recipes.generation.recipe import ControlMode, ModelType, ResizeMode
from studio.recipes.themes.preset import Slot
from studio.ui.components import Slider
from studio.ui.recipe_document import NO_MODEL, FieldPath, field_id
from studio.ui.texts import Texts

PREPROCESSORS: Mapping[str, str] = {
    "scribble": "studio.preprocessor_scribble",
    "lineart": "studio.preprocessor_lineart",
    "lineart_standard": "studio.preprocessor_lineart_standard",
    "canny": "studio.preprocessor_canny",
    "pose": "studio.preprocessor_pose",
    "none": "studio.preprocessor_none",
}
"""Values with their texts' ids, as in the other tables."""
SOURCES: Mapping[str, str] = {
    "doodle": "studio.source_doodle",
    "composite": "studio.source_composite",
    "base": "studio.source_base",
    "image": "studio.source_image",
}
CONTROL_MODES: Mapping[ControlMode, str] = {
    "Balanced": "recipe.mode_balanced",
    "My prompt is more important": "recipe.mode_prompt",
    "ControlNet is more important": "recipe.mode_control",
}
RESIZE_MODES: Mapping[ResizeMode, str] = {
    "Just Resize": "recipe.resize_just",
    "Crop and Resize": "recipe.resize_crop",
    "Resize and Fill": "recipe.resize_fill",
}
SEED_POLICIES: Mapping[str, str] = {
    "shared": "studio.seed_policy_shared",
    "offset": "studio.seed_policy_offset",
    "fixed": "studio.seed_policy_fixed",
}
UPSCALERS = ("Latent", "Lanczos")
SAMPLING_RANGES: Mapping[str, tuple[float, float, float]] = {
    "steps": (1, 150, 1),
    "guidance_scale": (1, 30, 0.5),
    "denoising_strength": (0, 1, 0.01),
    "guidance_rescale": (0, 1, 0.01),
    "guidance_end_fraction": (0, 1, 0.01),
    "clip_skip": (1, 12, 1),
    "deepcache_interval": (1, 10, 1),
}
"""Minimum, maximum and step of the sliders of sampling, in A1111's order."""

closed_dropdown = partial(gr.Dropdown, filterable=False)
"""A dropdown in which only listed values can be chosen."""
slider = partial(Slider, buttons=[])
"""A slider without Gradio's reset button, which sets the value that the component was built with: that of
the theme shown when the server started. It fires no `input` either."""
share_slider = partial(slider, 0, 1, step=0.01)
"""A slider of a share: 0 to 1."""
size_slider = partial(slider, 64, 2048, step=8)
"""A slider of a width or height in pixels."""


class VisibilityRule(TypedDict):
    """For `studio/web/studio/field-visibility.js`: while the field with the id `trigger_id` has one of
    `hidden_values`, elements whose ids begin with `group` are hidden."""

    trigger_id: str
    group: str
    hidden_values: list[Any]


class ModelPicker(NamedTuple):
    """The input of a model of a kind, and the note about the chosen model below it."""

    kind: ModelType
    box: gr.Dropdown
    note: gr.HTML


class RecipeInputs:
    """The inputs of the recipe in `slot`, while they are built.

    `fields` are the inputs by path, `rules` the fields that hide others, `pickers` those of models.
    """

    def __init__(self, slot: Slot, texts: Texts) -> None:
        self._slot, self._texts = slot, texts
        self.fields: dict[FieldPath, gr.components.Component] = {}
        self.rules: list[tuple[gr.components.Component, VisibilityRule]] = []
        self.pickers: list[ModelPicker] = []

    def label(self, name: str) -> str:
        """A field's label, by its name in FIELD_LABELS."""
        return self._texts.of(FIELD_LABELS[name])

    def choices(self, text_ids: Mapping[Any, str]) -> list[tuple[str, Any]]:
        """Values with their texts, as a dropdown takes them."""
        return [(self._texts(text_id), value) for value, text_id in text_ids.items()]

    def add(self, path: FieldPath, component: gr.components.Component) -> None:
        """Binds an input to the field at `path`, which also gives it its element id."""
        component.elem_id = field_id(self._slot, path)
        self.fields[path] = component

    def add_choice(self, path: FieldPath, choices: Mapping[Any, str]) -> None:
        """Adds a dropdown of `choices`, labelled by the last part of `path`."""
        label = self.label(str(path[-1]))
        self.add(path, closed_dropdown(self.choices(choices), label=label))

    def add_trigger(
        self,
        path: FieldPath,
        component: gr.components.Component,
        hidden_values: list[Any],
        suffix: str = "",
    ) -> None:
        """Adds an input that, at one of `hidden_values`, hides the rest of its slot or group.

        With `suffix` it hides only the fields there whose names begin with it.
        """
        self.add(path, component)
        group = path[:2] if isinstance(path[1], int) else path[:1]
        rule = VisibilityRule(
            trigger_id=field_id(self._slot, path),
            group=f"{field_id(self._slot, group)}-{suffix}",
            hidden_values=hidden_values,
        )
        self.rules.append((component, rule))

    def add_optional_model(
        self, path: FieldPath, kind: ModelType, names: list[str], label: str
    ) -> None:
        """Adds a dropdown of models with a note; without a model the rest of its slot is hidden."""
        choices = [(self._texts("recipe.none"), NO_MODEL), *((name, name) for name in names)]
        box = gr.Dropdown(choices, label=label, allow_custom_value=True)
        self.add_trigger(path, box, [NO_MODEL, "", None])
        self.add_model_note(kind, box)

    def add_model_note(self, kind: ModelType, box: gr.Dropdown) -> None:
        """Adds the place of the note about the model that is chosen in `box`, below it."""
        self.pickers.append(ModelPicker(kind, box, gr.HTML(elem_id=f"{box.elem_id}-note")))
