"""The drawing panel: the canvas over a base image, the choice of that image, and sample doodles."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gradio as gr

from studio.app import AppContainer
from studio.errors import StudioError
from studio.recipes.base_image import BaseImage
from studio.server.routers.base_images import base_image_url
from studio.services.thumbnails import SIZES, thumbnail_webp
from studio.ui.components import ImageOption, ImageRadio, webp_data_url
from studio.ui.events import ComponentUpdates
from studio.ui.sketch_canvas import SketchCanvas, canvas_background
from studio.ui.texts import Texts

SAMPLE_DOODLE_NAMES: Mapping[str, str] = {
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
"""Text ids of the names of the shipped sample doodles, by file name."""


TILE_SIZE = SIZES[0]
"""Pixels of the thumbnails of base images and sample doodles."""


class CanvasPanel:
    """`canvas` is drawn on; `base_image` and `sample_doodles` are chosen."""

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio = studio
        base = self.default_base_image()
        self.canvas = SketchCanvas(canvas_background(base), elem_id="canvas")
        base_title, doodles_title = texts("studio.base_image"), texts("studio.sample_doodles")
        gr.HTML(f"<h2>{base_title}</h2>", elem_classes="section")
        self.base_image = ImageRadio(
            base_title, self.base_image_options(), base.id, elem_id="base-images"
        )
        gr.HTML(f"<h2>{doodles_title}</h2>", elem_classes="section")
        doodles = [
            ImageOption(
                id=doodle.name,
                name=texts(SAMPLE_DOODLE_NAMES.get(doodle.name, doodle.name)),
                src=webp_data_url(thumbnail_webp(doodle.png, TILE_SIZE)),
            )
            for doodle in studio.authoring.sample_doodles
        ]
        self.sample_doodles = ImageRadio(doodles_title, doodles, None, elem_id="sample-doodles")

    def default_base_image(self) -> BaseImage:
        """The base image that a page without a draft opens with."""
        return self.studio.stores.base_images.list_all()[0]

    def base_image_options(self) -> list[ImageOption]:
        """The base images that can be chosen now."""
        bases = self.studio.stores.base_images.list_all()
        return [ImageOption(id=base.id, name=base.name, src=self._tile(base)) for base in bases]

    def _tile(self, base: BaseImage) -> str:
        """The URL of a base image's thumbnail; where it cannot be read, that of the image."""
        stores = self.studio.stores
        read = partial(stores.base_images.read_png, base)
        try:
            return webp_data_url(stores.thumbnails.get(base.sha256, TILE_SIZE, read))
        except StudioError:
            return base_image_url(base)

    def show_base_image(self, base: BaseImage) -> ComponentUpdates:
        """Chooses `base`, and renews the base images that can be chosen."""
        return {
            self.base_image: gr.update(value=base.id, tiles=self.base_image_options()),
            self.canvas: gr.update(base=canvas_background(base)),
        }

    def select_base_image(self, base_id: str | None) -> Any:
        """Handler: the canvas over another base image. Raises NotFoundError for an unknown id."""
        base = self.studio.stores.base_images.get(base_id or "")
        return gr.update(base=canvas_background(base))

    def select_sample_doodle(self, name: str | None) -> ComponentUpdates:
        """Handler: a sample doodle on the canvas, over the base image that it was drawn on."""
        doodle = next(
            (item for item in self.studio.authoring.sample_doodles if item.name == name), None
        )
        if doodle is None:
            return {self.canvas: gr.skip()}
        if doodle.base_image is None:
            return {self.canvas: gr.update(value=doodle.png), self.base_image: gr.skip()}
        base = self.studio.stores.base_images.get(doodle.base_image)
        return {
            self.canvas: gr.update(value=doodle.png, base=canvas_background(base)),
            self.base_image: base.id,
        }
