"""What the script and the stylesheet of each page of `templates` are made of."""

from collections.abc import Mapping, Sequence

from studio.server.bundles import PageFiles
from studio.server.places import PLAIN_PAGES

_FRAME = (
    "web/styles/tokens.css",
    "web/styles/dialogs.css",
    "web/styles/pages.css",
    "web/styles/shell.css",
)
_STYLES: Mapping[str, Sequence[str]] = {
    "api-keys": ["admin"],
    "audit": ["admin"],
    "base-images": ["assets", "canvas"],
    "blind-tests": ["tests"],
    "history": ["history", "lightbox"],
    "log": ["admin"],
    "models": ["assets"],
    "moderation": ["admin"],
    "people": ["admin"],
    "system": ["admin"],
    "tests": ["grid", "tests"],
    "theme": ["themes"],
    "theme-policy": ["themes", "admin"],
    "theme-review": ["themes"],
    "themes": ["themes"],
    "tuning": ["grid", "tests"],
}
"""The names of further style sheets of `studio/web/styles`, by page."""
_SHELL = ("pages/language-link.js", "shell/index.js")


def _with_shell(page: str) -> PageFiles:
    styles = [f"web/styles/{name}.css" for name in _STYLES.get(page, ())]
    return PageFiles((f"pages/{page}.js", *_SHELL), (*_FRAME, *styles))


PAGE_FILES: Mapping[str, PageFiles] = {
    **{page.template: _with_shell(page.template) for page in PLAIN_PAGES},
    "theme": _with_shell("theme"),
    "theme-policy": _with_shell("theme-policy"),
    "theme-review": _with_shell("theme-review"),
    "not-found": PageFiles(_SHELL, _FRAME),
    "sign-in": PageFiles(_SHELL[:1], _FRAME),
    "play": PageFiles(
        ["pages/play.js"],
        ["web/styles/tokens.css", "web/styles/canvas.css", "server/static/play.css"],
    ),
}
"""By the name of the template."""
