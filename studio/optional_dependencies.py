"""Extras: optional dependencies of the package, imported only by what needs them."""

from importlib.util import find_spec

from studio.errors import InvalidInputError
from studio.messages import Message


def require_extra(module: str, extra: str, purpose: Message) -> None:
    """Checks that `module`, which the extra `extra` installs, is there before it is imported.

    Raises InputError with `purpose`, what needs it, and the command that installs the extra.
    """
    if find_spec(module) is None:
        raise InvalidInputError("request.extra_missing", purpose=purpose, extra=extra)
