"""The studio's page: composes the panels, and does what concerns several of them."""

from functools import partial
from typing import Any

import gradio as gr

from studio.app import AppContainer
from studio.errors import NotFoundError, StudioError
from studio.locales import LANGUAGES
from studio.messages import message
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.themes.preset import Preset
from studio.services.rendering.control_map_preview import preview_control_maps
from studio.services.rendering.live_preview import make_preview_job
from studio.services.rendering.restore import read_generation_info
from studio.ui.blocks import StudioBlocks
from studio.ui.canvas_panel import CanvasPanel
from studio.ui.components import to_data_url
from studio.ui.deploy_panel import DeployPanel
from studio.ui.draft_storage import LAST, Drafting, Panels
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.recipe_form import RecipeForm
from studio.ui.run_panel import RunPanel, parse_seed
from studio.ui.sweep_panel import SweepPanel
from studio.ui.texts import Texts
from studio.ui.theme_editor import ThemeEditor

PAGES = {
    "/": "page.studio.title",
    "/themes": "page.themes.title",
    "/blind-tests": "page.votes.title",
    "/tuning": "page.tuning.title",
    "/moderation": "page.safety.title",
    "/history": "page.history.title",
    "/base-images": "page.bases.title",
    "/models": "page.models.title",
    "/system": "page.system.title",
}
"""Ids of the pages' names by their addresses."""
# Until the page shows what it resumes, it takes no clicks: the answer would overwrite them.
ON_READY_JS = """() => requestAnimationFrame(() => {
    document.documentElement.dataset.opened = 'yes';
    const asked = new URLSearchParams(location.search);
    if (asked.has('run')) document.querySelector('#attach').click();
    if (asked.has('variant')) document.querySelector('#bring-back').click();
    if (asked.has('preset')) document.querySelector('#open-version').click();
})"""
# An address may name a variant of the history, once: a reload is not to restore it again.
READ_VARIANT_PARAM_JS = """() => {
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


class StudioPage:
    """Builds the Blocks and holds the panels."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        with StudioBlocks(texts, title=texts("page.product"), fill_width=True) as self.blocks:
            self.theme = ThemeEditor(studio, texts)
            with gr.Row(elem_id="header"):
                gr.HTML(brand_html(texts), elem_id="brand")
                self.theme.build_header()
            self.drafts = Drafting(studio, texts)
            self.restore_trigger = gr.Button(
                texts("studio.restore_named_variant"), elem_id="bring-back"
            )
            self.variant = gr.Number(0, visible=False, precision=0)
            with gr.Row(elem_id="workbench"):
                with gr.Column(elem_id="left", min_width=320):
                    self.drawing = CanvasPanel(studio, texts)
                with gr.Column(elem_id="right", min_width=320):
                    self.run = RunPanel(studio, texts)
            self.sweep = SweepPanel(studio, texts)
            self.deployment = DeployPanel(studio, texts)
            self.theme.build_recipes()
            self._bind_events()

    @property
    def _request_inputs(self) -> Components:
        """All that a request is made of."""
        return {*self.drafts.drafted, self.drawing.canvas}

    def _bind_events(self) -> None:
        drafts, run = self.drafts, self.run
        changing = drafts.wire(Panels(self.theme, self.drawing, run))
        self.sweep.bind(self._deterministic_request, self._request_inputs)
        self.deployment.wire(self.theme.loaded, **UNQUEUED)
        changing += run.bind(self._request, self._request_inputs)
        changing += self.theme.bind(run.notice, drafts.stored)
        drafts.follow([*changing, *self._bind_cross_panel_events(), self._bind_page_load()])

    def _bind_cross_panel_events(self) -> list[Any]:
        """Handlers over several panels; returns the events that change what is shown."""
        panel, theme, run = self.drawing, self.theme, self.run
        gr.on(
            [panel.canvas.input, panel.live.input], self._render_preview, {*self._request_inputs, panel.live},
            {panel.preview, run.notice}, trigger_mode="always_last", **UNQUEUED,
        )  # fmt: skip
        panel.base_image.input(panel.select_base_image, panel.base_image, panel.canvas, **UNQUEUED)
        for form in theme.forms:
            form.show_control_maps.click(
                partial(self._show_control_maps, form),
                self._request_inputs,
                {form.control_maps, run.notice},
                **UNQUEUED,
            )
        restored = {*theme.fields, panel.base_image, panel.canvas, run.prompt, run.seed, run.notice}
        return [
            panel.sample_doodles.input(
                panel.choose_doodle,
                panel.sample_doodles,
                {panel.canvas, panel.base_image},
                **UNQUEUED,
            ),
            theme.restore.upload(
                self._restore, {*theme.edit_inputs, theme.restore}, restored, **UNQUEUED
            ),
            self.restore_trigger.click(
                self._restore_from_history,
                self.variant,
                restored,
                js=READ_VARIANT_PARAM_JS,
                **UNQUEUED,
            ),
        ]

    def _bind_page_load(self) -> Any:
        drafts = self.drafts
        opening = self.blocks.load(
            drafts.open_page, drafts.restored, drafts.opened, js=LAST, **UNQUEUED
        )
        opening.then(**self.theme.hide)
        opening.then(None, js=ON_READY_JS)
        return opening

    def _request(self, values: ComponentUpdates) -> GenerationRequest:
        """What the page asks for as it stands."""
        preset, loaded = self.theme.current_theme(values), values[self.theme.loaded]
        return self.studio.request_factory.create(
            preset,
            values[self.drawing.base_image] or "",
            values[self.drawing.canvas],
            values[self.run.prompt] or "",
            parse_seed(values[self.run.seed]),
            loaded.version if preset == loaded.preset else None,
        )

    def _deterministic_request(self, values: ComponentUpdates) -> GenerationRequest:
        """The same with seed 0 instead of a random one: a preview must not flicker, and a sweep
        goes on with the seed it began with."""
        return self._request({**values, self.run.seed: max(0, values[self.run.seed] or 0)})

    # Handlers: thin, each over one use case.

    def _render_preview(self, values: ComponentUpdates) -> ComponentUpdates:
        """The last stroke, drawn by recipe A in a few steps; Gradio keeps one in flight."""
        if not values[self.drawing.live]:
            return {self.drawing.preview: ""}
        try:
            job = make_preview_job(self._deterministic_request(values), "A", self.studio.catalog)
            png = self.studio.renders.render_preview(job)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}
        alt = self.texts("studio.live_preview_alt")
        return {self.drawing.preview: f'<img src="{to_data_url(png)}" alt="{alt}">'}

    def _show_control_maps(self, form: RecipeForm, values: ComponentUpdates) -> ComponentUpdates:
        try:
            jobs = plan_jobs(self._request(values))
            job = next(job for job in jobs if job.slot == form.slot)
            previews = preview_control_maps(job, self.studio.base_images.read_png(job.base_image))
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}
        return {form.control_maps: form.render_control_maps(previews), self.run.notice: ""}

    def _restore(self, values: ComponentUpdates) -> ComponentUpdates:
        """Recipe, seed, words and base image of the picture that was handed in."""
        try:
            preset = self.theme.current_theme(values)
            return self._restored(values[self.theme.restore], preset)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}

    def _restore_from_history(self, number: int) -> ComponentUpdates:
        """The same of a variant of the history, over the preset that was saved last."""
        try:
            kept = self.studio.variants.get_many([int(number or 0)])
            if not kept:
                raise NotFoundError("history.variant_gone")
            png = self.studio.variants.png(kept[0].variant)
            return self._restored(png, self.studio.themes.latest_saved().preset)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}

    def _restored(self, png: bytes, preset: Preset) -> ComponentUpdates:
        theme, run = self.theme, self.run
        info = read_generation_info(png, preset.recipes.A)
        base = self.studio.base_images.get(info.base_image) if info.base_image else None
        slot = info.slot or "A"
        form = next(form for form in theme.forms if form.slot == slot)
        notice = message("studio.restored", slot=slot, seed=str(info.seed))
        if info.unsupported_settings:
            notice = message(
                "studio.restored_partly", restored=notice, fields=list(info.unsupported_settings)
            )
        updates: ComponentUpdates = {
            **form.to_updates(info.recipe),
            run.seed: info.request_seed,
            run.prompt: info.extract_user_prompt(preset.theme_prompt),
            run.notice: render_notice(self.texts.of(notice), "status"),
        }
        if base is not None:
            updates |= self.drawing.show_base_image(base)
        return updates
