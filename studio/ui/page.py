"""The studio's page: composes the panels, and does what concerns several of them."""

from contextlib import suppress
from functools import partial
from typing import Any

import gradio as gr

from studio.bootstrap import Studio
from studio.errors import NotFound, StudioError
from studio.recipes.differing import differences
from studio.recipes.planning import plan
from studio.recipes.preset import Preset, PresetVersion
from studio.recipes.request import MAX_WORDS, Request
from studio.service.maps import control_maps
from studio.service.previewing import preview_job
from studio.service.restoring import remembered
from studio.ui.blocks import StudioBlocks
from studio.ui.components import png_url
from studio.ui.deploy_panel import DeployPanel
from studio.ui.draft import Draft, unsaved_html, wrong_html
from studio.ui.drawing import DrawingPanel
from studio.ui.notices import notice
from studio.ui.recipe_form import BadField, RecipeForm
from studio.ui.run_panel import RunPanel, seed_of
from studio.ui.sweep_panel import SweepPanel
from studio.ui.theme_editor import ThemeEditor
from studio.ui.wiring import QUICK, Components, Updates

BRAND = """<h1><i></i>Doodle Theme Studio</h1><nav aria-label="Pages">
<a href="/" aria-current="page">Studio</a><a href="/themes">Themes</a><a href="/votes">Votes</a><a href="/tuning">Tuning</a><a href="/safety">Safety</a><a href="/history">History</a>
<a href="/bases">Base images</a>
<a href="/models">Models</a><a href="/system">System</a></nav>"""
# Until the page shows what it resumes, it takes no clicks: the answer would overwrite them.
OPEN = """() => requestAnimationFrame(() => {
    document.documentElement.dataset.opened = 'yes';
    const asked = new URLSearchParams(location.search);
    if (asked.has('run')) document.querySelector('#attach').click();
    if (asked.has('variant')) document.querySelector('#bring-back').click();
    if (asked.has('preset')) document.querySelector('#open-version').click();
})"""
# An address may name a variant of the history, once: a reload is not to restore it again.
NAMED_VARIANT = """() => {
    const id = Number(new URLSearchParams(location.search).get('variant'));
    history.replaceState(null, '', location.pathname);
    return [id];
}"""


# Likewise a version of a theme.
NAMED_VERSION = """() => {
    const asked = new URLSearchParams(location.search);
    history.replaceState(null, '', location.pathname);
    return [asked.get('preset') ?? '', Number(asked.get('version'))];
}"""


class Page:
    """Builds the Blocks and holds the panels."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        with StudioBlocks(title="Doodle Theme Studio", fill_width=True) as self.blocks:
            self.theme = ThemeEditor(studio)
            # In the operator's own browser; the secret only keeps one studio's from another's.
            self.kept = gr.BrowserState(None, storage_key="doodle-theme-studio", secret="draft")
            with gr.Row(elem_id="header"):
                gr.HTML(BRAND, elem_id="brand")
                self.theme.header()
            self.unsaved = gr.HTML(elem_id="unsaved")
            self.bring_back = gr.Button("Restore the variant of the address", elem_id="bring-back")
            self.variant = gr.Number(0, visible=False, precision=0)
            self.open_version = gr.Button("Open the version of the address", elem_id="open-version")
            self.named = (gr.Textbox(visible=False), gr.Number(0, visible=False, precision=0))
            with gr.Row(elem_id="workbench"):
                with gr.Column(elem_id="left", min_width=320):
                    self.drawing = DrawingPanel(studio)
                with gr.Column(elem_id="right", min_width=320):
                    self.run = RunPanel(studio)
            self.sweep = SweepPanel(studio)
            self.deployment = DeployPanel(studio)
            self.theme.recipes()
            self._wire()

    @property
    def _drafted(self) -> Components:
        """All that a reload must not lose, but the drawing, which the canvas keeps."""
        return {*self.theme.edited_parts, self.drawing.base, self.run.words, self.run.seed}

    @property
    def _asked(self) -> Components:
        """All that a request is made of."""
        return {*self._drafted, self.drawing.canvas}

    def _wire(self) -> None:
        self.sweep.wire(self._steady_request, self._asked)
        self.deployment.wire(self.theme.loaded, **QUICK)
        told: Components = {self.unsaved, self.kept, self.theme.tokens}
        asked = self.run.wire(self._request, self._asked)
        for event in (
            *asked,
            *self.theme.wire(self.run.notice),
            *self._wire_own(),
            self._wire_opening(),
        ):
            # What is unsaved is told and kept after everything that changes the page.
            event.then(self._keep, self._drafted, told, **QUICK)
        # A text box's `input` still carries the text before the last key.
        typed = [
            each.change if isinstance(each, gr.Textbox) else each.input
            for each in self._drafted - {self.theme.loaded}
        ]
        gr.on(
            typed, self._keep, self._drafted, told,
            trigger_mode="always_last", **QUICK,
        )  # fmt: skip

    def _wire_own(self) -> list[Any]:
        """Handlers over several panels; returns the events that change what is shown."""
        panel, theme, run = self.drawing, self.theme, self.run
        gr.on(
            [panel.canvas.input, panel.live.input], self._glimpse, {*self._asked, panel.live},
            {panel.glimpse, run.notice}, trigger_mode="always_last", **QUICK,
        )  # fmt: skip
        panel.base.input(panel.choose_base, panel.base, panel.canvas, **QUICK)
        for form in theme.forms:
            form.show_maps.click(
                partial(self._show_maps, form), self._asked, {form.maps, run.notice}, **QUICK
            )
        restored = {*theme.fields, panel.base, panel.canvas, run.words, run.seed, run.notice}
        return [
            panel.pack.input(panel.choose_doodle, panel.pack, {panel.canvas, panel.base}, **QUICK),
            theme.restore.upload(
                self._restore, {*theme.edited_parts, theme.restore}, restored, **QUICK
            ),
            self.bring_back.click(
                self._restore_kept, self.variant, restored, js=NAMED_VARIANT, **QUICK
            ),
            self.open_version.click(
                partial(theme.opened, run.notice),
                list(self.named),
                {*theme.fields, theme.loaded, theme.preset, run.notice},
                js=NAMED_VERSION,
                **QUICK,
            ),
        ]

    def _wire_opening(self) -> Any:
        panel, theme, run = self.drawing, self.theme, self.run
        shown = {*theme.fields, theme.preset, theme.loaded, panel.base, panel.canvas}
        opening = self.blocks.load(
            self._refresh, self.kept, {*shown, run.words, run.seed, run.notice}, **QUICK
        )
        opening.then(**theme.hide)
        opening.then(None, js=OPEN)
        return opening

    def _request(self, values: Updates) -> Request:
        """What the page asks for as it stands."""
        preset, loaded = self.theme.edited(values), values[self.theme.loaded]
        return self.studio.intake.request(
            preset,
            values[self.drawing.base] or "",
            values[self.drawing.canvas],
            values[self.run.words] or "",
            seed_of(values[self.run.seed]),
            loaded.number if preset == loaded.preset else None,
        )

    def _steady_request(self, values: Updates) -> Request:
        """The same with seed 0 instead of a random one: a preview must not flicker, and a sweep
        goes on with the seed it began with."""
        return self._request({**values, self.run.seed: max(0, values[self.run.seed] or 0)})

    # Handlers: thin, each over one use case.

    def _glimpse(self, values: Updates) -> Updates:
        """The last stroke, drawn by recipe A in a few steps; Gradio keeps one in flight."""
        if not values[self.drawing.live]:
            return {self.drawing.glimpse: ""}
        try:
            job = preview_job(self._steady_request(values), "A", self.studio.catalogue)
            png = self.studio.rendering.glimpse(job)
        except StudioError as error:
            return {self.run.notice: notice(str(error), "error")}
        return {self.drawing.glimpse: f'<img src="{png_url(png)}" alt="Live preview of recipe A">'}

    def _show_maps(self, form: RecipeForm, values: Updates) -> Updates:
        try:
            jobs = plan(self._request(values))
            job = next(job for job in jobs if job.letter == form.letter)
            maps = control_maps(job, self.studio.bases.png(job.base_image))
        except StudioError as error:
            return {self.run.notice: notice(str(error), "error")}
        return {form.maps: form.maps_html(maps), self.run.notice: ""}

    def _restore(self, values: Updates) -> Updates:
        """Recipe, seed, words and base image of the picture that was handed in."""
        try:
            preset = self.theme.edited(values)
            return self._restored(values[self.theme.restore], preset)
        except StudioError as error:
            return {self.run.notice: notice(str(error), "error")}

    def _restore_kept(self, number: int) -> Updates:
        """The same of a variant of the history, over the preset that was saved last."""
        try:
            kept = self.studio.variants.chosen([int(number or 0)])
            if not kept:
                raise NotFound("that variant is not in the history any more")
            png = self.studio.variants.png(kept[0].variant)
            return self._restored(png, self.studio.presets.last_saved().preset)
        except StudioError as error:
            return {self.run.notice: notice(str(error), "error")}

    def _restored(self, png: bytes, preset: Preset) -> Updates:
        theme, run = self.theme, self.run
        made = remembered(png, preset.recipes.A)
        base = self.studio.bases.get(made.base_image) if made.base_image else None
        letter = made.letter or "A"
        form = next(form for form in theme.forms if form.letter == letter)
        left = f" Not taken over: {', '.join(made.unread)}." if made.unread else ""
        told = f"Recipe {letter} is the picture's, with its seed {made.seed}.{left}"
        updates: Updates = {
            **form.show(made.recipe),
            run.seed: made.request_seed,
            run.words: made.words(preset.prompt),
            run.notice: notice(told, "status"),
        }
        if base is not None:
            updates |= self.drawing.shown_base(base)
        return updates

    def _keep(self, values: Updates) -> Updates:
        """Tells what is unsaved and how long the prompts are, and has the browser keep it."""
        loaded: PresetVersion = values[self.theme.loaded]
        try:
            preset = self.theme.edited(values)
        except BadField as error:
            return {self.unsaved: wrong_html(error)}
        except StudioError as error:
            return {self.unsaved: notice(str(error), "error")}
        draft = Draft(
            preset=preset,
            slug=loaded.preset.slug,
            number=loaded.number,
            base=values[self.drawing.base] or self.studio.bases.all()[0].id,
            words=(values[self.run.words] or "")[:MAX_WORDS],
            seed=-1 if (seed := seed_of(values[self.run.seed])) is None else seed,
        )
        changes = differences(loaded.preset, preset)
        changed = self.theme.changed_ids(loaded, values)
        return {
            self.unsaved: unsaved_html(changes, changed),
            self.kept: draft.model_dump_json(),
            self.theme.tokens: self.theme.tokens_html(preset, draft.words),
        }

    def _refresh(self, kept: object) -> Updates:
        """A page that is opened goes on where this browser left it, or shows what was saved last."""
        draft = Draft.read(kept)
        if draft is not None:
            with suppress(NotFound):
                return self._resumed(draft)
        version = self.studio.presets.last_saved()
        return {
            **self._chosen(version.preset.slug),
            **self.theme.shown(version.preset),
            **self.drawing.shown_base(self.studio.bases.all()[0]),
            self.theme.loaded: version,
        }

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
            **self._chosen(draft.slug),
            **self.theme.shown(preset),
            self.theme.loaded: began,
            **self.drawing.shown_base(base),
            self.run.words: draft.words,
            self.run.seed: draft.seed,
            self.run.notice: told,
        }

    def _chosen(self, slug: str) -> Updates:
        return {self.theme.preset: gr.update(choices=self.theme.choices(), value=slug)}
