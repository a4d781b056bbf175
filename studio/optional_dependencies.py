"""Checks for the optional dependencies (extras) of the package."""

from importlib.util import find_spec

from studio.errors import InvalidInputError
from studio.messages import Message


def is_installed(module: str) -> bool:
    """Whether an optional dependency is installed."""
    return find_spec(module) is not None


def require_extra(module: str, extra: str, purpose: Message) -> None:
    """Checks that an optional dependency is installed, before it is imported.

    Args:
        module: name of the module to be imported.
        extra: the extra of this package that installs it.
        purpose: what needs it, for the error.

    Raises InvalidInputError, which names the command that installs the extra.
    """
    if not is_installed(module):
        raise InvalidInputError("request.extra_missing", purpose=purpose, extra=extra)
