"""`studio ui` with one more language, which no user is offered: each English template accented and
between brackets, so that a text which is in no template stands out.

    python -m tests.browser.pseudo run --port 7999
"""

import re
from collections.abc import Mapping
from functools import cache

from studio import locales

LANGUAGE = "en-XA"
ACCENTED = str.maketrans("aceinouyACEINOUY", "áçéíñóúýÁÇÉÍÑÓÚÝ")


def accented(template: str) -> str:
    """`template` as the test language has it; its placeholders stay."""
    parts = re.split(r"(\{\w+\})", template)
    return f"⟦{''.join(p if p.startswith('{') else p.translate(ACCENTED) for p in parts)}⟧"


def add_language() -> None:
    """To be done before anything else of the studio is imported: many take these by name."""
    real = locales.templates

    @cache
    def templates(language: str) -> Mapping[str, str]:
        if language != LANGUAGE:
            return real(language)
        return {
            name: text if name.startswith("list.") else accented(text)
            for name, text in real(locales.DEFAULT).items()
        }

    vars(locales).update(
        templates=templates, LANGUAGES={**locales.LANGUAGES, LANGUAGE: "Pseudo-English"}
    )


if __name__ == "__main__":
    add_language()
    from studio.cli.main import main

    main()
