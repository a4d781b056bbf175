"""The secret that signs session cookies: created once for a data directory, readable by its owner alone."""

import os
import secrets
import tempfile
from pathlib import Path

from studio.errors import StorageUnavailableError

MIN_SECRET_CHARS = 32


def read_or_create_secret(file: Path) -> str:
    """The secret in `file`. Raises StorageUnavailableError when it cannot be written, or is too short to be
    safe."""
    try:
        if not file.exists():
            _create_secret(file)
        secret = file.read_text()
    except OSError as error:
        raise StorageUnavailableError(
            "auth.secret_not_writable", file=str(file), reason=error.strerror or ""
        ) from None
    if len(secret.strip()) < MIN_SECRET_CHARS:
        raise StorageUnavailableError("auth.secret_damaged", file=str(file))
    return secret


def _create_secret(file: Path) -> None:
    """Atomic: of two processes that start at once, the second uses the secret of the first."""
    handle, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # Mode 0600.
    try:
        with os.fdopen(handle, "w") as opened:
            opened.write(secrets.token_hex(32))
            opened.flush()
            os.fsync(opened.fileno())
        os.link(partial, file)
    except FileExistsError:
        pass
    finally:
        Path(partial).unlink(missing_ok=True)
