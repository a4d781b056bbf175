"""The studio page: builds the panels, and handles what concerns several of them."""

import gradio as gr

from studio.app import AppContainer
from studio.errors import NotFoundError, StudioError
from studio.messages import message
from studio.recipes.generation.job import GenerationRequest
from studio.recipes.generation.planning import plan_job
from studio.recipes.themes.preset import Preset
from studio.services.rendering.control_map_preview import preview_control_maps
from studio.services.rendering.live_preview import make_preview_job
from studio.services.rendering.restore import read_generation_info
from studio.ui.blocks import StudioBlocks
from studio.ui.browser_calls import on_event
from studio.ui.canvas_panel import CanvasPanel
from studio.ui.components import to_data_url
from studio.ui.continue_run import ContinueRun
from studio.ui.draft_storage import DraftStorage
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.grid_panel import GridPanel
from studio.ui.notices import render_notice
from studio.ui.panels import Panels
from studio.ui.recipe_inspector import EditedPreset, unit_maps
from studio.ui.review_link import review_link
from studio.ui.run_panel import RunPanel, parse_seed
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
                review_link(texts, self.theme.initial)
                self.drafts = DraftStorage(studio, texts)
            self.restore_variant = gr.Button(
                texts("studio.restore_named_variant"), elem_id="restore-variant"
            )
            self.variant_id = gr.Number(0, visible=False, precision=0)
            self.continue_run = ContinueRun(studio, texts)
            with gr.Row(elem_id="workbench"):
                # Before the canvas, at whose right it is shown: Tab gets to Generate soon.
                with gr.Column(elem_id="results-pane", min_width=0):
                    self.run = RunPanel(studio, texts)
                with gr.Column(elem_id="canvas-pane", min_width=0):
                    self.drawing = CanvasPanel(studio, texts)
                with gr.Column(elem_id="inspector-pane", min_width=0):
                    self.theme.build_recipes()
                    self.grid = GridPanel(texts)
            self._bind_events()

    @property
    def _request_inputs(self) -> Components:
        """The inputs of `_request`."""
        drawing, run = self.drawing, self.run
        return {*self.theme.edit_inputs, drawing.base_image, drawing.canvas, run.prompt, run.seed}

    def _bind_events(self) -> None:
        self.panels = Panels(self.theme, self.drawing, self.run)
        canvas = self.drawing.canvas
        self.drafts.bind(self.panels)
        self.continue_run.bind(self.panels)
        self._bind_grid()
        self.run.bind(self._request, self._request_inputs, canvas)
        self.theme.bind(self.run.notice, self.drafts.stored)
        self._bind_restore()
        self._bind_previews()
        self._bind_page_load()

    def _bind_previews(self) -> None:
        """The live preview, the base image below the drawing, and the control maps."""
        panel, notice = self.drawing, self.run.notice
        read_drawing = panel.canvas.read_drawing(self._request_inputs)
        panel.canvas.input(
            self._render_preview,
            self._request_inputs,
            {panel.canvas, notice},
            js=read_drawing,
            trigger_mode="always_last",
            **UNQUEUED,
        )
        panel.base_image.input(panel.select_base_image, panel.base_image, panel.canvas, **UNQUEUED)
        inspector = self.theme.inspector
        inspector.submit(
            self._show_control_maps,
            self._request_inputs,
            {inspector, notice},
            js=read_drawing,
            **UNQUEUED,
        )

    def _bind_restore(self) -> None:
        """Sample doodles, and restoring from an image or the history."""
        panel, theme, run = self.drawing, self.theme, self.run
        restored = {
            theme.inspector,
            panel.base_image,
            panel.canvas,
            run.prompt,
            run.seed,
            run.notice,
        }
        panel.sample_doodles.input(
            panel.select_sample_doodle,
            panel.sample_doodles,
            {panel.canvas, panel.base_image},
            **UNQUEUED,
        )
        theme.restore.upload(
            self._restore, {*theme.edit_inputs, theme.restore}, restored, **UNQUEUED
        )
        # The browser takes the variant's id out of the URL.
        found = self.restore_variant.click(
            None,
            None,
            self.variant_id,
            js=on_event("studio/url-params.js", "takeVariantId"),
        )
        found.then(
            self._restore_from_history, {*theme.edit_inputs, self.variant_id}, restored, **UNQUEUED
        )

    def _bind_grid(self) -> None:
        """The dialog of grids, and applying a cell of one."""
        grid, theme, run = self.grid, self.theme, self.run
        grid.bind(
            self._deterministic_request, self._request_inputs, self.drawing.canvas, run.notice
        )
        # The browser says which cell, and for which slot.
        found = grid.apply.click(
            None,
            None,
            [grid.grid_id, grid.cell, grid.slot],
            js=on_event("studio/grid.js", "takeGridCell"),
        )
        found.then(
            self._apply_grid_cell,
            {*theme.edit_inputs, grid.grid_id, grid.cell, grid.slot},
            {theme.inspector, run.prompt, run.seed, run.notice},
            **UNQUEUED,
        )

    def _bind_page_load(self) -> None:
        """Shows the last draft, and only then lets the page take clicks."""
        drafts = self.drafts
        read_draft = on_event("studio/drafts.js", "loadLastDraft")
        opening = self.blocks.load(
            drafts.open_page, drafts.restored, drafts.opened, js=read_draft, **UNQUEUED
        )
        opening.then(None, drafts.draft_inputs, js=drafts.note_request)
        opening.then(None, js=on_event("studio/url-params.js", "openPage"))

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
        """The same with seed 0 in place of a random one: a preview must not flicker, and a grid that is
        started again finds its cached images."""
        return self._request({**values, self.run.seed: max(0, values[self.run.seed] or 0)})

    # Handlers: thin, each over one use case.

    def _render_preview(self, values: ComponentUpdates) -> ComponentUpdates:
        """Renders the drawing by recipe A in a few steps. Gradio runs one at a time, the newest next."""
        try:
            job = make_preview_job(
                self._deterministic_request(values), "A", self.studio.models.catalog
            )
            png = self.studio.rendering.renders.render_preview(job)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}
        return {self.drawing.canvas: gr.update(preview=to_data_url(png))}

    def _show_control_maps(self, values: ComponentUpdates) -> ComponentUpdates:
        """The control maps of the units of the recipe whose tab is open, from the current drawing."""
        edited: EditedPreset | None = values[self.theme.inspector]
        slot = edited.slot if edited else "A"
        try:
            job = plan_job(self._request(values), slot)
            previews = preview_control_maps(
                job, self.studio.stores.base_images.read_png(job.base_image)
            )
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}
        maps = unit_maps(slot, previews, self.texts)
        return {self.theme.inspector: gr.update(control_maps=maps), self.run.notice: ""}

    def _apply_grid_cell(self, values: ComponentUpdates) -> ComponentUpdates:
        """Shows a grid cell's recipe in a slot, and its seed or prompt where these were varied."""
        run, grid = self.run, self.grid
        grid_id, slot = int(values[grid.grid_id] or 0), values[grid.slot]
        try:
            preset = self.theme.current_theme(values)
            cell, request = self.studio.evaluation.grids.cell(grid_id, int(values[grid.cell] or 0))
        except StudioError as error:
            return {run.notice: render_notice(self.texts.of(error), "error")}
        notice = self.texts("studio.grid_applied", slot=slot)
        recipes = preset.recipes.replace(slot, cell.recipe)
        updates: ComponentUpdates = {
            self.theme.inspector: preset.model_copy(update={"recipes": recipes}),
            run.notice: render_notice(notice, "status"),
        }
        if cell.seed != self.studio.stores.grids.get(grid_id).request.seed:
            updates[run.seed] = cell.seed
        if cell.prompt_replacement is not None:
            updates[run.prompt] = request.user_prompt
        return updates

    def _restore(self, values: ComponentUpdates) -> ComponentUpdates:
        """Restores recipe, seed, prompt and base image from an uploaded PNG."""
        try:
            preset = self.theme.current_theme(values)
            return self._restore_png(values[self.theme.restore], preset)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}

    def _restore_from_history(self, values: ComponentUpdates) -> ComponentUpdates:
        """Restores the same from a variant of the history."""
        try:
            preset = self.theme.current_theme(values)
            rows = self.studio.stores.variants.get_many([int(values[self.variant_id] or 0)])
            if not rows:
                raise NotFoundError("history.variant_missing")
            png = self.studio.stores.variants.png(rows[0].variant)
            return self._restore_png(png, preset)
        except StudioError as error:
            return {self.run.notice: render_notice(self.texts.of(error), "error")}

    def _restore_png(self, png: bytes, preset: Preset) -> ComponentUpdates:
        """The updates that show what a PNG's metadata says.

        Values that the metadata lacks come from recipe A of `preset`. Raises StudioError for an image
        without metadata and for an unknown base image.
        """
        run = self.run
        info = read_generation_info(png, preset.recipes.A)
        base = self.studio.stores.base_images.get(info.base_image) if info.base_image else None
        slot = info.slot or "A"
        recipes = preset.recipes.replace(slot, info.recipe)
        notice = message("studio.restored", slot=slot, seed=str(info.seed))
        if info.unsupported_settings:
            notice = message(
                "studio.restored_partly", restored=notice, fields=list(info.unsupported_settings)
            )
        updates: ComponentUpdates = {
            self.theme.inspector: preset.model_copy(update={"recipes": recipes}),
            run.seed: info.request_seed,
            run.prompt: info.extract_user_prompt(preset.theme_prompt),
            run.notice: render_notice(self.texts.of(notice), "status"),
        }
        if base is not None:
            updates |= self.drawing.show_base_image(base)
        return updates
