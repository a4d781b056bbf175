"""The loaded theme and its editor: which preset is open, what was changed, saving it."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr
from pydantic import ValidationError

from studio.bootstrap import Studio
from studio.errors import BadDocument, StudioError
from studio.messages import message
from studio.recipes.base import explain
from studio.recipes.differing import differences, summary
from studio.recipes.preset import LETTERS, Preset, PresetVersion
from studio.recipes.recipe import ModelKind, ModelRef
from studio.service.stamping import with_hashes
from studio.service.tokens import WINDOW
from studio.ui.components import OpenVersion
from studio.ui.draft import forgotten
from studio.ui.notices import notice
from studio.ui.recipe_form import BadField, RecipeForm, model_note
from studio.ui.sign_in import signed_in
from studio.ui.texts import Texts
from studio.ui.wiring import QUICK, Components, Updates

# A style sheet of its own for each switch: what Gradio draws anew stays hidden.
HIDE = """(...values) => SWITCHES.forEach((each, i) => {
    const id = `unused-${each.own}`;
    const sheet = document.getElementById(id)
        || document.head.appendChild(Object.assign(document.createElement('style'), { id }));
    const off = each.off.includes(values[i]);
    sheet.textContent = off ? `[id^='${each.group}']:not([id='${each.own}']) { display: none !important; }` : '';
})"""


class ThemeEditor:
    """Two pieces of the page: `header` at its top, `recipes` further down; then `wire`."""

    def __init__(self, studio: Studio, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.first = studio.presets.last_saved()
        self.loaded = OpenVersion(studio.presets.version, self.first)
        self.forms: list[RecipeForm] = []

    def header(self) -> None:
        preset = self.first.preset
        self.preset = gr.Dropdown(
            self.choices(), value=preset.slug, label=self.texts("studio.theme"), elem_id="preset"
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

    def recipes(self) -> None:
        catalogue = self.studio.catalogue
        checkpoints, nets, loras = (
            list(catalogue.names(kind)) for kind in ("checkpoint", "controlnet", "lora")
        )
        with gr.Column(elem_id="editor"):
            title = self.texts("studio.theme_and_recipes")
            gr.HTML(f"<h2>{title}</h2>", elem_classes="section")
            self.prompt = gr.Textbox(
                self.first.preset.prompt,
                label=self.texts("theme.prompt"),
                lines=1,
                elem_id="theme-prompt",
            )
            self.tokens = gr.HTML(elem_id="tokens")
            with gr.Tabs(elem_id="recipes"):
                for letter in LETTERS:
                    with gr.Tab(letter, id=letter, elem_id=f"tab-{letter}"):
                        self.forms.append(RecipeForm(letter, checkpoints, nets, loras, self.texts))
        for component, value in self.shown(self.first.preset).items():
            component.value = value
        for form in self.forms:
            for picker in form.pickers:
                picker.note.value = self._tell_model(picker.kind, picker.box.value)

    @property
    def fields(self) -> Components:
        """What shows a preset."""
        own: Components = {field for form in self.forms for field in form.fields.values()}
        return own | {self.prompt, self.name}

    @property
    def edited_parts(self) -> Components:
        """What `edited` reads."""
        return {*self.fields, self.loaded}

    def wire(self, told: gr.HTML, kept: gr.Textbox) -> list[Any]:
        """Ties the panel's own handlers; returns the events that change what is shown.

        `told` shows what was done; `kept` is what the browser keeps of what is unsaved."""
        opened = {self.preset, self.loaded, told, kept}

        def save(values: Updates, request: gr.Request) -> Updates:
            saved = self._save(told, values, signed_in(request))
            before = values[self.loaded].preset.slug
            if self.loaded in saved and saved[self.loaded].preset.slug != before:
                saved[kept] = forgotten(before)  # Its changes are the other theme's now.
            return saved

        events = [self.save.click(save, self.edited_parts, opened, **QUICK)]
        self._wire_switches()
        for form in self.forms:
            own = set(form.fields.values())
            for letter, button in form.copies.items():
                to = self.forms[LETTERS.index(letter)]
                events.append(
                    button.click(partial(form.copied, to), own, set(to.fields.values()), **QUICK)
                )
            events.append(form.reset.click(partial(self._reset, form), self.loaded, own, **QUICK))
            for picker in form.pickers:
                tell = partial(self._tell_model, picker.kind)
                picker.box.change(tell, picker.box, picker.note, **QUICK)
            for upload, picture in form.uploads:
                upload.upload(self._keep_picture, upload, [picture, told], **QUICK)
        return events

    def _wire_switches(self) -> None:
        """Fields that do not apply are hidden, all in the browser."""
        fields, switches = zip(
            *(each for form in self.forms for each in form.switches), strict=True
        )
        self.hide = {
            "fn": None,
            "inputs": list(fields),
            "js": HIDE.replace("SWITCHES", json.dumps(switches)),
        }
        gr.on([field.change for field in fields], **self.hide)

    def edited(self, values: Updates) -> Preset:
        """The loaded preset with everything the operator has changed on the page."""
        loaded: PresetVersion = values[self.loaded]
        name = (values[self.name] or "").strip()
        if not name:
            raise BadField("studio.theme_unnamed", {"preset-name": message("studio.type_a_name")})
        named = name == loaded.preset.name
        slug = loaded.preset.slug if named else self.studio.presets.slug_for(name)
        recipes = loaded.preset.recipes
        for form in self.forms:
            recipes = recipes.replace(form.letter, form.read(recipes[form.letter], values))
        changes = {
            "slug": slug,
            "name": name,
            "prompt": values[self.prompt] or "",
            "recipes": recipes,
        }
        try:
            preset = Preset.model_validate(loaded.preset.model_dump() | changes)
        except ValidationError as error:
            raise BadDocument("studio.theme_invalid", reason=explain(error)) from None
        return with_hashes(preset, self.studio.catalogue)

    def changed_ids(self, loaded: PresetVersion, values: Updates) -> Sequence[str]:
        """The element ids of fields that do not show what was saved."""
        return [
            each
            for form in self.forms
            for each in form.changed(loaded.preset.recipes[form.letter], values)
        ]

    def is_touched(self, loaded: PresetVersion, values: Updates) -> bool:
        """Whether any field shows other than what was saved, also where it does not hold."""
        own = {self.name: loaded.preset.name, self.prompt: loaded.preset.prompt}
        return any(values[each] != saved for each, saved in own.items()) or bool(
            self.changed_ids(loaded, values)
        )

    def tokens_html(self, preset: Preset, words: str) -> str:
        """How long each recipe's prompt is, with the words that would be sent now."""
        counts = {
            letter: self.studio.tokens.count(preset.recipes[letter], preset.prompt, words)
            for letter in LETTERS
        }
        each = " ".join(_count_html(letter, count, self.texts) for letter, count in counts.items())
        return f'<p class="tokens">{self.texts("studio.tokens", counts=each)}</p>'

    def shown(self, preset: Preset) -> Updates:
        """What each component must show for `preset`."""
        shown: Updates = {self.prompt: preset.prompt, self.name: preset.name}
        for form in self.forms:
            shown.update(form.show(preset.recipes[form.letter]))
        return shown

    def choices(self) -> list[tuple[str, str]]:
        return [(each.name, each.slug) for each in self.studio.presets.summaries()]

    # Handlers: thin, each over one use case.

    def _save(self, told: gr.HTML, values: Updates, author: str) -> Updates:
        try:
            preset = self.edited(values)
            loaded = values[self.loaded]
            changed = summary(differences(loaded.preset, preset))
            over = loaded.number if preset.slug == loaded.preset.slug else 0
            note = "" if changed is None else str(changed)
            version = self.studio.presets.save(preset, author, note=note, over=over)
        except StudioError as error:
            return {told: notice(self.texts.of(error), "error")}
        name, number = preset.name, version.number
        saved = message("studio.saved_unchanged", name=name, number=number)
        if changed:
            saved = message("studio.saved_changed", name=name, number=number, changes=changed)
        return {
            self.preset: gr.update(choices=self.choices(), value=preset.slug),
            self.loaded: version,
            told: notice(self.texts.of(saved), "status"),
        }

    def _reset(self, form: RecipeForm, loaded: PresetVersion) -> Updates:
        return form.show(loaded.preset.recipes[form.letter])

    def _tell_model(self, kind: ModelKind, name: str | None) -> str:
        """Nothing of what cannot be used: Generate says why."""
        catalogue = self.studio.catalogue
        try:
            model = catalogue.find(kind, ModelRef(name=name or ""))
        except (StudioError, ValidationError):
            return ""
        return model_note(model, self.texts, catalogue.picture(kind, model.name) is not None)

    def _keep_picture(self, png: bytes) -> tuple[Any, str]:
        """An own picture for a control unit: kept, and its hash shown."""
        try:
            return self.studio.intake.keep_picture(png), ""
        except StudioError as error:
            return gr.skip(), notice(self.texts.of(error), "error")


def _count_html(letter: str, count: int | None, texts: Texts) -> str:
    if count is None:
        return f"<span><b>{letter}</b> {texts('studio.tokens_unknown')}</span>"
    if count <= WINDOW:
        return f"<span><b>{letter}</b> {count}</span>"
    parts = texts("studio.tokens_in_parts", count=count, parts=-(-count // WINDOW))
    return f"<span class=long><b>{letter}</b> {parts}</span>"
