"""The texts of the page in one language; the page is built once for each language."""

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
        """The text with this id, with `params` in its placeholders."""
        return message(id_, **params).text(self.language)

    def of(self, text: str | Message | StudioError) -> str:
        """A message, or the message of an error. Text that is neither id nor message is returned as it is.

        Errors lose what belongs in the log alone, such as the database's URL.
        """
        if isinstance(text, StudioError):
            text = redacted_message(text)
        return text.text(self.language) if isinstance(text, Message) else self(text)
