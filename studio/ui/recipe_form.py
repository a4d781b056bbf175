"""The form of one recipe. Each of its inputs is bound to a field of `Recipe` by the field's path."""

from collections.abc import Sequence

import gradio as gr

from studio.recipes.generation.recipe import Recipe
from studio.recipes.generation.samplers import SAMPLERS, SCHEDULE_TYPES
from studio.recipes.themes.preset import SLOTS, Slot
from studio.services.rendering.control_map_preview import ControlMapPreview
from studio.ui.components import Number
from studio.ui.events import ComponentUpdates
from studio.ui.recipe_document import (
    VISIBLE_SLOTS,
    FieldPath,
    apply_fields,
    field_id,
    read_fields,
)
from studio.ui.recipe_inputs import (
    CONTROL_MODES,
    PREPROCESSORS,
    RESIZE_MODES,
    SAMPLING_RANGES,
    SEED_POLICIES,
    SOURCES,
    UPSCALERS,
    RecipeInputs,
    closed_dropdown,
    share_slider,
    size_slider,
    slider,
)
from studio.ui.recipe_notes import render_control_map
from studio.ui.texts import Texts


class RecipeForm:
    """Builds the inputs; shows recipes in them and reads them back. Handlers are bound by ThemeEditor.

    `fields`, `rules` and `pickers` are those of RecipeInputs. `uploads` has, for each control unit, the
    upload button of its own image and the textbox of that image's hash.
    """

    def __init__(
        self,
        slot: Slot,
        checkpoints: list[str],
        controlnets: list[str],
        loras: list[str],
        texts: Texts,
    ) -> None:
        self.slot, self.texts = slot, texts
        self._inputs = inputs = RecipeInputs(slot, texts)
        self.fields, self.rules, self.pickers = inputs.fields, inputs.rules, inputs.pickers
        self.uploads: list[tuple[gr.UploadButton, gr.Textbox]] = []
        self._build_buttons()
        self._build_sampling(checkpoints)
        self._build_prompts()
        with gr.Row(elem_classes="fields"):
            for index in range(VISIBLE_SLOTS):
                self._build_lora(index, loras)
        for index in range(VISIBLE_SLOTS):
            self._build_control_unit(index, controlnets)
        self.show_control_maps = gr.Button(
            texts("studio.show_control_maps"), elem_id=f"show-control-maps-{slot}", size="sm"
        )
        self.control_maps = gr.HTML(elem_id=f"control-maps-{slot}")
        self._build_hires_fix()
        self._build_face_repair()
        self._build_size_and_seed()

    def render_control_maps(self, previews: Sequence[ControlMapPreview]) -> str:
        """The control maps that the units get, side by side, as HTML."""
        if not previews:
            return f'<p class="empty">{self.texts("studio.no_control_units")}</p>'
        figures = "".join(render_control_map(preview, self.texts) for preview in previews)
        return f'<div class="control-maps">{figures}</div>'

    def to_updates(self, recipe: Recipe) -> ComponentUpdates:
        """The value of each input that shows `recipe`."""
        values = read_fields(recipe, self.fields)
        return {self.fields[path]: value for path, value in values.items()}

    def changed_field_ids(self, recipe: Recipe, values: ComponentUpdates) -> list[str]:
        """The element ids of the fields that show another value than `recipe` has."""
        saved = self.to_updates(recipe)
        return [
            str(field.elem_id)
            for field in self.fields.values()
            if (values[field] or None) != (saved[field] or None)
        ]

    def copy_to(self, target: "RecipeForm", values: ComponentUpdates) -> ComponentUpdates:
        """Handler: the values of this form for the inputs of another slot's form."""
        return {target.fields[path]: values[field] for path, field in self.fields.items()}

    def apply_to(self, original: Recipe, values: ComponentUpdates) -> Recipe:
        """`original` with the form's values; what the form does not show stays.

        Raises FieldValidationError, as `apply_fields` says.
        """
        by_path = {path: values[field] for path, field in self.fields.items()}
        return apply_fields(original, by_path, self.slot)

    def _build_buttons(self) -> None:
        with gr.Row(elem_classes="actions"):
            self.copies = {
                other: gr.Button(self.texts("studio.copy_to", slot=other), size="sm", min_width=90)
                for other in SLOTS
                if other != self.slot
            }
            self.reset = gr.Button(self.texts("studio.reset_to_saved"), size="sm", min_width=130)

    def _build_sampling(self, checkpoints: list[str]) -> None:
        with gr.Row(elem_classes="fields"):
            with gr.Column(elem_classes="picker"):
                base_model = gr.Dropdown(
                    checkpoints, label=self.texts("recipe.base_model"), allow_custom_value=True
                )
                self._inputs.add(("base_model", "name"), base_model)
                self._inputs.add_model_note("checkpoint", base_model)
            for name, choices in (("sampler", SAMPLERS), ("schedule_type", SCHEDULE_TYPES)):
                self._inputs.add(
                    (name,), closed_dropdown(list(choices), label=self._inputs.label(name))
                )
        with gr.Row(elem_classes="fields"):
            for name, (minimum, maximum, step) in SAMPLING_RANGES.items():
                self._inputs.add(
                    (name,), slider(minimum, maximum, step=step, label=self._inputs.label(name))
                )

    def _build_prompts(self) -> None:
        t = self.texts
        info = t("studio.prompt_template_about", prompt="{prompt}")
        with gr.Row(elem_classes="fields"):
            template = gr.Textbox(label=t("recipe.prompt_template"), lines=2, info=info)
            self._inputs.add(("prompt_template",), template)
            negative = gr.Textbox(label=t("recipe.negative_prompt"), lines=2)
            self._inputs.add(("negative_prompt",), negative)

    def _build_lora(self, index: int, loras: list[str]) -> None:
        t, lora = self.texts, ("loras", index)
        with gr.Column(elem_classes="picker"):
            self._inputs.add_optional_model(
                (*lora, "model", "name"), "lora", loras, t("studio.lora", slot=index + 1)
            )
            self._inputs.add(
                (*lora, "weight"), slider(-2, 2, step=0.05, label=t("studio.lora_weight"))
            )

    def _build_control_unit(self, index: int, controlnets: list[str]) -> None:
        t, unit = self.texts, ("control_units", index)
        with gr.Group(elem_classes="unit"):
            with gr.Row(elem_classes="fields"):
                with gr.Column(elem_classes="picker"):
                    label = t("studio.control_unit", slot=index + 1)
                    path = (*unit, "model", "name")
                    self._inputs.add_optional_model(path, "controlnet", controlnets, label)
                self._inputs.add_choice((*unit, "preprocessor"), PREPROCESSORS)
                source = closed_dropdown(
                    self._inputs.choices(SOURCES), label=self._inputs.label("source")
                )
                without_image = [value for value in SOURCES if value != "image"]
                self._inputs.add_trigger((*unit, "source"), source, without_image, "image")
                self._inputs.add_choice((*unit, "resize_mode"), RESIZE_MODES)
            with gr.Row(elem_classes="fields"):
                self._inputs.add_choice((*unit, "mode"), CONTROL_MODES)
                weight = slider(0, 2, step=0.05, label=t("studio.control_weight"))
                self._inputs.add((*unit, "weight"), weight)
                for step in ("start", "end"):
                    self._inputs.add((*unit, step), share_slider(label=self._inputs.label(step)))
            self._build_control_image((*unit, "image_sha256"))

    def _build_control_image(self, path: FieldPath) -> None:
        """The upload of a control unit's own image, and the hash under which it is stored."""
        t = self.texts
        with gr.Row(elem_classes="fields", elem_id=f"{field_id(self.slot, path)}-row"):
            sha256 = gr.Textbox(
                label=self._inputs.label("image_sha256"),
                placeholder=t("studio.no_image_yet"),
                interactive=False,
                scale=3,
            )
            self._inputs.add(path, sha256)
            upload = gr.UploadButton(
                t("studio.upload_png"), file_types=[".png"], type="binary", scale=1, min_width=120
            )
            self.uploads.append((upload, sha256))

    def _build_hires_fix(self) -> None:
        t = self.texts
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            enabled = gr.Checkbox(label=t("recipe.hires_fix"))
            self._inputs.add_trigger(("upscale", "enabled"), enabled, [False])
            for name, field in (
                ("upscaler", closed_dropdown(list(UPSCALERS), label=t("studio.upscaler"))),
                ("scale_factor", slider(1, 4, step=0.05, label=t("studio.upscale_by"))),
                ("steps", slider(0, 150, step=1, label=t("studio.hires_steps"))),
                ("denoising_strength", share_slider(label=t("studio.hires_strength"))),
            ):
                self._inputs.add(("upscale", name), field)

    def _build_face_repair(self) -> None:
        t = self.texts
        with gr.Group(elem_classes="unit"), gr.Row(elem_classes="fields"):
            enabled = gr.Checkbox(label=t("recipe.face_repair"))
            self._inputs.add_trigger(("face_repair", "enabled"), enabled, [False])
            for name, field in (
                ("denoising_strength", share_slider(label=t("studio.face_strength"))),
                ("render_size", size_slider(label=t("studio.face_size"))),
                ("padding", slider(0, 256, step=1, label=t("studio.face_padding"))),
                ("mask_blur", slider(0, 64, step=1, label=t("studio.mask_blur"))),
            ):
                self._inputs.add(("face_repair", name), field)

    def _build_size_and_seed(self) -> None:
        t = self.texts
        with gr.Row(elem_classes="fields"):
            for name in ("width", "height"):
                self._inputs.add((name,), size_slider(label=self._inputs.label(name)))
            mode = closed_dropdown(
                self._inputs.choices(SEED_POLICIES), label=t("recipe.seed_policy")
            )
            self._inputs.add_trigger(("seed_policy", "mode"), mode, ["shared"])
            value = Number(label=t("studio.seed_value"), precision=0, minimum=0)
            self._inputs.add(("seed_policy", "value"), value)
