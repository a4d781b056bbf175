"""The Gradio theme of the page: the design tokens of `studio/web/styles/tokens.css`, light and dark."""

from collections.abc import Mapping

import gradio as gr

FONTS = (
    "Inter",
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "PingFang SC",
    "Microsoft YaHei",
    "system-ui",
    "sans-serif",
)
"""As the token `--font`, a variable that Gradio sets as well."""
TOKENS: Mapping[str, str] = {
    "body_background_fill": "bg",
    "body_text_color": "ink",
    "body_text_color_subdued": "ink-2",
    "background_fill_primary": "panel",
    "background_fill_secondary": "well",
    "border_color_primary": "line",
    "border_color_accent": "brand",
    "color_accent_soft": "brand-soft",
    "link_text_color": "info",
    "link_text_color_hover": "info",
    "link_text_color_active": "info",
    "link_text_color_visited": "info",
    "block_background_fill": "panel",
    "block_border_color": "line",
    "block_title_text_color": "ink-2",
    "block_label_background_fill": "panel",
    "block_label_text_color": "ink-2",
    "block_info_text_color": "ink-2",
    "panel_background_fill": "panel",
    "panel_border_color": "line",
    "accordion_text_color": "ink",
    "input_background_fill": "panel",
    "input_background_fill_hover": "panel",
    "input_background_fill_focus": "panel",
    "input_border_color": "line",
    "input_border_color_hover": "line",
    "input_border_color_focus": "info",
    "input_placeholder_color": "ink-3",
    "checkbox_background_color": "panel",
    "checkbox_background_color_selected": "brand",
    "checkbox_border_color": "line",
    "checkbox_border_color_selected": "brand",
    "checkbox_border_color_focus": "info",
    "checkbox_label_background_fill": "panel",
    "checkbox_label_text_color": "ink",
    "slider_color": "brand",
    "button_primary_background_fill": "brand",
    "button_primary_background_fill_hover": "brand",
    "button_primary_border_color": "brand",
    "button_primary_text_color": "brand-ink",
    "button_secondary_background_fill": "raised",
    "button_secondary_background_fill_hover": "well",
    "button_secondary_border_color": "line",
    "button_secondary_text_color": "ink",
    "button_cancel_background_fill": "raised",
    "button_cancel_background_fill_hover": "well",
    "button_cancel_border_color": "danger",
    "button_cancel_text_color": "danger",
    "error_text_color": "danger",
    "error_border_color": "danger",
}
"""Gradio's variables that have a light and a dark value, and the tokens that give both."""


def build_gradio_theme() -> gr.themes.Base:
    """Gradio's base theme in the tokens' colors and radii; no font is loaded from another host."""
    theme = gr.themes.Base(
        primary_hue=gr.themes.colors.rose,
        neutral_hue=gr.themes.colors.stone,
        font=FONTS,
        font_mono=["ui-monospace", "JetBrains Mono", "monospace"],
    )
    colors = {name: f"var(--{token})" for name, token in TOKENS.items()}
    dark = {f"{name}_dark": color for name, color in colors.items()}
    return theme.set(
        **colors,
        **dark,
        color_accent="var(--brand)",
        block_radius="var(--r2)",
        container_radius="var(--r2)",
        input_radius="var(--r1)",
        checkbox_border_radius="4px",
        button_small_radius="var(--r1)",
        button_medium_radius="var(--r1)",
        button_large_radius="var(--r1)",
    )
