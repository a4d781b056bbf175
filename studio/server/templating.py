"""Jinja2 templates of the pages; their texts are message ids of `locales/*.json`."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from studio.locales import LANGUAGES
from studio.messages import message

_CONTROL = re.compile(r"<(button|input|select|textarea)\b")


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
        self._environment.filters["await_script"] = await_script

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


def await_script(html: str) -> str:
    """The filter of `{% filter await_script %}`: controls take no press and no key until the page's script answers them.

    `studio/web/lib/ready.js` takes the attributes away again. Links work at once.
    """
    # Jinja hands over Markup, which escapes what is joined to it, and expects Markup.
    return type(html)(_CONTROL.sub(r"<\1 inert data-waits", str(html)))


def _translate(language: str, id_: str, /, **params: str | int) -> str:
    return message(id_, **params).text(language)
