"""The panels that are edited."""

from typing import NamedTuple

from studio.ui.canvas_panel import CanvasPanel
from studio.ui.run_panel import RunPanel
from studio.ui.theme_editor import ThemeEditor


class Panels(NamedTuple):
    """The panels whose values are in a draft."""

    theme: ThemeEditor
    drawing: CanvasPanel
    run: RunPanel
