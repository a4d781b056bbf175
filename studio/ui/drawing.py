"""The panel that is drawn on: the canvas over a base image, and the test doodles."""

from typing import Any

import gradio as gr

from studio.bootstrap import Studio
from studio.recipes.canvas import BaseImage
from studio.ui.bases import doodle_address, picture_address
from studio.ui.components import Backdrop, SketchCanvas, Tile, Tiles
from studio.ui.wiring import Updates


class DrawingPanel:
    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        bases = studio.bases.all()
        self.canvas = SketchCanvas(self.backdrop(bases[0]), elem_id="canvas")
        self.live = gr.Checkbox(False, label="Live preview", elem_id="live", container=False)
        self.glimpse = gr.HTML(elem_id="glimpse")
        gr.HTML("<h2>Base image</h2>", elem_classes="section")
        self.base = Tiles("Base image", self.tiles(), bases[0].id, elem_id="bases")
        gr.HTML("<h2>Test doodles</h2>", elem_classes="section")
        pack = [
            Tile(id=d.name, name=d.name.replace("-", " "), src=doodle_address(d.name))
            for d in studio.doodles
        ]
        self.pack = Tiles("Test doodles", pack, None, elem_id="pack")

    def tiles(self) -> list[Tile]:
        """The base images that are offered."""
        bases = self.studio.bases.all()
        return [Tile(id=b.id, name=b.name, src=picture_address(b)) for b in bases]

    def shown_base(self, base: BaseImage) -> Updates:
        """What shows `base`, chosen among the images that are offered now."""
        return {
            self.base: gr.update(value=base.id, tiles=self.tiles()),
            self.canvas: gr.update(base=self.backdrop(base)),
        }

    def choose_base(self, base_id: str | None) -> Any:
        base = self.studio.bases.get(base_id or "")
        return gr.update(base=self.backdrop(base))

    def choose_doodle(self, name: str | None) -> Updates:
        """The test doodle on the canvas, over the base image it was drawn on."""
        for doodle in self.studio.doodles:
            if doodle.name == name:
                if doodle.base_image is None:
                    return {self.canvas: gr.update(value=doodle.png), self.base: gr.skip()}
                base = self.studio.bases.get(doodle.base_image)
                return {
                    self.canvas: gr.update(value=doodle.png, base=self.backdrop(base)),
                    self.base: base.id,
                }
        return {self.canvas: gr.skip()}

    def backdrop(self, base: BaseImage) -> Backdrop:
        """The base image as the canvas shows it."""
        src = picture_address(base)
        return Backdrop(src=src, name=base.name, width=base.width, height=base.height)
