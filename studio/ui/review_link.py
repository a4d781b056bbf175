"""The link from the studio to the review of the version that is open, where it is published."""

import gradio as gr

from studio.recipes.themes.preset import ThemeVersion
from studio.ui.components import OpenVersion
from studio.ui.events import UNQUEUED
from studio.ui.texts import Texts


class ReviewLink:
    """Follows the version that is open: what is unsaved is not published."""

    def __init__(self, texts: Texts, initial: ThemeVersion) -> None:
        self._texts = texts
        self.link = gr.HTML(self.render(initial), elem_id="review-link", padding=False)

    def bind(self, loaded: OpenVersion) -> None:
        """Binds the handler. `loaded` is the version that is open on the page."""
        loaded.change(self.render, loaded, self.link, **UNQUEUED)

    def render(self, loaded: ThemeVersion) -> str:
        """The link as HTML."""
        address = f"/themes/{loaded.preset.slug}/versions/{loaded.version}/review"
        return f'<a href="{address}">{self._texts("studio.review_and_publish")}</a>'
