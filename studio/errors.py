"""The errors that an operator or a client can meet. Each message names the thing and the hint.

StudioError                         exit code 1
├── InvalidInputError               2   the input cannot be accepted as it is
│   ├── InvalidImageError               not a PNG, of the wrong size, too large, broken
│   ├── InvalidDocumentError            an invalid recipe or preset document
│   ├── ContentBlockedError             a prompt or doodle that moderation blocks
│   ├── VersionConflictError            somebody else saved or deployed meanwhile (HTTP 409)
│   └── PreflightFailedError            a version that fails the checks before its deployment
├── NotFoundError                   3   a theme, base image or model that does not exist
├── ModelError                      4   model files
│   ├── CorruptModelError               cannot be read
│   ├── IncompatibleModelError          can be read, but does not fit the other models
│   └── ModelHubError                   a model hub that does not answer, or asks for consent
├── StorageError                    5   the data directory or the database
│   ├── StorageUnavailableError         read-only, full, locked: a retry may succeed
│   ├── StoreInUseError                 another server renders for this database
│   ├── SchemaTooNewError               written by a newer version of the studio
│   └── UnstorableValueError            a value that no database takes: a retry fails again
├── CapacityError                   8   too much at once: retry later (HTTP 429)
├── AddressInUseError               6   a server cannot listen on its address
├── ApiError                        6   the API does not answer, or answers with a server error
└── RenderError                     7   rendering failed
    ├── InsufficientMemoryError         a model does not fit beside what is in use
    ├── JobTimeoutError                 a job exceeded its time limit
    ├── WorkerHungError                 a job hangs where it cannot be cancelled
    ├── DeviceLostError             9   the device fails every job until the process is restarted
    └── JobCancelledError               somebody cancelled the job
"""

from collections.abc import Sequence

from studio.messages import Message, message


def _unpickle(kind: type[Exception], text: Message, state: dict[str, object]) -> Exception:
    error = kind.__new__(kind, text.id)
    error.__dict__.update(state)
    return error


class StudioError(Exception):
    """An error with a message id of `locales/*.json` and the message's parameters.

    `str()` gives the English text; `message.text(language)` gives it in the language of a reader.
    """

    exit_code = 1

    def __init__(
        self, code: str, /, **params: str | int | float | Message | Sequence[str | Message]
    ) -> None:
        super().__init__(code)
        self.message = message(code, **params)

    @property
    def code(self) -> str:
        """The id of the message."""
        return self.message.id

    def __str__(self) -> str:
        return str(self.message)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross to other processes (multiprocessing, Celery) with their parameters.
        return _unpickle, (type(self), self.message, self.__dict__)


class InvalidInputError(StudioError):
    """The input cannot be accepted as it is."""

    exit_code = 2


class InvalidImageError(InvalidInputError):
    """An image that is not a PNG, has the wrong size, is too large or broken."""


class InvalidDocumentError(InvalidInputError):
    """An invalid recipe, preset or stored document."""


class ContentBlockedError(InvalidInputError):
    """A prompt or doodle that moderation blocks."""


class VersionConflictError(InvalidInputError):
    """The version that was edited is not the latest any more (optimistic concurrency)."""


class PreflightFailedError(InvalidInputError):
    """A theme version that fails the checks before its deployment."""


class NotFoundError(StudioError):
    """Something that was named does not exist."""

    exit_code = 3


class ModelError(StudioError):
    """A problem with model files."""

    exit_code = 4


class CorruptModelError(ModelError):
    """A model file that cannot be read."""


class IncompatibleModelError(ModelError):
    """A model that can be read, but does not fit the other models."""


class ModelHubError(ModelError):
    """A model hub that does not answer, or asks for consent first."""


class StorageError(StudioError):
    """A problem with the data directory, the database or the broker."""

    exit_code = 5


class StorageUnavailableError(StorageError):
    """A store that is read-only, full, locked or away: a retry may succeed."""


class StoreInUseError(StorageError):
    """Another server renders for this database."""


class SchemaTooNewError(StorageError):
    """A newer version of the studio has upgraded the database."""


class UnstorableValueError(StorageError):
    """A value that no database takes: a retry fails again."""


class CapacityError(StudioError):
    """Too many requests. After `retry_after_seconds` there is probably capacity again."""

    exit_code = 8

    def __init__(
        self,
        code: str,
        retry_after_seconds: int,
        /,
        **params: str | int | float | Message | Sequence[str | Message],
    ) -> None:
        super().__init__(code, **params)
        self.retry_after_seconds = retry_after_seconds


class AddressInUseError(StudioError):
    """A server cannot listen on its address: it is in use, or may not be used in this way."""

    exit_code = 6


class ApiError(StudioError):
    """The Python client got no answer from the API, or a server error."""

    exit_code = 6


class RenderError(StudioError):
    """Rendering failed."""

    exit_code = 7


class InsufficientMemoryError(RenderError):
    """A model does not fit into memory beside what is in use."""


class JobTimeoutError(RenderError):
    """A job exceeded its time limit."""


class WorkerHungError(RenderError):
    """A job hangs where it cannot be cancelled."""


class DeviceLostError(RenderError):
    """A sticky error of the device: the process must end, for every later call fails as well."""

    exit_code = 9


class JobCancelledError(RenderError):
    """Somebody cancelled the job."""


def first_line(error: BaseException) -> str:
    """The first line of the error's message, or its class name when it has none."""
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


STORAGE_AWAY = message("studio.storage_unavailable")


def public_message(error: StudioError) -> Message:
    """The message for pages and clients, without URLs and paths of the store.

    These belong in the log: the caller logs the error itself.
    """
    if isinstance(error, StorageError) and not isinstance(error, UnstorableValueError):
        return STORAGE_AWAY
    return error.message
