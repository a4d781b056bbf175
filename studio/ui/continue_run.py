"""Continuing from a stored run: its recipes, prompt, seed, base image and doodle become what the page has."""

import gradio as gr
from PIL import Image

from studio.app import AppContainer
from studio.errors import NotFoundError, StudioError
from studio.imaging.png_io import encode_png
from studio.recipes.generation.job import Variant
from studio.recipes.themes.preset import Preset, ThemeVersion
from studio.services.rendering.restore import restore_run
from studio.ui.browser_calls import on_event
from studio.ui.events import UNQUEUED, Components, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.panels import Panels
from studio.ui.sketch_canvas import canvas_background
from studio.ui.texts import Texts


class ContinueRun:
    """A button that is not shown: the browser says which run when it presses it."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        self.button = gr.Button(texts("studio.continue_named_run"), elem_id="continue-run")
        self.run_id = gr.Textbox("", visible=False)

    def bind(self, panels: Panels) -> None:
        """Binds the handler."""
        self.panels = theme, drawing, run = panels
        outputs: Components = {
            *(*theme.fields, theme.loaded, theme.preset),
            *(drawing.base_image, drawing.canvas),
            *(run.prompt, run.seed, run.notice),
        }
        found = self.button.click(
            None, None, self.run_id, js=on_event("results/index.js", "takeRunToContinue")
        )
        found.then(self._continue, {*theme.edit_inputs, self.run_id}, outputs, **UNQUEUED)

    def _continue(self, values: ComponentUpdates) -> ComponentUpdates:
        """Shows what the run was made with; its theme is opened where another one is open."""
        run, run_id = self.panels.run, values[self.run_id] or ""
        try:
            variants = self.studio.stores.variants.list_for_request(run_id)
            if not variants:
                raise NotFoundError("history.variant_missing")
            preset, saved = self._find_theme(variants[0].theme_slug, values)
        except StudioError as error:
            return {run.notice: render_notice(self.texts.of(error), "error")}
        restored = restore_run(variants, preset)
        theme = self.panels.theme
        updates: ComponentUpdates = {theme.inspector: restored.preset}
        if saved is not values[theme.loaded]:
            updates = theme.to_updates(restored.preset, saved)
        drawn = self._show_drawing(variants[0])
        notice = "studio.continued" if drawn is not None else "studio.continued_without_doodle"
        return {
            **updates,
            **(drawn or {}),
            run.prompt: restored.user_prompt,
            run.seed: restored.seed,
            run.notice: render_notice(self.texts(notice), "status"),
        }

    def _find_theme(self, slug: str, values: ComponentUpdates) -> tuple[Preset, ThemeVersion]:
        """The run's theme as it is edited on the page, or else its latest version, and what is saved of it.

        Raises NotFoundError.
        """
        theme = self.panels.theme
        loaded: ThemeVersion = values[theme.loaded]
        if slug != loaded.preset.slug:
            saved = self.studio.stores.themes.get_version(slug)
            return saved.preset, saved
        try:
            return theme.current_theme(values), loaded
        except StudioError:  # What is invalid is replaced.
            return loaded.preset, loaded

    def _show_drawing(self, variant: Variant) -> ComponentUpdates | None:
        """The run's base image with its doodle; None where they are no longer stored."""
        drawing = self.panels.drawing
        try:
            base = self.studio.stores.base_images.get(variant.base_image)
            if variant.doodle_sha256:
                doodle = self.studio.stores.variants.read_image(variant.doodle_sha256)
            else:
                doodle = encode_png(Image.new("RGBA", (base.width, base.height)))
        except NotFoundError:
            return None
        canvas = gr.update(base=canvas_background(base), value=doodle)
        return {**drawing.show_base_image(base), drawing.canvas: canvas}
