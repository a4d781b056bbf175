"""The Gradio page, once for each language, each built when it is first asked for."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from threading import Lock
from typing import NamedTuple

import gradio as gr
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from studio.app import AppContainer
from studio.errors import NotFoundError
from studio.locales import DEFAULT, LANGUAGES
from studio.locales.negotiation import language_of
from studio.server.page_errors import UnexpectedErrorMiddleware
from studio.server.web_files import WEB_PREFIX
from studio.ui.blocks import lighten
from studio.ui.gradio_sandbox import refuse_server_files
from studio.ui.gradio_theme import STYLESHEET, build_gradio_theme
from studio.ui.page import StudioPage
from studio.ui.texts import Texts

HEAD = (
    "pages/language-link.js", "studio/sign-out.js", "studio/connection.js",
    "studio/restore-on-drop.js", "studio/confirmations.js", "studio/model-thumbnails.js",
    "studio/notices.js", "canvas/index.js", "components/image-radio.js",
    "components/compare-dialog.js",
)  # fmt: skip
"""Modules of `studio/web` on the Gradio page. Those that its components import are among them, so that
they are on their way before Gradio runs."""
PREFIXES: Mapping[str, str] = {
    language: "" if language == DEFAULT else f"/{language}" for language in LANGUAGES
}
"""Below these each language's page has what is Gradio's. It is opened at `/` in every language, but
goes on talking to its own app when another language is chosen in another tab."""


class _Built(NamedTuple):
    app: ASGIApp
    parent: FastAPI
    """Whose lifespan starts Gradio's queue and its sweeping of old files."""


class StudioPages:
    """ASGI app: `/` in the reader's language, and all that belongs to Gradio below it.

    The pages of all languages share one studio.
    """

    def __init__(self, studio: AppContainer, max_file_size: int) -> None:
        self._studio, self._max_file_size = studio, max_file_size
        self._building = Lock()
        self._built: dict[str, _Built] = {}
        self._running: AsyncExitStack | None = None
        self._started: set[str] = set()

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Starts with the page in DEFAULT, so that what cannot be built ends the server at its start."""
        await run_in_threadpool(self.build, DEFAULT)
        async with AsyncExitStack() as self._running:
            for language in list(self._built):
                await self._start(language)
            yield
        self._running = None
        self._started.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        language = next((each for each, at in PREFIXES.items() if at and path.startswith(f"{at}/")), DEFAULT)  # fmt: skip
        if path == "/":
            language = language_of(Headers(scope=scope))
            scope = {**scope, "path": f"{PREFIXES[language]}/"}
        if path == f"{PREFIXES[language]}/gradio_api/openapi.json":
            # Gradio would list its functions here, whatever `openapi_url` says.
            raise NotFoundError("page.no_such_page")
        built = self._built.get(language)
        if built is None:
            built = await run_in_threadpool(self.build, language)
            await self._start(language)
        at = scope.get("root_path", "") + PREFIXES[language]
        await built.app({**scope, "root_path": at}, receive, send)

    def build(self, language: str) -> _Built:
        """The page in `language`; takes some 5 MB and a second."""
        with self._building:
            if language not in self._built:
                self._built[language] = self._mounted(language)
            return self._built[language]

    async def _start(self, language: str) -> None:
        if self._running is not None and language not in self._started:
            self._started.add(language)
            parent = self._built[language].parent
            lifespan = parent.router.lifespan_context(parent)
            await self._running.enter_async_context(lifespan)

    def _mounted(self, language: str) -> _Built:
        blocks = StudioPage(self._studio, Texts(language)).blocks
        refuse_server_files(blocks)
        # Where its parent has this, Gradio does not answer other origins by itself.
        parent = FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=[])])
        gr.mount_gradio_app(
            parent,
            blocks,
            path=PREFIXES[language] or "/",
            theme=build_gradio_theme(),
            css_paths=[STYLESHEET],
            head=_head(language),
            max_file_size=self._max_file_size,
            footer_links=[],
            show_error=True,
            app_kwargs={
                "openapi_url": None,
                "middleware": [Middleware(UnexpectedErrorMiddleware, blame_client=True)],
            },
        )
        app = parent.routes[-1].app  # type: ignore[attr-defined]
        lighten(app, blocks)
        return _Built(app, parent)


def _head(language: str) -> str:
    scripts = "".join(f'<script type="module" src="{WEB_PREFIX}{name}"></script>' for name in HEAD)
    return f"<script>document.documentElement.lang = {json.dumps(language)};</script>{scripts}"
