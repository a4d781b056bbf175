"""The link from the studio to the review of the version that is open, where it is published."""

import gradio as gr

from studio.recipes.themes.preset import ThemeVersion
from studio.ui.texts import Texts


def review_link(texts: Texts, version: ThemeVersion) -> gr.HTML:
    """A link for the version that the page opens with.

    The browser changes its address along with the version that it shows (`web/studio/version-state.js`): an
    answer of the server's own would come after that of a save, and a quick click would miss it.
    """
    address = f"/themes/{version.preset.slug}/versions/{version.version}/review"
    link = f'<a href="{address}">{texts("studio.review_and_publish")}</a>'
    return gr.HTML(link, elem_id="review-link", padding=False)
