"""The theme's editor: which version is loaded, its name and prompt, the forms of its recipes, saving."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr
from pydantic import ValidationError

from studio.app import AppContainer
from studio.errors import InvalidDocumentError, StudioError
from studio.messages import message
from studio.recipes.base import format_validation_error
from studio.recipes.generation.diff import diff_themes, summarize_changes
from studio.recipes.generation.recipe import ModelRef, ModelType
from studio.recipes.themes.preset import SLOTS, Preset, ThemeVersion
from studio.server.auth.session import current_gradio_user
from studio.services.themes.model_pinning import pin_model_hashes
from studio.ui.browser_calls import on_event
from studio.ui.components import OpenVersion
from studio.ui.draft import empty_draft
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.field_errors import FieldValidationError
from studio.ui.notices import render_notice
from studio.ui.recipe_form import RecipeForm
from studio.ui.recipe_notes import render_model_note
from studio.ui.texts import Texts
from studio.ui.token_counts import render_token_counts


class ThemeEditor:
    """Call `build_header` and `build_recipes` where the page shows them, and then `bind`."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.initial = studio.stores.themes.latest_saved()
        self.loaded = OpenVersion(studio.stores.themes.get_version, self.initial)
        self.forms: list[RecipeForm] = []

    def build_header(self) -> None:
        """Builds the choice of the theme, its name, and the buttons that restore and save."""
        preset = self.initial.preset
        self.preset = gr.Dropdown(
            self.theme_choices(),
            value=preset.slug,
            label=self.texts("studio.theme"),
            elem_id="theme",
        )
        self.name = gr.Textbox(
            preset.name, label=self.texts("theme.name"), max_length=80, elem_id="theme-name"
        )
        self.restore = gr.UploadButton(
            self.texts("studio.restore_from_image"),
            file_types=[".png"],
            type="binary",
            elem_id="restore",
        )
        self.save = gr.Button(self.texts("studio.save_theme"), elem_id="save")

    def build_recipes(self) -> None:
        """Builds the theme's prompt and a tab with a form for each recipe, filled in."""
        with gr.Column(elem_id="editor"):
            title = self.texts("studio.theme_and_recipes")
            gr.HTML(f"<h2>{title}</h2>", elem_classes="section")
            label = self.texts("theme.prompt")
            self.prompt = gr.Textbox(label=label, lines=1, elem_id="theme-prompt")
            self.tokens = gr.HTML(elem_id="tokens")
            self._build_forms()
        for component, value in self.to_updates(self.initial.preset).items():
            component.value = value
        for form in self.forms:
            for picker in form.pickers:
                picker.note.value = self._render_model_note(picker.kind, picker.box.value)

    def _build_forms(self) -> None:
        catalog = self.studio.models.catalog
        checkpoints, controlnets, loras = (
            list(catalog.list_names(kind)) for kind in ("checkpoint", "controlnet", "lora")
        )
        with gr.Tabs(elem_id="recipes"):
            for slot in SLOTS:
                with gr.Tab(slot, id=slot, elem_id=f"tab-{slot}"):
                    form = RecipeForm(slot, checkpoints, controlnets, loras, self.texts)
                    self.forms.append(form)

    @property
    def fields(self) -> Components:
        """The inputs that show a preset."""
        inputs: Components = {field for form in self.forms for field in form.fields.values()}
        return inputs | {self.prompt, self.name}

    @property
    def edit_inputs(self) -> Components:
        """The inputs of `current_theme`."""
        return {*self.fields, self.loaded}

    def bind(self, notice: gr.HTML, stored_draft: gr.Textbox) -> list[Any]:
        """Binds the editor's handlers. Returns the events that change what is shown.

        `notice` shows results and errors. `stored_draft` hands a draft to the browser.
        """

        def save(values: ComponentUpdates, request: gr.Request) -> ComponentUpdates:
            updates = self._save(notice, values, current_gradio_user(request))
            slug = values[self.loaded].preset.slug
            if self.loaded in updates and updates[self.loaded].preset.slug != slug:
                updates[stored_draft] = empty_draft(slug)  # Its changes are in the other theme now.
            return updates

        outputs = {self.preset, self.loaded, notice, stored_draft}
        events = [self.save.click(save, self.edit_inputs, outputs, **UNQUEUED)]
        self._bind_visibility()
        for form in self.forms:
            events += self._bind_form(form, notice)
        return events

    def _bind_form(self, form: RecipeForm, notice: gr.HTML) -> list[Any]:
        inputs = set(form.fields.values())
        events = [form.reset.click(partial(self._reset, form), self.loaded, inputs, **UNQUEUED)]
        for slot, button in form.copies.items():
            target = self.forms[SLOTS.index(slot)]
            copy, outputs = partial(form.copy_to, target), set(target.fields.values())
            events.append(button.click(copy, inputs, outputs, **UNQUEUED))
        for picker in form.pickers:
            render_note = partial(self._render_model_note, picker.kind)
            picker.box.change(render_note, picker.box, picker.note, **UNQUEUED)
        for upload, sha256 in form.uploads:
            upload.upload(self._store_control_image, upload, [sha256, notice], **UNQUEUED)
        return events

    def _bind_visibility(self) -> None:
        """Fields without effect are hidden by the browser alone. `update_visibility` does so at the start."""
        triggers, rules = zip(*(rule for form in self.forms for rule in form.rules), strict=True)
        self.update_visibility: dict[str, Any] = {
            "fn": None,
            "inputs": list(triggers),
            "js": on_event("studio/field-visibility.js", "applyVisibility", rules),
        }
        gr.on([trigger.change for trigger in triggers], **self.update_visibility)

    def current_theme(self, values: ComponentUpdates) -> Preset:
        """The loaded preset with everything that was changed on the page, and its models' hashes.

        A changed name makes another theme. Raises FieldValidationError and InvalidDocumentError.
        """
        loaded: ThemeVersion = values[self.loaded]
        name = (values[self.name] or "").strip()
        if not name:
            raise FieldValidationError(
                "studio.theme_unnamed", {"theme-name": message("studio.theme_name_missing")}
            )
        is_same_theme = name == loaded.preset.name
        recipes = loaded.preset.recipes
        for form in self.forms:
            recipes = recipes.replace(form.slot, form.apply_to(recipes[form.slot], values))
        changes = {
            "slug": loaded.preset.slug
            if is_same_theme
            else self.studio.stores.themes.slug_for(name),
            "name": name,
            "theme_prompt": values[self.prompt] or "",
            "recipes": recipes,
        }
        try:
            preset = Preset.model_validate(loaded.preset.model_dump() | changes)
        except ValidationError as error:
            reason = format_validation_error(error)
            raise InvalidDocumentError("studio.theme_invalid", reason=reason) from None
        return pin_model_hashes(preset, self.studio.models.catalog)

    def changed_ids(self, loaded: ThemeVersion, values: ComponentUpdates) -> Sequence[str]:
        """The element ids of the recipes' fields that show another value than `loaded` has."""
        return [
            field_id
            for form in self.forms
            for field_id in form.changed_field_ids(loaded.preset.recipes[form.slot], values)
        ]

    def is_touched(self, loaded: ThemeVersion, values: ComponentUpdates) -> bool:
        """Whether any field shows another value than `loaded` has, valid or not."""
        saved = {self.name: loaded.preset.name, self.prompt: loaded.preset.theme_prompt}
        return any(values[field] != value for field, value in saved.items()) or bool(
            self.changed_ids(loaded, values)
        )

    def render_token_counts(self, preset: Preset, user_prompt: str) -> str:
        """The lengths of the recipes' prompts with the user's prompt, as HTML."""
        count = self.studio.models.token_counter.count
        counts = {
            slot: count(preset.recipes[slot], preset.theme_prompt, user_prompt) for slot in SLOTS
        }
        return render_token_counts(counts, self.texts)

    def to_updates(self, preset: Preset) -> ComponentUpdates:
        """The value of each input that shows `preset`."""
        updates: ComponentUpdates = {self.prompt: preset.theme_prompt, self.name: preset.name}
        for form in self.forms:
            updates.update(form.to_updates(preset.recipes[form.slot]))
        return updates

    def theme_choices(self) -> list[tuple[str, str]]:
        """The themes' names and slugs, as the dropdown takes them."""
        return [(theme.name, theme.slug) for theme in self.studio.stores.themes.list_summaries()]

    # Handlers: thin, each over one use case.

    def _save(self, notice: gr.HTML, values: ComponentUpdates, author: str) -> ComponentUpdates:
        """Saves a version. One that another operator saved meanwhile is a conflict and is not replaced."""
        try:
            preset = self.current_theme(values)
            loaded = values[self.loaded]
            changes = summarize_changes(diff_themes(loaded.preset, preset))
            expected = loaded.version if preset.slug == loaded.preset.slug else 0
            note = "" if changes is None else str(changes)
            version = self.studio.stores.themes.save(
                preset, author, note=note, expected_version=expected
            )
        except StudioError as error:
            return {notice: render_notice(self.texts.of(error), "error")}
        name, number = preset.name, version.version
        text = message("studio.saved_unchanged", name=name, number=number)
        if changes:
            text = message("studio.saved_changed", name=name, number=number, changes=changes)
        return {
            self.preset: gr.update(choices=self.theme_choices(), value=preset.slug),
            self.loaded: version,
            notice: render_notice(self.texts.of(text), "status"),
        }

    def _reset(self, form: RecipeForm, loaded: ThemeVersion) -> ComponentUpdates:
        return form.to_updates(loaded.preset.recipes[form.slot])

    def _render_model_note(self, kind: ModelType, name: str | None) -> str:
        """What is known of a model; nothing of a missing one, which Generate reports."""
        catalog = self.studio.models.catalog
        try:
            model = catalog.get(kind, ModelRef(name=name or ""))
        except (StudioError, ValidationError):
            return ""
        has_preview = catalog.preview_image(kind, model.name) is not None
        return render_model_note(model, self.texts, has_preview)

    def _store_control_image(self, png: bytes) -> tuple[Any, str]:
        """Stores a control unit's own image. Returns its hash for the form, and the notice."""
        try:
            return self.studio.rendering.request_factory.store_control_image(png), ""
        except StudioError as error:
            return gr.skip(), render_notice(self.texts.of(error), "error")
