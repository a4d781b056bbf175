"""The texts of the studio's page, in the language it was built for."""

from collections.abc import Sequence
from dataclasses import dataclass

from studio.errors import StudioError
from studio.locales import DEFAULT
from studio.messages import Message, message
from studio.server.page_errors import redacted_message


@dataclass(frozen=True)
class Texts:
    """`texts("studio.steps")` is the text with that id in `language`, a key of `locales.LANGUAGES`."""

    language: str = DEFAULT

    def __call__(
        self, id_: str, /, **params: str | int | float | Message | Sequence[str | Message]
    ) -> str:
        return message(id_, **params).text(self.language)

    def of(self, text: str | Message | StudioError) -> str:
        """A message, or an error's without what belongs in the log alone, where it is written; a plain
        sentence is given back as it is."""
        if isinstance(text, StudioError):
            text = redacted_message(text)
        return text.text(self.language) if isinstance(text, Message) else self(text)
