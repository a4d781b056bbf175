"""The button of grids (X/Y/Z plots): opens the dialog of `studio/web/grid` over what the page shows."""

import base64
import json
from functools import partial

import gradio as gr

from studio.errors import StudioError
from studio.recipes.generation.job import GenerationRequest
from studio.ui.browser_calls import on_event
from studio.ui.events import UNQUEUED, Components, ComponentUpdates, RequestReader
from studio.ui.notices import render_notice
from studio.ui.sketch_canvas import SketchCanvas
from studio.ui.texts import Texts


class GridPanel:
    """The dialog asks the API for all else; a cell that is to be applied comes back by `apply`.

    `apply` is not shown: the browser sets `grid_id`, `cell` and `slot` when it presses it.
    """

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.open = gr.Button(texts("studio.grid_open"), elem_id="open-grid")
        self.source = gr.Textbox("", visible=False)
        self.apply = gr.Button(texts("studio.grid_apply"), elem_id="apply-grid-cell")
        self.grid_id = gr.Number(0, visible=False, precision=0)
        self.cell = gr.Number(0, visible=False, precision=0)
        self.slot = gr.Textbox("A", visible=False)

    def bind(
        self,
        request: RequestReader,
        request_inputs: Components,
        canvas: SketchCanvas,
        notice: gr.components.Component,
    ) -> None:
        """Binds the button.

        `request` makes a request from the values of `request_inputs`, with the drawing on `canvas`; it may
        raise StudioError, which `notice` shows.
        """
        describe = partial(self._describe, request, notice)
        described = self.open.click(
            describe,
            request_inputs,
            {self.source, notice},
            js=canvas.read_drawing(request_inputs),
            **UNQUEUED,
        )
        opened = on_event("studio/grid.js", "openGridEditor")
        described.then(None, self.source, None, js=opened)

    def _describe(
        self,
        request: RequestReader,
        notice: gr.components.Component,
        values: ComponentUpdates,
    ) -> ComponentUpdates:
        try:
            source = describe_source(request(values))
        except StudioError as error:
            return {self.source: "", notice: render_notice(self.texts.of(error), "error")}
        return {self.source: source, notice: ""}


def describe_source(request: GenerationRequest) -> str:
    """What a grid varies, as JSON: `GridSource` of `studio/web/grid/grid-editor.js`."""
    preset, version = request.preset, request.theme_version
    document = preset.model_dump(mode="json")
    doodle = request.doodle and base64.b64encode(request.doodle.png_bytes).decode()
    body: dict[str, object] = {
        "base_image": request.base_image.id,
        "doodle": doodle,
        "prompt": request.user_prompt,
        "seed": request.seed,
    }
    if version is None:
        body["preset"] = document
    else:
        body["theme"] = {"slug": preset.slug, "version": version}
    preview = {"name": preset.name, "recipes": document["recipes"]}
    return json.dumps({"body": body, "preset": preview, "version": version})
