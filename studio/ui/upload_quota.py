"""Uploads to Gradio lie in one folder: a bound on what it may hold, and old files swept out."""

import time
from pathlib import Path

from gradio.utils import get_upload_folder
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.locales.negotiation import language_of
from studio.messages import message
from studio.server.page_errors import body_of
from studio.ui.blocks import UPLOADS_KEPT

MOST_BYTES = 512 * 2**20
"""Bytes that all uploads may take together; handlers read each of them at once."""
_ADDRESS = "/gradio_api/upload"
"""The end of it: the page of each language has its own (`mounting.PREFIXES`)."""
_FULL = message("request.too_many_uploads")
_NO_LENGTH = message("request.upload_without_length")


class UploadQuota:
    """ASGI middleware: refuses uploads for which there is no room, before their body is read.

    Files that Gradio has lost track of, such as those of uploads that broke off, are swept out after
    as long as the others. Used on one event loop; only the looking through the folder leaves it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._arriving = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].rstrip("/").endswith(_ADDRESS):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length, language = headers.get("content-length", ""), language_of(headers)
        if not length.isdecimal():
            await JSONResponse(body_of(_NO_LENGTH, language), 411)(scope, receive, send)
            return
        self._arriving += int(length)
        try:
            held = await run_in_threadpool(_swept, Path(get_upload_folder()))
            if held + self._arriving > MOST_BYTES:
                await JSONResponse(body_of(_FULL, language), 507)(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            self._arriving -= int(length)


def _swept(folder: Path) -> int:
    """Bytes of the files that are left in `folder` when old ones are removed."""
    held, long_ago = 0, time.time() - UPLOADS_KEPT[1]
    for file in folder.rglob("*"):
        try:
            found = file.stat(follow_symlinks=False)
            if file.is_dir():
                continue
            if found.st_mtime < long_ago:
                file.unlink(missing_ok=True)
            else:
                held += found.st_size
        except FileNotFoundError:
            continue
    return held
