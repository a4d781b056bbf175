"""Pages of HTML in the reader's language: Jinja2 templates, whose texts are ids of `locales/*.json`."""

from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from studio.locales import LANGUAGES
from studio.messages import message


class Templates:
    """The templates of one folder, each compiled once; whatever is put into them is escaped."""

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )

    def render(self, name: str, language: str, /, **values: Any) -> str:
        """The template `name` in `language`, a key of LANGUAGES. In it `t(id, **params)` gives a text,
        `language` and `languages` tell which it is and which there are; `values` are its own."""
        template = self._environment.get_template(name)
        return template.render(
            t=partial(_text, language), language=language, languages=LANGUAGES, **values
        )


def _text(language: str, id_: str, /, **params: str | int) -> str:
    return message(id_, **params).text(language)
