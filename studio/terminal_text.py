"""Escapes control characters in text for terminals and logs.

Names, notes and file names come from others, and may contain escape sequences that a terminal
executes.
"""

import re

_CONTROL = (
    r"\x00-\x09\x0b-\x1f\x7f-\x9f"  # C0 but the line feed, DEL, C1
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional formatting
    r"\u2028\u2029\ufeff\ud800-\udfff"  # line separators, byte order mark, surrogates
)
_CONTROL_OR_NEWLINE = re.compile(rf"[\n{_CONTROL}]")
_CONTROL_ONLY = re.compile(rf"[{_CONTROL}]")


def printable(text: str) -> str:
    r"""The text as one line, with control and bidi characters escaped as `\x1b` and `\u202e`."""
    return _CONTROL_OR_NEWLINE.sub(_escape, text)


def printable_lines(text: str) -> str:
    """The same for a text of several lines, whose line feeds stay."""
    return _CONTROL_ONLY.sub(_escape, text)


def printable_json(document: str) -> str:
    r"""An equal JSON document with control characters in its strings escaped as `\u001b`."""
    return _CONTROL_ONLY.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()
