"""Puts the shell of all pages into the HTML of Gradio's page, so that it is drawn before Gradio has loaded.

Gradio has no template of ours: its `index.html` has an empty `<gradio-app>`, and styles and scripts that are
handed to it (`css_paths`, `head`) are added by its own scripts, seconds later. What is inserted here is in
the response itself.
"""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.server.plain_pages import StudioShell, studio_shell

_HTML = re.compile(r"<html\b[^>]*>")
_HEAD = re.compile(r"<head\b[^>]*>")
_BODY = re.compile(r"<body\b[^>]*>")
_MANIFEST = re.compile(r"<link rel=\"manifest\"[^>]*>")
_HEAD_END = "</head>"
_BODY_END = "</body>"
_IN_FRAMES = re.compile(
    r"<script>(?:(?!</script>).)*iframeResizer\.contentWindow.*?</script>", re.S
)
"""Gradio's script that loads another one for pages within frames, which SECURITY_HEADERS forbid."""


class ShellHead(NamedTuple):
    """HTML for the page's head: for its start, before Gradio's scripts, and for its end, after its styles."""

    start: str
    end: str


class StudioShellMiddleware:
    """ASGI middleware inside Gradio's app, below its compression: inserts the shell into the page at `/`."""

    def __init__(
        self,
        app: ASGIApp,
        language: str,
        head: Callable[[], ShellHead],
        canvas: Callable[[], Mapping[str, object]],
    ) -> None:
        """`canvas` reads from the store what the page tells its canvas."""
        self._app, self._language, self._head, self._canvas = app, language, head, canvas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _opens_page(scope):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def send_with_shell(part: Message) -> None:
            nonlocal start
            if part["type"] == "http.response.start":
                start = part
                return
            if part["type"] != "http.response.body":
                await send(part)
                return
            body.extend(part.get("body", b""))
            if part.get("more_body"):
                return
            page = bytes(body)
            if start["status"] == 200:
                canvas = await run_in_threadpool(self._canvas)
                shell = studio_shell(scope, self._language, canvas)
                page = insert_shell(page.decode(), self._language, self._head(), shell).encode()
                MutableHeaders(scope=start)["content-length"] = str(len(page))
            await send(start)
            await send({"type": "http.response.body", "body": page})

        await self._app(scope, receive, send_with_shell)


def _opens_page(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) == "/"


def insert_shell(page: str, language: str, head: ShellHead, shell: StudioShell) -> str:
    """Gradio's page with `head` and the shell's around what is in its head, and its body inside of `shell`.

    The manifest that Gradio links, which says Gradio's name, is dropped. So are the inline styles of
    `<html>` and `<body>`: `workbench.css` lays the page out.
    """
    page = _replace_once(_HTML, f'<html lang="{language}" data-language="{language}">', page)
    page = _replace_once(_MANIFEST, "", page)
    page = _IN_FRAMES.sub("", page)
    page = _replace_once(_HEAD, f"<head>{head.start}", page)
    page = _replace_once(re.compile(_HEAD_END), f"{shell.head}{head.end}{_HEAD_END}", page)
    page = _replace_once(_BODY, f'<body class="studio">\n{shell.before}', page)
    return _replace_once(re.compile(_BODY_END), f"{shell.after}{_BODY_END}", page)


def _replace_once(tag: re.Pattern[str], replacement: str, page: str) -> str:
    assert len(tag.findall(page)) == 1, f"Gradio's page has not exactly one {tag.pattern}"
    return tag.sub(lambda _: replacement, page)
