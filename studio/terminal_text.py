"""Text as any terminal shows it: names, notes and file names come from others, who may have put signs
into them that a terminal obeys."""

import re

_OBEYED = (
    r"\x00-\x09\x0b-\x1f\x7f-\x9f"  # control characters but the line feed, C1 among them
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # what turns the direction of a line
    r"\u2028\u2029\ufeff\ud800-\udfff"  # line ends, byte order mark, halves of characters
)
_IN_LINE, _IN_LINES = re.compile(rf"[\n{_OBEYED}]"), re.compile(rf"[{_OBEYED}]")


def printable(text: str) -> str:
    """One line: control and bidi characters stand in it as `\\x1b` and `\\u202e`."""
    return _IN_LINE.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """The same for a text whose line ends are the studio's own."""
    return _IN_LINES.sub(_escaped, text)


def printable_json(document: str) -> str:
    """A JSON document that means the same: such characters stand in strings alone."""
    return _IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()
