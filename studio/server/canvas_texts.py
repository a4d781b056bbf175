"""What a `<doodle-canvas>` (`studio/web/canvas`) is given by a page: its texts, and the colors of its palette."""

from collections.abc import Callable

from studio.locales import DEFAULT, templates
from studio.recipes.palette import NAME_IDS, PALETTE

_PREFIX = "studio.canvas"


def canvas_texts(text: Callable[[str], str]) -> dict[str, str]:
    """The canvas's texts by id. `text` returns the text of an id in the reader's language."""
    return {id_: text(id_) for id_ in templates(DEFAULT) if id_.startswith(_PREFIX)}


def canvas_palette(text: Callable[[str], str]) -> list[dict[str, str]]:
    """The colors, each with its name. `text` returns the text of an id in the reader's language."""
    return [{"name": text(NAME_IDS[name]), "hex": color} for name, color in PALETTE]
