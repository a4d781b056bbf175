"""The studio's page: composes the panels and ties them together."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import gradio as gr
from pydantic import ValidationError

from studio.bootstrap import Studio
from studio.errors import BadDocument, InputError, NotFound, StudioError
from studio.recipes.base import explain
from studio.recipes.differing import differences, summary
from studio.recipes.planning import plan
from studio.recipes.preset import LETTERS, Preset, PresetVersion
from studio.recipes.request import MAX_WORDS, Request
from studio.service.maps import control_maps
from studio.service.previewing import preview_job
from studio.service.restoring import remembered
from studio.service.stamping import with_hashes
from studio.ui.components import png_url, slug_of
from studio.ui.deploy_panel import DeployPanel
from studio.ui.draft import Draft, unsaved_html
from studio.ui.drawing import DrawingPanel
from studio.ui.notices import ending, notice
from studio.ui.recipe_form import RecipeForm, trigger_note
from studio.ui.results import Card

Updates = dict[gr.components.Component, Any]
Components = set[gr.components.Component]
MAX_SEED = 2**32 - 1
# Past the queue: its event stream, closing after one answer, now and then loses the next.
QUICK: Mapping[str, Any] = {
    "show_progress": "hidden", "api_visibility": "private", "queue": False,
}  # fmt: skip
# Until the page shows what it resumes, it takes no clicks: the answer would overwrite them.
OPEN = "() => requestAnimationFrame(() => { document.documentElement.dataset.opened = 'yes'; })"


class Page:
    """Builds the Blocks and holds the components that handlers speak of by name."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.first = studio.presets.last_saved()
        with gr.Blocks(title="Doodle Theme Studio", fill_width=True) as self.blocks:
            self.loaded = gr.State(self.first)
            self.run_id = gr.State("")
            # In the operator's own browser; the secret only keeps one studio's from another's.
            self.kept = gr.BrowserState(None, storage_key="doodle-theme-studio", secret="draft")
            self._header()
            with gr.Row(elem_id="workbench"):
                with gr.Column(elem_id="left", min_width=320):
                    self.drawing = DrawingPanel(studio)
                with gr.Column(elem_id="right", min_width=320):
                    self._results()
            self._editor()
            self._wire()

    def _header(self) -> None:
        with gr.Row(elem_id="header"):
            gr.HTML("<h1><i></i>Doodle Theme Studio</h1>", elem_id="brand")
            self.preset = gr.Dropdown(self._choices(), value=self.first.preset.slug, label="Preset", elem_id="preset")  # fmt: skip
            self.name = gr.Textbox(self.first.preset.name, label="Name", max_length=80, elem_id="preset-name")  # fmt: skip
            self.restore = gr.UploadButton(
                "Restore from a picture", file_types=[".png"], type="binary", elem_id="restore"
            )
            self.save = gr.Button("Save preset", elem_id="save")
        self.unsaved = gr.HTML(elem_id="unsaved")

    def _results(self) -> None:
        with gr.Row(elem_id="ask"):
            self.words = gr.Textbox(
                label="User's words", placeholder="a red summer dress with a star", lines=1,
                elem_id="words", scale=3,
            )  # fmt: skip
            self.seed = gr.Number(-1, label="Seed (-1 = random)", precision=0, minimum=-1, maximum=MAX_SEED, elem_id="seed", scale=1, min_width=120)  # fmt: skip
        with gr.Row(elem_id="go"):
            self.generate = gr.Button("Generate", variant="primary", elem_id="generate", scale=3)
            self.stop = gr.Button("Stop", elem_id="stop", interactive=False, scale=1, min_width=90)
        self.notice = gr.HTML(elem_id="notice")
        with gr.Group(elem_id="grid"):
            self.cards = {
                letter: gr.HTML(Card(letter).html(), elem_id=f"card-{letter}") for letter in LETTERS
            }

    def _editor(self) -> None:
        catalogue = self.studio.catalogue
        checkpoints, nets, loras = (
            list(catalogue.names(kind)) for kind in ("checkpoint", "controlnet", "lora")
        )
        self.deployment = DeployPanel(self.studio)
        with gr.Column(elem_id="editor"):
            gr.HTML("<h2>Theme and its four recipes</h2>", elem_classes="section")
            self.prompt = gr.Textbox(self.first.preset.prompt, label="Theme prompt", lines=1, elem_id="theme-prompt")  # fmt: skip
            self.forms: list[RecipeForm] = []
            with gr.Tabs(elem_id="recipes"):
                for letter in LETTERS:
                    with gr.Tab(letter, id=letter, elem_id=f"tab-{letter}"):
                        self.forms.append(RecipeForm(letter, checkpoints, nets, loras))
        for component, value in self._shown(self.first.preset).items():
            component.value = value

    @property
    def _fields(self) -> Components:
        return {field for form in self.forms for field in form.fields.values()}

    @property
    def _edited_parts(self) -> Components:
        """All that makes up the edited preset."""
        return {*self._fields, self.loaded, self.name, self.prompt}

    @property
    def _drafted(self) -> Components:
        """All that a reload must not lose, but the drawing, which the canvas keeps."""
        return {*self._edited_parts, self.drawing.base, self.words, self.seed}

    @property
    def _asked(self) -> Components:
        """All that a request is made of."""
        return {*self._drafted, self.drawing.canvas}

    def _wire(self) -> None:
        outputs = {*self.cards.values(), self.notice, self.run_id, self.generate, self.stop}
        gr.on(
            [self.generate.click, self.words.submit], self._generate, inputs=self._asked,
            outputs=outputs, concurrency_limit=8, show_progress="hidden", api_visibility="private",
        )  # fmt: skip
        self.stop.click(self._stop, self.run_id, None, **QUICK)
        self.deployment.wire(self.loaded, **QUICK)
        self._wire_drawing()
        self._wire_preset()
        for form in self.forms:
            self._wire_form(form)

    def _then_keep(self, event: Any) -> None:
        """What is unsaved is told and kept after everything that changes the page."""
        event.then(self._keep, self._drafted, {self.unsaved, self.kept}, **QUICK)

    def _wire_drawing(self) -> None:
        panel = self.drawing
        gr.on(
            [panel.canvas.input, panel.live.input], self._glimpse, {*self._asked, panel.live},
            {panel.glimpse, self.notice}, trigger_mode="always_last", **QUICK,
        )  # fmt: skip
        panel.base.input(panel.choose_base, panel.base, panel.canvas, **QUICK)
        chosen = panel.pack.input(
            panel.choose_doodle, panel.pack, {panel.canvas, panel.base}, **QUICK
        )
        self._then_keep(chosen)

    def _wire_preset(self) -> None:
        # A text box's `input` still carries the text before the last key.
        typed = [
            each.change if isinstance(each, gr.Textbox) else each.input
            for each in self._drafted - {self.loaded}
        ]
        gr.on(
            typed, self._keep, self._drafted, {self.unsaved, self.kept},
            trigger_mode="always_last", **QUICK,
        )  # fmt: skip
        shown: Components = {*self._fields, self.prompt, self.name, self.notice}
        restored = {*shown, self.drawing.base, self.drawing.canvas, self.words, self.seed}
        opened = {*restored, self.preset, self.loaded}
        opening = self.blocks.load(self._refresh, self.kept, opened, **QUICK)
        opening.then(None, js=OPEN)
        for event in (
            self.save.click(self._save, self._edited_parts, {self.preset, self.loaded, self.notice}, **QUICK),
            self.restore.upload(self._restore, {*self._edited_parts, self.restore}, restored, **QUICK),
            self.preset.input(self._load, self.preset, {*shown, self.loaded}, **QUICK),
            opening,
        ):  # fmt: skip
            self._then_keep(event)

    def _wire_form(self, form: RecipeForm) -> None:
        own = set(form.fields.values())
        for letter, button in form.copies.items():
            to = self.forms[LETTERS.index(letter)]
            copied = button.click(partial(form.copied, to), own, set(to.fields.values()), **QUICK)
            self._then_keep(copied)
        self._then_keep(form.reset.click(partial(self._reset, form), self.loaded, own, **QUICK))
        form.show_maps.click(
            partial(self._show_maps, form), self._asked, {form.maps, self.notice}, **QUICK
        )
        for name in form.lora_names:
            name.change(self._tell_triggers, name, name, **QUICK)
        for upload, picture in form.uploads:
            upload.upload(self._keep_picture, upload, [picture, self.notice], **QUICK)

    # Handlers: thin, each over one use case.

    def _generate(self, values: Updates) -> Iterator[Updates]:
        cards = {letter: Card(letter) for letter in LETTERS}
        try:
            request = self._request(values)
            run = self.studio.rendering.start(request)
        except StudioError as error:
            yield {self.notice: notice(str(error), "error")}
            return
        try:
            yield {
                self.run_id: request.id,
                self.notice: "",
                self.generate: gr.update(interactive=False),
                self.stop: gr.update(interactive=True),
            }
            for event in run.events():
                cards[event.letter] = cards[event.letter].after(event)
                yield {self.cards[event.letter]: cards[event.letter].html()}
            yield {
                self.generate: gr.update(interactive=True),
                self.stop: gr.update(interactive=False),
                self.notice: notice(ending(list(cards.values())), "status"),
            }
        finally:
            run.cancel()

    def _request(self, values: Updates) -> Request:
        """What the page asks for as it stands."""
        preset, loaded = self._edited(values), values[self.loaded]
        return self.studio.intake.request(
            preset,
            values[self.drawing.base] or "",
            values[self.drawing.canvas],
            values[self.words] or "",
            _seed(values[self.seed]),
            loaded.number if preset == loaded.preset else None,
        )

    def _glimpse(self, values: Updates) -> Updates:
        """The last stroke, drawn by recipe A in a few steps; Gradio keeps one in flight."""
        if not values[self.drawing.live]:
            return {self.drawing.glimpse: ""}
        try:
            # One seed from stroke to stroke, or the preview would flicker.
            request = self._request({**values, self.seed: max(0, values[self.seed] or 0)})
            job = preview_job(request, "A", self.studio.catalogue)
            png = self.studio.rendering.glimpse(job)
        except StudioError as error:
            return {self.notice: notice(str(error), "error")}
        return {self.drawing.glimpse: f'<img src="{png_url(png)}" alt="Live preview of recipe A">'}

    def _show_maps(self, form: RecipeForm, values: Updates) -> Updates:
        try:
            jobs = plan(self._request(values))
            job = next(job for job in jobs if job.letter == form.letter)
            maps = control_maps(job, self.studio.bases.png(job.base_image))
        except StudioError as error:
            return {self.notice: notice(str(error), "error")}
        return {form.maps: form.maps_html(maps), self.notice: ""}

    def _tell_triggers(self, lora: str | None) -> Any:
        return gr.update(info=trigger_note(self.studio.catalogue.triggers(lora or "")))

    def _keep_picture(self, png: bytes) -> tuple[Any, str]:
        """An own picture for a control unit: kept, and its hash shown."""
        try:
            return self.studio.intake.keep_picture(png), ""
        except StudioError as error:
            return gr.skip(), notice(str(error), "error")

    def _stop(self, run_id: str) -> None:
        self.studio.rendering.cancel(run_id)

    def _save(self, values: Updates) -> Updates:
        try:
            preset = self._edited(values)
            loaded = values[self.loaded]
            changed = summary(differences(loaded.preset, preset))
            over = loaded.number if preset.slug == loaded.preset.slug else 0
            version = self.studio.presets.save(preset, note=changed, over=over)
        except StudioError as error:
            return {self.notice: notice(str(error), "error")}
        return {
            self.preset: gr.update(choices=self._choices(), value=preset.slug),
            self.loaded: version,
            self.notice: notice(
                f"Saved {preset.name}, version {version.number}. {changed or 'Nothing changed'}.",
                "status",
            ),
        }

    def _load(self, slug: str) -> Updates:
        try:
            version = self.studio.presets.version(slug)
        except StudioError as error:
            return {self.notice: notice(str(error), "error")}
        opened = (
            f"{version.preset.name}, version {version.number}, from {version.created:%d %B %Y}."
        )
        return {**self._shown(version.preset), self.loaded: version, self.notice: notice(opened, "status")}  # fmt: skip

    def _restore(self, values: Updates) -> Updates:
        """Recipe, seed, words and base image of the picture that was handed in."""
        try:
            preset = self._edited(values)
            made = remembered(values[self.restore], preset.recipes.A)
            base = self.studio.bases.get(made.base_image) if made.base_image else None
        except StudioError as error:
            return {self.notice: notice(str(error), "error")}
        letter = made.letter or "A"
        form = next(form for form in self.forms if form.letter == letter)
        left = f" Not taken over: {', '.join(made.unread)}." if made.unread else ""
        told = f"Recipe {letter} is the picture's, with its seed {made.seed}.{left}"
        updates: Updates = {
            **form.show(made.recipe),
            self.seed: made.request_seed,
            self.words: made.words(preset.prompt),
            self.notice: notice(told, "status"),
        }
        if base is not None:
            updates |= {
                self.drawing.base: base.id,
                self.drawing.canvas: gr.update(base=self.drawing.backdrop(base)),
            }
        return updates

    def _reset(self, form: RecipeForm, loaded: PresetVersion) -> Updates:
        return form.show(loaded.preset.recipes[form.letter])

    def _keep(self, values: Updates) -> Updates:
        """Tells what is unsaved, and has the browser keep it."""
        loaded: PresetVersion = values[self.loaded]
        try:
            preset = self._edited(values)
        except StudioError as error:
            return {self.unsaved: notice(str(error), "error")}
        changed = [
            each
            for form in self.forms
            for each in form.changed(loaded.preset.recipes[form.letter], values)
        ]
        draft = Draft(
            preset=preset,
            slug=loaded.preset.slug,
            number=loaded.number,
            base=values[self.drawing.base] or self.studio.bases.all()[0].id,
            words=(values[self.words] or "")[:MAX_WORDS],
            seed=-1 if (seed := _seed(values[self.seed])) is None else seed,
        )
        changes = differences(loaded.preset, preset)
        return {self.unsaved: unsaved_html(changes, changed), self.kept: draft.model_dump_json()}

    def _refresh(self, kept: object) -> Updates:
        """A page that is opened goes on where this browser left it, or shows what was saved last.

        What has not changed is left alone, so that nobody's first typing is overwritten.
        """
        draft = Draft.read(kept)
        if draft is not None:
            with suppress(NotFound):
                return self._resumed(draft)
        version = self.studio.presets.last_saved()
        chosen = {self.preset: gr.update(choices=self._choices(), value=version.preset.slug)}
        if version == self.first:
            return chosen
        return {**chosen, **self._shown(version.preset), self.loaded: version}

    def _resumed(self, draft: Draft) -> Updates:
        """The page as the draft has it. Raises NotFound where its version or base is gone."""
        began, latest = (self.studio.presets.version(draft.slug, n) for n in (draft.number, None))
        base = self.studio.bases.get(draft.base)
        preset = draft.preset
        if preset == began.preset:
            began, preset, told = latest, latest.preset, ""
        elif began.number < latest.number:
            told = notice(
                f"{latest.preset.name} was saved meanwhile, as version {latest.number}. Your"
                f" changes to version {began.number} are still here.", "status",
            )  # fmt: skip
        else:
            told = notice("Your unsaved changes are here as you left them.", "status")
        return {
            **self._shown(preset),
            self.preset: gr.update(choices=self._choices(), value=draft.slug),
            self.loaded: began,
            self.drawing.base: base.id,
            self.drawing.canvas: gr.update(base=self.drawing.backdrop(base)),
            self.words: draft.words,
            self.seed: draft.seed,
            self.notice: told,
        }

    def _edited(self, values: Updates) -> Preset:
        """The loaded preset with everything the operator has changed on the page."""
        loaded: PresetVersion = values[self.loaded]
        name = (values[self.name] or "").strip()
        slug = loaded.preset.slug if name == loaded.preset.name else slug_of(name)
        if not slug:
            raise InputError("the preset has no name with letters or digits: type one")
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
            raise BadDocument(f"the preset does not hold: {explain(error)}") from None
        return with_hashes(preset, self.studio.catalogue)

    def _shown(self, preset: Preset) -> Updates:
        shown: Updates = {self.prompt: preset.prompt, self.name: preset.name}
        for form in self.forms:
            shown.update(form.show(preset.recipes[form.letter]))
        return shown

    def _choices(self) -> list[tuple[str, str]]:
        return [(each.name, each.slug) for each in self.studio.presets.summaries()]


def _seed(number: float | None) -> int | None:
    return None if number is None or number < 0 else int(number)
