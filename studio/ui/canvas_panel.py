"""The panel that is drawn on: the canvas over a base image, and the test doodles."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from studio.app import AppContainer
from studio.recipes.base_image import BaseImage
from studio.server.routers.base_images import base_image_url, sample_doodle_url
from studio.ui.components import CanvasBackground, ImageOption, ImageRadio, SketchCanvas
from studio.ui.events import ComponentUpdates
from studio.ui.texts import Texts

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


class CanvasPanel:
    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio = studio
        bases = studio.base_images.list_all()
        self.canvas = SketchCanvas(self.backdrop(bases[0]), texts, elem_id="canvas")
        self.live = gr.Checkbox(
            False, label=texts("studio.live_preview"), elem_id="live", container=False
        )
        self.preview = gr.HTML(elem_id="glimpse")
        bases_title, pack_title = texts("studio.base_image"), texts("studio.test_doodles")
        gr.HTML(f"<h2>{bases_title}</h2>", elem_classes="section")
        self.base_image = ImageRadio(bases_title, self.tiles(), bases[0].id, elem_id="bases")
        gr.HTML(f"<h2>{pack_title}</h2>", elem_classes="section")
        pack = [
            ImageOption(
                id=d.name, name=texts(DOODLES.get(d.name, d.name)), src=sample_doodle_url(d.name)
            )
            for d in studio.sample_doodles
        ]
        self.sample_doodles = ImageRadio(pack_title, pack, None, elem_id="pack")

    def tiles(self) -> list[ImageOption]:
        """The base images that are offered."""
        bases = self.studio.base_images.list_all()
        return [ImageOption(id=b.id, name=b.name, src=base_image_url(b)) for b in bases]

    def show_base_image(self, base: BaseImage) -> ComponentUpdates:
        """What shows `base`, chosen among the images that are offered now."""
        return {
            self.base_image: gr.update(value=base.id, tiles=self.tiles()),
            self.canvas: gr.update(base=self.backdrop(base)),
        }

    def select_base_image(self, base_id: str | None) -> Any:
        base = self.studio.base_images.get(base_id or "")
        return gr.update(base=self.backdrop(base))

    def choose_doodle(self, name: str | None) -> ComponentUpdates:
        """The test doodle on the canvas, over the base image it was drawn on."""
        for doodle in self.studio.sample_doodles:
            if doodle.name == name:
                if doodle.base_image is None:
                    return {self.canvas: gr.update(value=doodle.png), self.base_image: gr.skip()}
                base = self.studio.base_images.get(doodle.base_image)
                return {
                    self.canvas: gr.update(value=doodle.png, base=self.backdrop(base)),
                    self.base_image: base.id,
                }
        return {self.canvas: gr.skip()}

    def backdrop(self, base: BaseImage) -> CanvasBackground:
        """The base image as the canvas shows it."""
        src = base_image_url(base)
        return CanvasBackground(src=src, name=base.name, width=base.width, height=base.height)
