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


class StudioError(Exception):
    """Anything the studio tells its user in one line."""

    exit_code = 1


class InputError(StudioError):
    exit_code = 2


class BadPicture(InputError):
    pass


class BadDocument(InputError):
    pass


class Blocked(InputError):
    pass


class Outdated(InputError):
    pass


class GateClosed(InputError):
    pass


class NotFound(StudioError):
    exit_code = 3


class ModelError(StudioError):
    exit_code = 4


class DamagedModel(ModelError):
    pass


class UnfitModel(ModelError):
    pass


class HubUnavailable(ModelError):
    pass


class StoreError(StudioError):
    exit_code = 5


class StoreUnavailable(StoreError):
    pass


class StoreInUse(StoreError):
    pass


class NewerStore(StoreError):
    pass


class Unstorable(StoreError):
    pass


class Busy(StudioError):
    """`seconds` from now there is likely to be room."""

    exit_code = 8

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class ServerError(StudioError):
    exit_code = 6


class EngineError(StudioError):
    exit_code = 7


class NoRoom(EngineError):
    pass


class DeadlinePassed(EngineError):
    pass


class LaneHung(EngineError):
    pass


class DeviceLost(EngineError):
    """A sticky error of the device: the process must end, for every later call fails as well."""

    exit_code = 9


class Cancelled(EngineError):
    pass


AWAY = "the studio cannot use its data just now: try again; its log tells why"


def shown(error: StudioError) -> str:
    """An error's line for pages and whoever asks: without addresses and paths of the store, which
    belong in the log. Whoever shows it logs the error itself."""
    if isinstance(error, StoreError) and not isinstance(error, Unstorable):
        return AWAY
    return str(error)
