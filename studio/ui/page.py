"""The studio page: builds the panels, and handles what concerns several of them."""

from functools import partial
from typing import Any

import gradio as gr

from studio.app import AppContainer
from studio.errors import NotFoundError, StudioError
from studio.messages import message
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.planning import plan_jobs
from studio.recipes.themes.preset import Preset
from studio.services.rendering.control_map_preview import preview_control_maps
from studio.services.rendering.live_preview import make_preview_job
from studio.services.rendering.restore import read_generation_info
from studio.ui.blocks import StudioBlocks
from studio.ui.browser_calls import on_event
from studio.ui.canvas_panel import CanvasPanel
from studio.ui.components import to_data_url
from studio.ui.draft_storage import DraftStorage
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.panels import Panels
from studio.ui.recipe_form import RecipeForm
from studio.ui.review_link import ReviewLink
from studio.ui.run_panel import RunPanel, parse_seed
from studio.ui.sweep_panel import SweepPanel
from studio.ui.texts import Texts
from studio.ui.theme_editor import ThemeEditor


class StudioPage:
    """The page in one language: `blocks` is what Gradio serves, the other attributes are its panels."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        with StudioBlocks(texts, title=texts("page.product"), fill_width=True) as self.blocks:
            self.theme = ThemeEditor(studio, texts)
            with gr.Row(elem_id="header"):
                self.theme.build_header()
                self.review_link = ReviewLink(texts, self.theme.initial)
                self.drafts = DraftStorage(studio, texts)
            self.restore_variant = gr.Button(
                texts("studio.restore_named_variant"), elem_id="restore-variant"
            )
            self.variant_id = gr.Number(0, visible=False, precision=0)
            with gr.Row(elem_id="workbench"):
                with gr.Column(elem_id="canvas-pane", min_width=0):
                    self.drawing = CanvasPanel(studio, texts)
                with gr.Column(elem_id="results-pane", min_width=0):
                    self.run = RunPanel(studio, texts)
                with gr.Column(elem_id="inspector-pane", min_width=0):
                    self.theme.build_recipes()
                    self.sweep = SweepPanel(studio, texts)
            self._bind_events()

    @property
    def _request_inputs(self) -> Components:
        """The inputs of `_request`."""
        return {*self.panels.draft_inputs, self.drawing.canvas}

    def _bind_events(self) -> None:
        self.panels = Panels(self.theme, self.drawing, self.run)
        changing = self.drafts.bind(self.panels)
        self.sweep.bind(self._deterministic_request, self._request_inputs)
        self.review_link.bind(self.theme.loaded)
        changing += self.run.bind(self._request, self._request_inputs)
        changing += self.theme.bind(self.run.notice, self.drafts.stored)
        changing += self._bind_restore()
        self._bind_previews()
        # Last, so that what these events change is drafted.
        self.drafts.follow([*changing, self._bind_page_load()])

    def _bind_previews(self) -> None:
        """The live preview, the base image below the drawing, and the control maps."""
        panel, notice = self.drawing, self.run.notice
        gr.on(
            [panel.canvas.input, panel.live.input],
            self._render_preview,
            {*self._request_inputs, panel.live},
            {panel.preview, notice},
            trigger_mode="always_last",
            **UNQUEUED,
        )
        panel.base_image.input(panel.select_base_image, panel.base_image, panel.canvas, **UNQUEUED)
        for form in self.theme.forms:
            show_control_maps = partial(self._show_control_maps, form)
            outputs = {form.control_maps, notice}
            form.show_control_maps.click(
                show_control_maps, self._request_inputs, outputs, **UNQUEUED
            )

    def _bind_restore(self) -> list[Any]:
        """Sample doodles, and restoring from an image or the history. Returns the events."""
        panel, theme, run = self.drawing, self.theme, self.run
        restored = {*theme.fields, panel.base_image, panel.canvas, run.prompt, run.seed, run.notice}
        return [
            panel.sample_doodles.input(
                panel.select_sample_doodle,
                panel.sample_doodles,
                {panel.canvas, panel.base_image},
                **UNQUEUED,
            ),
            theme.restore.upload(
                self._restore, {*theme.edit_inputs, theme.restore}, restored, **UNQUEUED
            ),
            self.restore_variant.click(
                self._restore_from_history,
                self.variant_id,
                restored,
                js=on_event("studio/url-params.js", "takeVariantId"),
                **UNQUEUED,
            ),
        ]

    def _bind_page_load(self) -> Any:
        """Shows the last draft, hides fields without effect, and only then lets the page take clicks."""
        drafts = self.drafts
        read_draft = on_event("studio/drafts.js", "loadLastDraft")
        opening = self.blocks.load(
            drafts.open_page, drafts.restored, drafts.opened, js=read_draft, **UNQUEUED
        )
        opening.then(**self.theme.update_visibility)
        opening.then(None, js=on_event("studio/url-params.js", "openPage"))
        return opening

    def _request(self, values: ComponentUpdates) -> GenerationRequest:
        """The request that the page's values make. It names the theme's version while nothing is unsaved.

        Raises InvalidInputError and InvalidDocumentError for invalid values.
        """
        preset, loaded = self.theme.current_theme(values), values[self.theme.loaded]
        return self.studio.rendering.request_factory.create(
            preset,
            values[self.drawing.base_image] or "",
            values[self.drawing.canvas],
            values[self.run.prompt] or "",
            parse_seed(values[self.run.seed]),
            loaded.version if preset == loaded.preset else None,
        )

    def _deterministic_request(self, values: ComponentUpdates) -> GenerationRequest:
        """The same with seed 0 in place of a random one: a preview must not flicker, and a sweep that is
        run again finds its cached images."""
        return self._request({**values, self.run.seed: max(0, values[self.run.seed] or 0)})

    # Handlers: thin, each over one use case.

    def _render_preview(self, values: ComponentUpdates) -> ComponentUpdates:
        """Renders the drawing by recipe A in a few steps. Gradio runs one at a time, the newest next."""
        if not values[self.drawing.live]:
            return {self.drawing.preview: ""}
        try:
            job = make_preview_job(
                self._deterministic_request(values), "A", self.studio.models.catalog
            )
            png = self.studio.rendering.renders.render_preview(job)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}
        alt = self.texts("studio.live_preview_alt")
        return {self.drawing.preview: f'<img src="{to_data_url(png)}" alt="{alt}">'}

    def _show_control_maps(self, form: RecipeForm, values: ComponentUpdates) -> ComponentUpdates:
        """The control maps of a recipe's units, from the current drawing."""
        try:
            jobs = plan_jobs(self._request(values))
            job = next(job for job in jobs if job.slot == form.slot)
            previews = preview_control_maps(
                job, self.studio.stores.base_images.read_png(job.base_image)
            )
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}
        return {form.control_maps: form.render_control_maps(previews), self.run.notice: ""}

    def _restore(self, values: ComponentUpdates) -> ComponentUpdates:
        """Restores recipe, seed, prompt and base image from an uploaded PNG."""
        try:
            preset = self.theme.current_theme(values)
            return self._restore_png(values[self.theme.restore], preset)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}

    def _restore_from_history(self, variant_id: int) -> ComponentUpdates:
        """Restores the same from a variant of the history, over the preset that was saved last."""
        try:
            rows = self.studio.stores.variants.get_many([int(variant_id or 0)])
            if not rows:
                raise NotFoundError("history.variant_missing")
            png = self.studio.stores.variants.png(rows[0].variant)
            return self._restore_png(png, self.studio.stores.themes.latest_saved().preset)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}

    def _restore_png(self, png: bytes, preset: Preset) -> ComponentUpdates:
        """The updates that show what a PNG's metadata says.

        Values that the metadata lacks come from recipe A of `preset`. Raises StudioError for an image
        without metadata and for an unknown base image.
        """
        theme, run = self.theme, self.run
        info = read_generation_info(png, preset.recipes.A)
        base = self.studio.stores.base_images.get(info.base_image) if info.base_image else None
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
