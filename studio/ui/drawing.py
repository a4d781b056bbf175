"""The panel that is drawn on: the canvas over a base image, and the test doodles."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from studio.bootstrap import Studio
from studio.recipes.canvas import BaseImage
from studio.ui.bases import doodle_address, picture_address
from studio.ui.components import Backdrop, SketchCanvas, Tile, Tiles
from studio.ui.texts import Texts
from studio.ui.wiring import Updates

DOODLES: Mapping[str, str] = {
    "all-black": "studio.doodle_all_black",
    "all-white": "studio.doodle_all_white",
    "dotted-skirt": "studio.doodle_dotted_skirt",
    "green-gown": "studio.doodle_green_gown",
    "half-transparent": "studio.doodle_half_transparent",
    "neon-noise": "studio.doodle_neon_noise",
    "off-the-figure": "studio.doodle_off_the_figure",
    "one-dot": "studio.doodle_one_dot",
    "sporty": "studio.doodle_sporty",
    "star-dress": "studio.doodle_star_dress",
    "striped-set": "studio.doodle_striped_set",
    "text": "studio.doodle_text",
}
"""Ids of the shipped test doodles' names."""


class DrawingPanel:
    def __init__(self, studio: Studio, texts: Texts) -> None:
        self.studio = studio
        bases = studio.bases.all()
        self.canvas = SketchCanvas(self.backdrop(bases[0]), texts, elem_id="canvas")
        self.live = gr.Checkbox(
            False, label=texts("studio.live_preview"), elem_id="live", container=False
        )
        self.glimpse = gr.HTML(elem_id="glimpse")
        bases_title, pack_title = texts("studio.base_image"), texts("studio.test_doodles")
        gr.HTML(f"<h2>{bases_title}</h2>", elem_classes="section")
        self.base = Tiles(bases_title, self.tiles(), bases[0].id, elem_id="bases")
        gr.HTML(f"<h2>{pack_title}</h2>", elem_classes="section")
        pack = [
            Tile(id=d.name, name=texts(DOODLES.get(d.name, d.name)), src=doodle_address(d.name))
            for d in studio.doodles
        ]
        self.pack = Tiles(pack_title, pack, None, elem_id="pack")

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
