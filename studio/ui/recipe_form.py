"""The editor of one recipe: every component is tied to a field of `Recipe` by its path."""

import html
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypedDict, get_args
from urllib.parse import quote

import gradio as gr
from pydantic import ValidationError

from studio.errors import BadDocument
from studio.library.models import Model
from studio.recipes.base import explain
from studio.recipes.differing import LABELS
from studio.recipes.preset import LETTERS, Letter
from studio.recipes.recipe import (
    ControlMode,
    ControlUnit,
    LoraUse,
    ModelKind,
    ModelRef,
    Recipe,
    ResizeMode,
)
from studio.recipes.samplers import SAMPLERS, SCHEDULE_TYPES
from studio.service.maps import SeenMap
from studio.ui.components import Number, Slider, png_url

SLOTS = 2
"""Control units and LoRAs that the editor shows; further ones of a recipe are kept untouched."""

PREPROCESSORS = [
    ("Scribble", "scribble"),
    ("Lineart", "lineart"),
    ("Lineart (standard)", "lineart_standard"),
    ("Canny", "canny"),
    ("Pose (clean base)", "pose"),
    ("None: the picture as it is", "none"),
]
SOURCES = [
    ("Doodle", "doodle"),
    ("Doodle on base", "composite"),
    ("Clean base", "base"),
    ("Own picture", "picture"),
]
SEED_RULES = [
    ("Request's seed", "shared"),
    ("Request's seed + value", "offset"),
    ("Fixed", "fixed"),
]
OFF = "none"
EMPTY: Mapping[str, dict[str, Any]] = {
    "control_units": ControlUnit(model=ModelRef(name=OFF), preprocessor="scribble").model_dump(),
    "loras": LoraUse(model=ModelRef(name=OFF)).model_dump(),
}
"""What an empty slot of each list shows."""

Path = tuple[str | int, ...]
fixed = partial(gr.Dropdown, filterable=False)
"""A box of which only what it lists can be chosen; the browser can then show it translated."""
slider = partial(Slider, buttons=[])
"""Without Gradio's reset button: it sets the value that the component was built with, which is that
of the theme shown when the server started, and fires no `input`."""


class BadField(BadDocument):
    """A value on the page that does not hold; `fields` are its fields' ids, and why."""

    def __init__(self, message: str, fields: Mapping[str, str]) -> None:
        super().__init__(message)
        self.fields = fields


class Switch(TypedDict):
    """For the browser: at a value of `off`, elements are hidden whose ids begin with `group`."""

    own: str
    group: str
    off: list[Any]


class Picker(NamedTuple):
    """Where a model of a kind is chosen, and what tells of the chosen one."""

    kind: ModelKind
    box: gr.Dropdown
    note: gr.HTML


class RecipeForm:
    """Components by the path of the field they edit, such as ("control_units", 0, "weight")."""

    def __init__(
        self, letter: Letter, checkpoints: list[str], controlnets: list[str], loras: list[str]
    ) -> None:
        self.letter = letter
        self.fields: dict[Path, gr.components.Component] = {}
        self.switches: list[tuple[gr.components.Component, Switch]] = []
        self.pickers: list[Picker] = []
        self.uploads: list[tuple[gr.UploadButton, gr.Textbox]] = []
        """Each control unit's upload, and where its picture's hash goes."""
        with gr.Row(elem_classes="acts"):
            self.copies = {
                other: gr.Button(f"Copy to {other}", size="sm", min_width=90)
                for other in LETTERS
                if other != letter
            }
            self.reset = gr.Button("Reset to saved", size="sm", min_width=130)
        with gr.Row(elem_classes="fields"):
            with gr.Column(elem_classes="picker"):
                base = gr.Dropdown(checkpoints, label="Base model", allow_custom_value=True)
                self._add(("base_model", "name"), base)
                self._pick("checkpoint", base)
            self._add(("sampler",), fixed(list(SAMPLERS), label=LABELS["sampler"]))
            self._add(
                ("schedule_type",), fixed(list(SCHEDULE_TYPES), label=LABELS["schedule_type"])
            )
        with gr.Row(elem_classes="fields"):
            self._add(("steps",), slider(1, 150, step=1, label=LABELS["steps"]))
            self._add(("guidance_scale",), slider(1, 30, step=0.5, label=LABELS["guidance_scale"]))
            self._add(("strength",), slider(0, 1, step=0.01, label=LABELS["strength"]))
            self._add(("guidance_end",), slider(0, 1, step=0.01, label=LABELS["guidance_end"]))
            self._add(("clip_skip",), slider(1, 12, step=1, label=LABELS["clip_skip"]))
            self._add(("deep_cache",), slider(1, 10, step=1, label=LABELS["deep_cache"]))
        with gr.Row(elem_classes="fields"):
            self._add(("prompt_template",), gr.Textbox(label="Prompt template", lines=2, info="{prompt} stands for the user's words and the theme's prompt"))  # fmt: skip
            self._add(("negative_prompt",), gr.Textbox(label="Negative prompt", lines=2))
        with gr.Row(elem_classes="fields"):
            for slot in range(SLOTS):
                self._lora(slot, loras)
        for slot in range(SLOTS):
            self._unit(slot, controlnets)
        self.show_maps = gr.Button("Show control maps", elem_id=f"show-maps-{letter}", size="sm")
        self.maps = gr.HTML(elem_id=f"maps-{letter}")
        self._passes()
        with gr.Row(elem_classes="fields"):
            self._add(("width",), slider(64, 2048, step=8, label=LABELS["width"]))
            self._add(("height",), slider(64, 2048, step=8, label=LABELS["height"]))
            self._switch(("seed_rule", "kind"), fixed(SEED_RULES, label="Seed rule"), ["shared"])
            self._add(("seed_rule", "value"), Number(label="Seed value", precision=0, minimum=0))

    def _passes(self) -> None:
        """What comes after the first pass; each off unless it is switched on."""
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            self._switch(("upscale", "enabled"), gr.Checkbox(label="Hires. fix"), [False])
            upscalers = ["Latent", "Lanczos"]
            self._add(("upscale", "upscaler"), fixed(upscalers, label="Upscaler"))
            self._add(("upscale", "factor"), slider(1, 4, step=0.05, label="Upscale by"))
            self._add(("upscale", "steps"), slider(0, 150, step=1, label="Hires steps (0: same)"))
            self._add(("upscale", "strength"), slider(0, 1, step=0.01, label="Hires denoising strength"))  # fmt: skip
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            self._switch(("face_repair", "enabled"), gr.Checkbox(label="Face repair"), [False])
            self._add(("face_repair", "strength"), slider(0, 1, step=0.01, label="Face denoising strength"))  # fmt: skip
            self._add(("face_repair", "size"), slider(64, 2048, step=8, label="Drawn at"))
            self._add(("face_repair", "padding"), slider(0, 256, step=1, label="Padding, pixels"))
            self._add(("face_repair", "blur"), slider(0, 64, step=1, label="Mask blur"))

    def _lora(self, slot: int, loras: list[str]) -> None:
        use: Path = ("loras", slot)
        with gr.Column(elem_classes="picker"):
            name = gr.Dropdown([OFF, *loras], label=f"LoRA {slot + 1}", allow_custom_value=True)
            self._switch((*use, "model", "name"), name, [OFF, "", None])
            self._pick("lora", name)
            self._add((*use, "weight"), slider(-2, 2, step=0.05, label="LoRA weight"))

    def _unit(self, slot: int, controlnets: list[str]) -> None:
        unit: Path = ("control_units", slot)
        models = [OFF, *controlnets]
        modes, resizes = list(get_args(ControlMode)), list(get_args(ResizeMode))
        with gr.Group(elem_classes="unit"):
            with gr.Row(elem_classes="fields"):
                with gr.Column(elem_classes="picker"):
                    net = gr.Dropdown(
                        models, label=f"Control unit {slot + 1}", allow_custom_value=True
                    )
                    self._switch((*unit, "model", "name"), net, [OFF, "", None])
                    self._pick("controlnet", net)
                self._add(
                    (*unit, "preprocessor"),
                    fixed(PREPROCESSORS, label=LABELS["preprocessor"]),
                )
                self._switch(
                    (*unit, "source"), fixed(SOURCES, label=LABELS["source"]),
                    [value for _, value in SOURCES if value != "picture"], "picture",
                )  # fmt: skip
                self._add((*unit, "resize_mode"), fixed(resizes, label=LABELS["resize_mode"]))
            with gr.Row(elem_classes="fields"):
                self._add((*unit, "mode"), fixed(modes, label=LABELS["mode"]))
                self._add((*unit, "weight"), slider(0, 2, step=0.05, label="Control Weight"))
                self._add((*unit, "start"), slider(0, 1, step=0.01, label=LABELS["start"]))  # fmt: skip
                self._add((*unit, "end"), slider(0, 1, step=0.01, label=LABELS["end"]))
            picture = self._id((*unit, "picture"))
            with gr.Row(elem_classes="fields", elem_id=f"{picture}-row"):
                own = gr.Textbox(label=LABELS["picture"], placeholder="none yet", interactive=False, scale=3)  # fmt: skip
                self._add((*unit, "picture"), own)
                upload = gr.UploadButton(
                    "Upload a PNG", file_types=[".png"], type="binary", scale=1, min_width=120
                )
                self.uploads.append((upload, own))

    def _pick(self, kind: ModelKind, box: gr.Dropdown) -> None:
        """What is known of the chosen model stands under the box."""
        self.pickers.append(Picker(kind, box, gr.HTML(elem_id=f"{box.elem_id}-note")))

    def _add(self, path: Path, component: gr.components.Component) -> None:
        component.elem_id = self._id(path)
        self.fields[path] = component

    def _switch(
        self, path: Path, component: gr.components.Component, off: list[Any], rest: str = ""
    ) -> None:
        """A field that, at a value of `off`, leaves its group (or the `rest` of it) without use."""
        self._add(path, component)
        group = path[:2] if isinstance(path[1], int) else path[:1]
        self.switches.append(
            (component, Switch(own=self._id(path), group=f"{self._id(group)}-{rest}", off=off))
        )

    def _id(self, path: Path) -> str:
        return "-".join([self.letter, *(str(part) for part in path)])

    def maps_html(self, maps: Sequence[SeenMap]) -> str:
        """What the control units see, side by side."""
        if not maps:
            return '<p class="maps-none">This recipe has no control units.</p>'
        return f'<div class="maps">{"".join(map(_figure, maps))}</div>'

    def show(self, recipe: Recipe) -> dict[gr.components.Component, Any]:
        """What each component must show for `recipe`."""
        document = recipe.model_dump()
        return {field: _value(document, path) for path, field in self.fields.items()}

    def changed(self, recipe: Recipe, values: Mapping[gr.components.Component, Any]) -> list[str]:
        """The element ids of fields that no longer show what `recipe` has."""
        shown = self.show(recipe)
        return [
            str(field.elem_id)
            for field in self.fields.values()
            if (values[field] or None) != (shown[field] or None)
        ]

    def copied(
        self, to: "RecipeForm", values: Mapping[gr.components.Component, Any]
    ) -> dict[gr.components.Component, Any]:
        """What another form's components must show to be like this one."""
        return {to.fields[path]: values[field] for path, field in self.fields.items()}

    def read(self, original: Recipe, values: Mapping[gr.components.Component, Any]) -> Recipe:
        """`original` with the form's values in it; what the form does not show stays.

        Models that the form shows come without a hash: what is tried is what is here now.
        Raises BadField, naming the recipe and field, when a value does not hold.
        """
        document = original.model_dump()
        for name in EMPTY:
            document[name] = list(document[name])
            while len(document[name]) < SLOTS:
                document[name].append({"model": {"name": OFF}})
        for path, field in self.fields.items():
            # An empty picture box is no picture.
            _set(document, path, values[field] or None if path[-1] == "picture" else values[field])
        document["base_model"]["sha256"] = None
        for name in EMPTY:
            for slot in document[name][:SLOTS]:
                slot["model"]["sha256"] = None
            document[name] = [each for each in document[name] if each["model"]["name"] != OFF]
        try:
            return Recipe.model_validate(document)
        except ValidationError as error:
            raise BadField(
                f"recipe {self.letter}: {explain(error)}",
                {self._id(each["loc"]): str(each["msg"]) for each in error.errors()},
            ) from None


def model_note(model: Model | None, pictured: bool = False) -> str:
    """What stands under a chosen model: its picture, what it is, the words that call for it."""
    if model is None:
        return ""
    address = f"/models/picture/{model.kind}/{quote(model.name)}"
    picture = f'<img src="{address}" alt="">' if pictured else ""
    return f'<div class="model-note">{picture}<span>{html.escape(_known(model))}</span></div>'


def _known(model: Model) -> str:
    size = f"{model.bytes / 1e9:.1f} GB" if model.bytes >= 1e9 else f"{model.bytes / 1e6:.1f} MB"
    known = f"{model.family} · {size} · {model.sha256[:10]}"
    return f"{known} · Trigger words: {', '.join(model.triggers)}" if model.triggers else known


def _figure(seen: SeenMap) -> str:
    name = html.escape(seen.unit)
    if seen.png is None:
        return f"<figure><p>{html.escape(str(seen.reason))}</p><figcaption>{name}</figcaption></figure>"
    picture = f'<img src="{png_url(seen.png)}" alt="What {name} sees">'
    return f"<figure>{picture}<figcaption>{name}</figcaption></figure>"


def _value(document: Any, path: Path) -> Any:
    """The value at `path`; an empty slot shows as off, with its defaults."""
    here = document
    for before, part in zip(("", *path), path, strict=False):
        if isinstance(part, int):
            here = here[part] if part < len(here) else EMPTY[str(before)]
        else:
            here = here[part]
    return here


def _set(document: Any, path: Path, value: Any) -> None:
    for part in path[:-1]:
        document = document[part]
    document[path[-1]] = value
