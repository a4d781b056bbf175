"""The loaded theme and its editor: which preset is open, what was changed, saving it."""

import json
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
from studio.services.themes.token_counter import CHUNK_TOKENS
from studio.ui.components import OpenVersion
from studio.ui.draft import forgotten
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.recipe_form import FieldValidationError, RecipeForm
from studio.ui.recipe_notes import render_model_note
from studio.ui.texts import Texts

# A style sheet of its own for each switch: what Gradio draws anew stays hidden.
APPLY_VISIBILITY_JS = """(...values) => SWITCHES.forEach(({ trigger_id, group, hidden_values }, i) => {
    const id = `unused-${trigger_id}`;
    const sheet = document.getElementById(id)
        || document.head.appendChild(Object.assign(document.createElement('style'), { id }));
    const hidden = hidden_values.includes(values[i]);
    const rule = `[id^='${group}']:not([id='${trigger_id}']) { display: none !important; }`;
    sheet.textContent = hidden ? rule : '';
})"""


class ThemeEditor:
    """Two pieces of the page: `header` at its top, `recipes` further down; then `wire`."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.first = studio.stores.themes.latest_saved()
        self.loaded = OpenVersion(studio.stores.themes.get_version, self.first)
        self.forms: list[RecipeForm] = []

    def build_header(self) -> None:
        preset = self.first.preset
        self.preset = gr.Dropdown(
            self.theme_choices(),
            value=preset.slug,
            label=self.texts("studio.theme"),
            elem_id="preset",
        )
        self.name = gr.Textbox(
            preset.name, label=self.texts("theme.name"), max_length=80, elem_id="preset-name"
        )
        self.restore = gr.UploadButton(
            self.texts("studio.restore_from_picture"),
            file_types=[".png"],
            type="binary",
            elem_id="restore",
        )
        self.save = gr.Button(self.texts("studio.save_theme"), elem_id="save")

    def build_recipes(self) -> None:
        catalog = self.studio.models.catalog
        checkpoints, controlnets, loras = (
            list(catalog.list_names(kind)) for kind in ("checkpoint", "controlnet", "lora")
        )
        with gr.Column(elem_id="editor"):
            title = self.texts("studio.theme_and_recipes")
            gr.HTML(f"<h2>{title}</h2>", elem_classes="section")
            self.prompt = gr.Textbox(
                self.first.preset.theme_prompt,
                label=self.texts("theme.prompt"),
                lines=1,
                elem_id="theme-prompt",
            )
            self.tokens = gr.HTML(elem_id="tokens")
            with gr.Tabs(elem_id="recipes"):
                for slot in SLOTS:
                    with gr.Tab(slot, id=slot, elem_id=f"tab-{slot}"):
                        self.forms.append(
                            RecipeForm(slot, checkpoints, controlnets, loras, self.texts)
                        )
        for component, value in self.to_updates(self.first.preset).items():
            component.value = value
        for form in self.forms:
            for picker in form.pickers:
                picker.note.value = self._render_model_note(picker.kind, picker.box.value)

    @property
    def fields(self) -> Components:
        """What shows a preset."""
        own: Components = {field for form in self.forms for field in form.fields.values()}
        return own | {self.prompt, self.name}

    @property
    def edit_inputs(self) -> Components:
        """What `edited` reads."""
        return {*self.fields, self.loaded}

    def bind(self, notice: gr.HTML, stored_draft: gr.Textbox) -> list[Any]:
        """Ties the panel's own handlers; returns the events that change what is shown.

        `notice` shows what was done; `stored_draft` is the draft that the browser stores."""
        opened = {self.preset, self.loaded, notice, stored_draft}

        def save(values: ComponentUpdates, request: gr.Request) -> ComponentUpdates:
            saved = self._save(notice, values, current_gradio_user(request))
            before = values[self.loaded].preset.slug
            if self.loaded in saved and saved[self.loaded].preset.slug != before:
                saved[stored_draft] = forgotten(before)  # Its changes are the other theme's now.
            return saved

        events = [self.save.click(save, self.edit_inputs, opened, **UNQUEUED)]
        self._wire_switches()
        for form in self.forms:
            own = set(form.fields.values())
            for slot, button in form.copies.items():
                to = self.forms[SLOTS.index(slot)]
                events.append(
                    button.click(
                        partial(form.copy_to, to), own, set(to.fields.values()), **UNQUEUED
                    )
                )
            events.append(
                form.reset.click(partial(self._reset, form), self.loaded, own, **UNQUEUED)
            )
            for picker in form.pickers:
                show_note = partial(self._render_model_note, picker.kind)
                picker.box.change(show_note, picker.box, picker.note, **UNQUEUED)
            for upload, image in form.uploads:
                upload.upload(self._store_control_image, upload, [image, notice], **UNQUEUED)
        return events

    def _wire_switches(self) -> None:
        """Fields that do not apply are hidden, all in the browser."""
        fields, switches = zip(
            *(each for form in self.forms for each in form.switches), strict=True
        )
        self.hide = {
            "fn": None,
            "inputs": list(fields),
            "js": APPLY_VISIBILITY_JS.replace("SWITCHES", json.dumps(switches)),
        }
        gr.on([field.change for field in fields], **self.hide)

    def current_theme(self, values: ComponentUpdates) -> Preset:
        """The loaded preset with everything the operator has changed on the page."""
        loaded: ThemeVersion = values[self.loaded]
        name = (values[self.name] or "").strip()
        if not name:
            raise FieldValidationError(
                "studio.theme_unnamed", {"preset-name": message("studio.type_a_name")}
            )
        has_same_name = name == loaded.preset.name
        slug = loaded.preset.slug if has_same_name else self.studio.stores.themes.slug_for(name)
        recipes = loaded.preset.recipes
        for form in self.forms:
            recipes = recipes.replace(form.slot, form.apply_to(recipes[form.slot], values))
        changes = {
            "slug": slug,
            "name": name,
            "theme_prompt": values[self.prompt] or "",
            "recipes": recipes,
        }
        try:
            preset = Preset.model_validate(loaded.preset.model_dump() | changes)
        except ValidationError as error:
            raise InvalidDocumentError(
                "studio.theme_invalid", reason=format_validation_error(error)
            ) from None
        return pin_model_hashes(preset, self.studio.models.catalog)

    def changed_ids(self, loaded: ThemeVersion, values: ComponentUpdates) -> Sequence[str]:
        """The element ids of fields that do not show what was saved."""
        return [
            each
            for form in self.forms
            for each in form.changed_field_ids(loaded.preset.recipes[form.slot], values)
        ]

    def is_touched(self, loaded: ThemeVersion, values: ComponentUpdates) -> bool:
        """Whether any field shows other than what was saved, also where it does not hold."""
        own = {self.name: loaded.preset.name, self.prompt: loaded.preset.theme_prompt}
        return any(values[each] != saved for each, saved in own.items()) or bool(
            self.changed_ids(loaded, values)
        )

    def tokens_html(self, preset: Preset, words: str) -> str:
        """How long each recipe's prompt is, with the words that would be sent now."""
        counts = {
            slot: self.studio.models.token_counter.count(
                preset.recipes[slot], preset.theme_prompt, words
            )
            for slot in SLOTS
        }
        each = " ".join(_count_html(slot, count, self.texts) for slot, count in counts.items())
        return f'<p class="tokens">{self.texts("studio.tokens", counts=each)}</p>'

    def to_updates(self, preset: Preset) -> ComponentUpdates:
        """What each component must show for `preset`."""
        updates: ComponentUpdates = {self.prompt: preset.theme_prompt, self.name: preset.name}
        for form in self.forms:
            updates.update(form.to_updates(preset.recipes[form.slot]))
        return updates

    def theme_choices(self) -> list[tuple[str, str]]:
        return [(each.name, each.slug) for each in self.studio.stores.themes.list_summaries()]

    # Handlers: thin, each over one use case.

    def _save(self, notice: gr.HTML, values: ComponentUpdates, author: str) -> ComponentUpdates:
        try:
            preset = self.current_theme(values)
            loaded = values[self.loaded]
            changed = summarize_changes(diff_themes(loaded.preset, preset))
            over = loaded.version if preset.slug == loaded.preset.slug else 0
            note = "" if changed is None else str(changed)
            version = self.studio.stores.themes.save(
                preset, author, note=note, expected_version=over
            )
        except StudioError as error:
            return {notice: render_notice(self.texts.of(error), "error")}
        name, number = preset.name, version.version
        saved = message("studio.saved_unchanged", name=name, number=number)
        if changed:
            saved = message("studio.saved_changed", name=name, number=number, changes=changed)
        return {
            self.preset: gr.update(choices=self.theme_choices(), value=preset.slug),
            self.loaded: version,
            notice: render_notice(self.texts.of(saved), "status"),
        }

    def _reset(self, form: RecipeForm, loaded: ThemeVersion) -> ComponentUpdates:
        return form.to_updates(loaded.preset.recipes[form.slot])

    def _render_model_note(self, kind: ModelType, name: str | None) -> str:
        """Nothing of what cannot be used: Generate says why."""
        catalog = self.studio.models.catalog
        try:
            model = catalog.get(kind, ModelRef(name=name or ""))
        except (StudioError, ValidationError):
            return ""
        return render_model_note(
            model, self.texts, catalog.preview_image(kind, model.name) is not None
        )

    def _store_control_image(self, png: bytes) -> tuple[Any, str]:
        """An own picture for a control unit: kept, and its hash shown."""
        try:
            return self.studio.rendering.request_factory.store_control_image(png), ""
        except StudioError as error:
            return gr.skip(), render_notice(self.texts.of(error), "error")


def _count_html(slot: str, count: int | None, texts: Texts) -> str:
    if count is None:
        return f"<span><b>{slot}</b> {texts('studio.tokens_unknown')}</span>"
    if count <= CHUNK_TOKENS:
        return f"<span><b>{slot}</b> {count}</span>"
    parts = texts("studio.tokens_in_parts", count=count, parts=-(-count // CHUNK_TOKENS))
    return f"<span class=long><b>{slot}</b> {parts}</span>"
