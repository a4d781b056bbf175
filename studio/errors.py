"""The errors an operator or a client can meet; each message names the thing and the remedy.

StudioError                 exit code 1
├── InputError              2   what was asked cannot be accepted as it is
│   ├── BadPicture              not a PNG, of the wrong size, too large, broken
│   ├── BadDocument             a recipe or preset file that does not hold
│   ├── Blocked                 words or a doodle that a theme does not let pass
│   ├── Outdated                somebody else saved or deployed meanwhile
│   └── GateClosed              a version that must not be deployed as it is
├── NotFound                3   a preset, base image or model that is not here
├── ModelError              4   model files
│   ├── DamagedModel            cannot be read
│   ├── UnfitModel              reads well, but does not belong with the rest
│   └── HubUnavailable          a model hub that does not answer, or asks for consent
├── StoreError              5   the data directory or the database
│   ├── StoreUnavailable        read-only, full, locked: tried again later it may pass
│   ├── StoreInUse              another server renders for this database
│   ├── NewerStore              written by a newer version of the studio
│   └── Unstorable              what no database takes: tried again it fails again
├── Busy                    8   too much at once: come back later
├── ServerError             6   the page cannot be served: port in use
└── EngineError             7   rendering failed
    ├── NoRoom                  a model does not fit beside what is in use
    ├── DeadlinePassed          a job took longer than it may
    ├── LaneHung                a job hangs where it cannot be stopped
    ├── DeviceLost          9   the device fails every job until the process is started again
    └── Cancelled               somebody asked for it to stop
"""

from collections.abc import Sequence

from studio.messages import Message, message


def _restored(kind: type[Exception], told: Message, state: dict[str, object]) -> Exception:
    """An error read back from a pickle."""
    error = kind.__new__(kind, told.id)
    error.__dict__.update(state)
    return error


class StudioError(Exception):
    """An error that an operator or a client can meet: a message id of `locales/*.json` with parameters.

    `str()` gives the English text. Whoever shows it to a reader asks `message.text(language)`.
    """

    exit_code = 1

    def __init__(
        self, code: str, /, **params: str | int | float | Message | Sequence[str | Message]
    ) -> None:
        super().__init__(code)
        self.message = message(code, **params)

    @property
    def code(self) -> str:
        """The message's id."""
        return self.message.id

    def __str__(self) -> str:
        return str(self.message)

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross to other processes (multiprocessing, Celery) with their parameters.
        return _restored, (type(self), self.message, self.__dict__)


class InvalidInputError(StudioError):
    exit_code = 2


class InvalidImageError(InvalidInputError):
    pass


class InvalidDocumentError(InvalidInputError):
    pass


class ContentBlockedError(InvalidInputError):
    pass


class VersionConflictError(InvalidInputError):
    pass


class PreflightFailedError(InvalidInputError):
    pass


class NotFoundError(StudioError):
    exit_code = 3


class ModelError(StudioError):
    exit_code = 4


class CorruptModelError(ModelError):
    pass


class IncompatibleModelError(ModelError):
    pass


class ModelHubError(ModelError):
    pass


class StorageError(StudioError):
    exit_code = 5


class StorageUnavailableError(StorageError):
    pass


class StoreInUse(StorageError):
    pass


class SchemaTooNewError(StorageError):
    pass


class Unstorable(StorageError):
    pass


class CapacityError(StudioError):
    """`seconds` from now there is likely to be room."""

    exit_code = 8

    def __init__(
        self,
        code: str,
        seconds: int,
        /,
        **params: str | int | float | Message | Sequence[str | Message],
    ) -> None:
        super().__init__(code, **params)
        self.retry_after_seconds = seconds


class ServerError(StudioError):
    exit_code = 6


class RenderError(StudioError):
    exit_code = 7


class InsufficientMemoryError(RenderError):
    pass


class JobTimeoutError(RenderError):
    pass


class WorkerHungError(RenderError):
    pass


class DeviceLost(RenderError):
    """A sticky error of the device: the process must end, for every later call fails as well."""

    exit_code = 9


class JobCancelledError(RenderError):
    pass


AWAY = message("studio.storage_away")


def shown(error: StudioError) -> Message:
    """An error's message for pages and whoever asks: without addresses and paths of the store, which
    belong in the log. Whoever shows it logs the error itself."""
    if isinstance(error, StorageError) and not isinstance(error, Unstorable):
        return AWAY
    return error.message
