"""Removes what is internal from texts for clients: URLs, paths and object addresses of this process."""

import re
from typing import Any

from studio.messages import Message

_INTERNAL = re.compile(
    r"""[a-z][a-z0-9+.-]*://[^\s'"()]+   # URLs, with or without credentials
    | (?<![\w/.])/[^\s/'"()]+/[^\s'"()]+   # paths with at least one directory
    | <[\w.]+\ object\ at\ 0x[0-9a-f]+>""",
    re.VERBOSE,
)


def redact(text: str) -> str:
    """`text` without URLs, paths and object addresses; lone surrogates are escaped, since UTF-8 cannot
    carry them."""
    return _INTERNAL.sub("…", text).encode("utf-8", "backslashreplace").decode()


def redact_message(error: Message) -> Message:
    """`error` with its id and every text among its parameters redacted, also in nested messages."""
    params = {name: _redact_param(value) for name, value in error.params.items()}
    return Message(id=redact(error.id), params=params)


def _redact_param(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case Message():
            return redact_message(value)
        case list():
            return [_redact_param(item) for item in value]
    return value
