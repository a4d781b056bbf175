"""The Gradio theme and style sheet of the page, in light and dark."""

from pathlib import Path

import gradio as gr

STYLESHEET = Path(__file__).parent / "static" / "studio.css"


def build_gradio_theme() -> gr.themes.Base:
    """Gradio's base theme with the studio's colors and system fonts; no font is loaded from another host."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.rose,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_md,
        font=["system-ui", "Noto Sans CJK SC", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        # Gradio's own have a contrast under 4.5 (WCAG AA) on this background.
        body_text_color_subdued="*neutral_600",
        block_title_text_color="*neutral_700",
        block_info_text_color="*neutral_600",
        button_primary_background_fill="#c8324a",
        button_primary_background_fill_dark="#d2405a",
    )
