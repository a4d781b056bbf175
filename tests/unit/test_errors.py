"""The error tree: exit codes, HTTP statuses, the drawing in the module's docstring, pickling."""

import pickle
import re

from studio import errors
from studio.errors import (
    AddressInUseError,
    ApiError,
    CapacityError,
    DeviceLostError,
    StudioError,
    VersionConflictError,
)
from studio.server import problems


def error_classes(kind: type[StudioError] = StudioError) -> list[type[StudioError]]:
    """The classes of `studio.errors`."""
    nested = [each for sub in kind.__subclasses__() for each in error_classes(sub)]
    return [each for each in (kind, *nested) if each.__module__ == errors.__name__]


def test_docstring_draws_every_error() -> None:
    drawn = re.findall(r"^[│├└─ ]*(\w+Error)\b", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(kind.__name__ for kind in error_classes())


# Issue 19, 2.
def test_every_error_is_named_error() -> None:
    assert [kind for kind in error_classes() if not kind.__name__.endswith("Error")] == []


# Issue 19, 2.
def test_version_conflict_is_409() -> None:
    conflict = VersionConflictError("theme.exists", name="Spring")
    assert problems.status_of(conflict) == 409


def test_exit_codes_of_servers_and_clients() -> None:
    assert [AddressInUseError.exit_code, ApiError.exit_code, DeviceLostError.exit_code] == [6, 6, 9]


def test_error_keeps_its_message_and_fields_when_pickled() -> None:
    error = CapacityError("request.not_found", 7, id="abc")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.message, copy.retry_after_seconds) == (error.message, 7)
