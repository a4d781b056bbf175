"""Limits the disk space of uploads to Gradio, and deletes old ones."""

import time
from http import HTTPStatus
from pathlib import Path

from gradio.utils import get_upload_folder
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.locales.negotiation import language_of
from studio.messages import message
from studio.server.problems import problem_response
from studio.ui.blocks import UPLOAD_RETENTION_SECONDS

MAX_UPLOAD_BYTES = 512 * 2**20
"""Bytes of all uploads together."""
_UPLOAD_PATH = "/gradio_api/upload"
"""The end of the path: the page of each language has a prefix of its own (`mounting.PREFIXES`)."""
_QUOTA_EXCEEDED = message("request.too_many_uploads")
_LENGTH_REQUIRED = message("request.upload_without_length")


class UploadQuotaMiddleware:
    """ASGI middleware: refuses an upload for which there is no space, before its body is received.

    It also deletes old files that Gradio has lost track of, such as those of interrupted uploads. Used on
    one event loop; only the scan of the directory runs in a thread.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._incoming_bytes = app, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].rstrip("/").endswith(_UPLOAD_PATH):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        length, language = headers.get("content-length", ""), language_of(headers)
        if not length.isdecimal():
            refusal = problem_response(HTTPStatus.LENGTH_REQUIRED, _LENGTH_REQUIRED, None, language)
            await refusal(scope, receive, send)
            return
        self._incoming_bytes += int(length)
        try:
            stored_bytes = await run_in_threadpool(_purge, Path(get_upload_folder()))
            if stored_bytes + self._incoming_bytes > MAX_UPLOAD_BYTES:
                full = HTTPStatus.INSUFFICIENT_STORAGE
                refusal = problem_response(full, _QUOTA_EXCEEDED, None, language)
                await refusal(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            self._incoming_bytes -= int(length)


def _purge(directory: Path) -> int:
    """Deletes old files; returns the bytes of those that remain."""
    remaining_bytes, oldest = 0, time.time() - UPLOAD_RETENTION_SECONDS
    for file in directory.rglob("*"):
        try:
            stat = file.stat(follow_symlinks=False)
            if file.is_dir():
                continue
            if stat.st_mtime < oldest:
                file.unlink(missing_ok=True)
            else:
                remaining_bytes += stat.st_size
        except FileNotFoundError:
            continue
    return remaining_bytes
