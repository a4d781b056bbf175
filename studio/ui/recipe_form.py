"""The editor of one recipe: every component is tied to a field of `Recipe` by its path."""

from collections.abc import Mapping
from typing import Any, get_args

import gradio as gr
from pydantic import ValidationError

from studio.errors import BadDocument
from studio.recipes.base import explain
from studio.recipes.preset import Letter
from studio.recipes.recipe import ControlMode, ControlUnit, ModelRef, Recipe, ResizeMode
from studio.recipes.samplers import SAMPLERS, SCHEDULE_TYPES

SLOTS = 2
"""Control units that the editor shows; further ones of a loaded recipe are kept untouched."""

PREPROCESSORS = [
    ("Scribble", "scribble"),
    ("Lineart", "lineart"),
    ("Pose (clean base)", "pose"),
    ("None: the picture as it is", "none"),
]
SOURCES = [("Doodle", "doodle"), ("Doodle on base", "composite"), ("Clean base", "base")]
SEED_RULES = [
    ("Request's seed", "shared"),
    ("Request's seed + value", "offset"),
    ("Fixed", "fixed"),
]
OFF = "none"
EMPTY_UNIT = ControlUnit(model=ModelRef(name=OFF), preprocessor="scribble").model_dump()

Path = tuple[str | int, ...]


class RecipeForm:
    """Components by the path of the field they edit, such as ("control_units", 0, "weight")."""

    def __init__(self, letter: Letter, checkpoints: list[str], controlnets: list[str]) -> None:
        self.letter = letter
        self.fields: dict[Path, gr.components.Component] = {}
        with gr.Row(elem_classes="fields"):
            self._add(
                ("base_model", "name"),
                gr.Dropdown(checkpoints, label="Base model", allow_custom_value=True),
            )
            self._add(("sampler",), gr.Dropdown(list(SAMPLERS), label="Sampling method"))
            self._add(("schedule_type",), gr.Dropdown(list(SCHEDULE_TYPES), label="Schedule type"))
        with gr.Row(elem_classes="fields"):
            self._add(("steps",), gr.Slider(1, 150, step=1, label="Sampling steps"))
            self._add(("guidance_scale",), gr.Slider(1, 30, step=0.5, label="CFG Scale"))
            self._add(("strength",), gr.Slider(0, 1, step=0.01, label="Denoising strength"))
            self._add(("guidance_end",), gr.Slider(0, 1, step=0.01, label="CFG until step share"))
            self._add(("clip_skip",), gr.Slider(1, 12, step=1, label="Clip skip"))
        with gr.Row(elem_classes="fields"):
            self._add(("prompt_template",), gr.Textbox(label="Prompt template", lines=2, info="{prompt} stands for the user's words and the theme's prompt"))  # fmt: skip
            self._add(("negative_prompt",), gr.Textbox(label="Negative prompt", lines=2))
        for slot in range(SLOTS):
            self._unit(slot, controlnets)
        self._passes()
        with gr.Row(elem_classes="fields"):
            self._add(("width",), gr.Slider(64, 2048, step=8, label="Width"))
            self._add(("height",), gr.Slider(64, 2048, step=8, label="Height"))
            self._add(("seed_rule", "kind"), gr.Dropdown(SEED_RULES, label="Seed rule"))
            self._add(("seed_rule", "value"), gr.Number(label="Seed value", precision=0, minimum=0))

    def _passes(self) -> None:
        """What comes after the first pass; each off unless it is switched on."""
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            self._add(("upscale", "enabled"), gr.Checkbox(label="Hires. fix"))
            upscalers = ["Latent", "Lanczos"]
            self._add(("upscale", "upscaler"), gr.Dropdown(upscalers, label="Upscaler"))
            self._add(("upscale", "factor"), gr.Slider(1, 4, step=0.05, label="Upscale by"))
            self._add(
                ("upscale", "steps"), gr.Slider(0, 150, step=1, label="Hires steps (0: same)")
            )
            self._add(("upscale", "strength"), gr.Slider(0, 1, step=0.01, label="Hires denoising strength"))  # fmt: skip
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            self._add(("face_repair", "enabled"), gr.Checkbox(label="Face repair"))
            self._add(("face_repair", "strength"), gr.Slider(0, 1, step=0.01, label="Face denoising strength"))  # fmt: skip
            self._add(("face_repair", "size"), gr.Slider(64, 2048, step=8, label="Drawn at"))
            self._add(
                ("face_repair", "padding"), gr.Slider(0, 256, step=1, label="Padding, pixels")
            )
            self._add(("face_repair", "blur"), gr.Slider(0, 64, step=1, label="Mask blur"))

    def _unit(self, slot: int, controlnets: list[str]) -> None:
        unit: Path = ("control_units", slot)
        models = [OFF, *controlnets]
        modes, resizes = list(get_args(ControlMode)), list(get_args(ResizeMode))
        with gr.Group(elem_classes="unit"):
            with gr.Row(elem_classes="fields"):
                self._add((*unit, "model", "name"), gr.Dropdown(models, label=f"Control unit {slot + 1}", allow_custom_value=True))  # fmt: skip
                self._add((*unit, "preprocessor"), gr.Dropdown(PREPROCESSORS, label="Preprocessor"))
                self._add((*unit, "source"), gr.Dropdown(SOURCES, label="Reads"))
                self._add((*unit, "resize_mode"), gr.Dropdown(resizes, label="Resize Mode"))
            with gr.Row(elem_classes="fields"):
                self._add((*unit, "mode"), gr.Dropdown(modes, label="Control Mode"))
                self._add((*unit, "weight"), gr.Slider(0, 2, step=0.05, label="Control Weight"))
                self._add((*unit, "start"), gr.Slider(0, 1, step=0.01, label="Starting Control Step"))  # fmt: skip
                self._add((*unit, "end"), gr.Slider(0, 1, step=0.01, label="Ending Control Step"))

    def _add(self, path: Path, component: gr.components.Component) -> None:
        component.elem_id = "-".join([self.letter, *(str(part) for part in path)])
        self.fields[path] = component

    def show(self, recipe: Recipe) -> dict[gr.components.Component, Any]:
        """What each component must show for `recipe`."""
        document = recipe.model_dump()
        return {field: _value(document, path) for path, field in self.fields.items()}

    def read(self, original: Recipe, values: Mapping[gr.components.Component, Any]) -> Recipe:
        """`original` with the form's values in it; what the form does not show stays.

        Models that the form shows come without a hash: what is tried is what is here now.
        Raises BadDocument, naming the recipe and field, when a value does not hold.
        """
        document = original.model_dump()
        units = document["control_units"] = list(document["control_units"])
        while len(units) < SLOTS:
            units.append({"model": {"name": OFF}})
        for path, field in self.fields.items():
            _set(document, path, values[field])
        document["control_units"] = [unit for unit in units if unit["model"]["name"] != OFF]
        for ref in (document["base_model"], *(u["model"] for u in document["control_units"])):
            ref["sha256"] = None
        try:
            return Recipe.model_validate(document)
        except ValidationError as error:
            raise BadDocument(f"recipe {self.letter}: {explain(error)}") from None


def _value(document: Any, path: Path) -> Any:
    """The value at `path`; an empty control slot shows as off, with a unit's defaults."""
    here = document
    for part in path:
        if isinstance(part, int):
            here = here[part] if part < len(here) else EMPTY_UNIT
        else:
            here = here[part]
    return here


def _set(document: Any, path: Path, value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value
