"""The studio's page: composes the panels, and does what concerns several of them."""

from functools import partial
from typing import Any

import gradio as gr

from studio.bootstrap import Studio
from studio.errors import NotFound, StudioError
from studio.locales import LANGUAGES
from studio.messages import message
from studio.recipes.planning import plan
from studio.recipes.preset import Preset
from studio.recipes.request import Request
from studio.service.maps import control_maps
from studio.service.previewing import preview_job
from studio.service.restoring import remembered
from studio.ui.blocks import StudioBlocks
from studio.ui.components import png_url
from studio.ui.deploy_panel import DeployPanel
from studio.ui.drafting import LAST, Drafting, Panels
from studio.ui.drawing import DrawingPanel
from studio.ui.notices import notice
from studio.ui.recipe_form import RecipeForm
from studio.ui.run_panel import RunPanel, seed_of
from studio.ui.sweep_panel import SweepPanel
from studio.ui.texts import Texts
from studio.ui.theme_editor import ThemeEditor
from studio.ui.wiring import QUICK, Components, Updates

PAGES = {
    "/": "page.studio.title",
    "/themes": "page.themes.title",
    "/votes": "page.votes.title",
    "/tuning": "page.tuning.title",
    "/safety": "page.safety.title",
    "/history": "page.history.title",
    "/bases": "page.bases.title",
    "/models": "page.models.title",
    "/system": "page.system.title",
}
"""Ids of the pages' names by their addresses."""
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


def brand_html(texts: Texts) -> str:
    """The product's name, the pages, and the other languages."""
    links = "".join(
        f'<a href="{address}"{" aria-current=page" if address == "/" else ""}>{texts(name)}</a>'
        for address, name in PAGES.items()
    )
    others = "".join(
        f'<a href="?lang={language}" data-language="{language}" lang="{language}"'
        f' translate="no">{name}</a>'
        for language, name in LANGUAGES.items()
        if language != texts.language
    )
    return (
        f"<h1><i></i>{texts('page.product')}</h1>"
        f'<nav aria-label="{texts("page.pages")}">{links}{others}</nav>'
    )


class Page:
    """Builds the Blocks and holds the panels."""

    def __init__(self, studio: Studio, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        with StudioBlocks(texts, title=texts("page.product"), fill_width=True) as self.blocks:
            self.theme = ThemeEditor(studio, texts)
            with gr.Row(elem_id="header"):
                gr.HTML(brand_html(texts), elem_id="brand")
                self.theme.header()
            self.drafts = Drafting(studio, texts)
            self.bring_back = gr.Button(texts("studio.restore_named_variant"), elem_id="bring-back")
            self.variant = gr.Number(0, visible=False, precision=0)
            with gr.Row(elem_id="workbench"):
                with gr.Column(elem_id="left", min_width=320):
                    self.drawing = DrawingPanel(studio, texts)
                with gr.Column(elem_id="right", min_width=320):
                    self.run = RunPanel(studio, texts)
            self.sweep = SweepPanel(studio, texts)
            self.deployment = DeployPanel(studio, texts)
            self.theme.recipes()
            self._wire()

    @property
    def _asked(self) -> Components:
        """All that a request is made of."""
        return {*self.drafts.drafted, self.drawing.canvas}

    def _wire(self) -> None:
        drafts, run = self.drafts, self.run
        changing = drafts.wire(Panels(self.theme, self.drawing, run))
        self.sweep.wire(self._steady_request, self._asked)
        self.deployment.wire(self.theme.loaded, **QUICK)
        changing += run.wire(self._request, self._asked)
        changing += self.theme.wire(run.notice, drafts.kept)
        drafts.follow([*changing, *self._wire_own(), self._wire_opening()])

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
        ]

    def _wire_opening(self) -> Any:
        drafts = self.drafts
        opening = self.blocks.load(drafts.open_page, drafts.found, drafts.opened, js=LAST, **QUICK)
        opening.then(**self.theme.hide)
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
            return {self.run.notice: notice(self.texts.of(error), "error")}
        alt = self.texts("studio.live_preview_alt")
        return {self.drawing.glimpse: f'<img src="{png_url(png)}" alt="{alt}">'}

    def _show_maps(self, form: RecipeForm, values: Updates) -> Updates:
        try:
            jobs = plan(self._request(values))
            job = next(job for job in jobs if job.letter == form.letter)
            maps = control_maps(job, self.studio.bases.png(job.base_image))
        except StudioError as error:
            return {self.run.notice: notice(self.texts.of(error), "error")}
        return {form.maps: form.maps_html(maps), self.run.notice: ""}

    def _restore(self, values: Updates) -> Updates:
        """Recipe, seed, words and base image of the picture that was handed in."""
        try:
            preset = self.theme.edited(values)
            return self._restored(values[self.theme.restore], preset)
        except StudioError as error:
            return {self.run.notice: notice(self.texts.of(error), "error")}

    def _restore_kept(self, number: int) -> Updates:
        """The same of a variant of the history, over the preset that was saved last."""
        try:
            kept = self.studio.variants.chosen([int(number or 0)])
            if not kept:
                raise NotFound("history.variant_gone")
            png = self.studio.variants.png(kept[0].variant)
            return self._restored(png, self.studio.presets.last_saved().preset)
        except StudioError as error:
            return {self.run.notice: notice(self.texts.of(error), "error")}

    def _restored(self, png: bytes, preset: Preset) -> Updates:
        theme, run = self.theme, self.run
        made = remembered(png, preset.recipes.A)
        base = self.studio.bases.get(made.base_image) if made.base_image else None
        letter = made.letter or "A"
        form = next(form for form in theme.forms if form.letter == letter)
        told = message("studio.restored", letter=letter, seed=str(made.seed))
        if made.unread:
            told = message("studio.restored_partly", restored=told, fields=list(made.unread))
        updates: Updates = {
            **form.show(made.recipe),
            run.seed: made.request_seed,
            run.words: made.words(preset.prompt),
            run.notice: notice(self.texts.of(told), "status"),
        }
        if base is not None:
            updates |= self.drawing.shown_base(base)
        return updates
