"""Jinja2 templates of the pages; their texts are message ids of `locales/*.json`."""

from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from studio.locales import LANGUAGES
from studio.messages import message


class Templates:
    """The templates of one directory, each compiled once. Values are escaped (autoescape)."""

    def __init__(self, directory: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(directory),
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )

    def render(self, name: str, language: str, /, **values: Any) -> str:
        """The template `name` as HTML.

        Args:
            name: the file's name.
            language: a key of LANGUAGES.
            **values: variables of the template. It also has `t(id, **params)` for texts, `language` and
                `languages`.
        """
        template = self._environment.get_template(name)
        return template.render(
            t=partial(_translate, language), language=language, languages=LANGUAGES, **values
        )


def _translate(language: str, id_: str, /, **params: str | int) -> str:
    return message(id_, **params).text(language)
