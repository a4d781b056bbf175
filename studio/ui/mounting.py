"""Mounts the Gradio page, once for each language; each is built at its first request."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
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
from studio.errors import NotFoundError, StudioError
from studio.locales import DEFAULT, LANGUAGES
from studio.locales.negotiation import language_of
from studio.recipes.base_image import BaseImage
from studio.server.bundles import Bundles, PageFiles
from studio.server.page_errors import UnexpectedErrorMiddleware
from studio.server.web_files import BUNDLES_PREFIX, WEB_PREFIX
from studio.ui.blocks import use_slim_states
from studio.ui.gradio_assets import ASSETS, gradio_assets
from studio.ui.gradio_sandbox import refuse_server_files
from studio.ui.gradio_theme import build_gradio_theme
from studio.ui.page import StudioPage
from studio.ui.sketch_canvas import canvas_start
from studio.ui.studio_shell import ShellHead, StudioShellMiddleware
from studio.ui.texts import Texts

MODULES = (
    "studio/opening-canvas.js",
    "pages/language-link.js",
    "shell/index.js",
    "shell/panes.js",
    "studio/restore-on-drop.js",
    "studio/notices.js",
    "studio/version-state.js",
    "studio/drafts.js",
    "studio/url-params.js",
    "studio/grid.js",
    "inspector/index.js",
    "canvas/index.js",
    "components/image-radio.js",
    "results/index.js",
    "results/prompt-bar.js",
)
"""Modules of `studio/web` on the page, which run before Gradio's do. Some work by themselves; components and events
call functions of the others (`browser_calls.py`)."""
STYLES = (
    "tokens",
    "shell",
    "dialogs",
    "workbench",
    "canvas",
    "canvas-pane",
    "run-bar",
    "results",
    "lightbox",
    "grid",
    "inspector",
)
"""Style sheets of `studio/web/styles` on the page: tokens, shell and panes, then one of each component."""
COMPONENTS = (
    "button",
    "column",
    "dropdown",
    "form",
    "html",
    "number",
    "row",
    "textbox",
    "uploadbutton",
)
"""The kinds of Gradio's components on the page."""
STUDIO_BUNDLE = "studio"
"""The page's name among the bundles."""
PREFIXES: Mapping[str, str] = {
    language: "" if language == DEFAULT else f"/{language}" for language in LANGUAGES
}
"""Path prefixes of Gradio's routes by language. Every language's page is opened at `/`. Its requests go to
the prefix of its language, so that it stays whole when another tab chooses another language."""


class _MountedPage(NamedTuple):
    """Gradio's app, and the application it is mounted in.

    The lifespan of `parent` starts Gradio's queue and its deletion of old files.
    """

    app: ASGIApp
    parent: FastAPI


class StudioPages:
    """ASGI app: the page at `/` in the language of the request, and Gradio's routes of all languages.

    The pages share one AppContainer. `bundles` has `studio_files()`.
    """

    def __init__(self, studio: AppContainer, max_file_size: int, bundles: Bundles) -> None:
        self._studio, self._max_file_size, self._bundles = studio, max_file_size, bundles
        self._build_lock = Lock()
        self._pages: dict[str, _MountedPage] = {}
        self._lifespans: AsyncExitStack | None = None
        self._started: set[str] = set()

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Builds the page in DEFAULT at once: an error in it ends the server at its start."""
        await run_in_threadpool(self.build, DEFAULT)
        async with AsyncExitStack() as self._lifespans:
            for language in list(self._pages):
                await self._start(language)
            yield
        self._lifespans = None
        self._started.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        language = _language_of_path(path)
        if path == "/":
            language = language_of(Headers(scope=scope))
            scope = {**scope, "path": f"{PREFIXES[language]}/"}
        if path == f"{PREFIXES[language]}/gradio_api/openapi.json":
            # Gradio lists its handlers here, even with `openapi_url=None`.
            raise NotFoundError("page.no_such_page")
        page = self._pages.get(language)
        if page is None:
            page = await run_in_threadpool(self.build, language)
            await self._start(language)
        root_path = scope.get("root_path", "") + PREFIXES[language]
        await page.app({**scope, "root_path": root_path}, receive, send)

    def build(self, language: str) -> _MountedPage:
        """The page in `language`, built once; that takes about a second and 5 MB. Thread-safe."""
        with self._build_lock:
            if language not in self._pages:
                self._pages[language] = self._mount(language)
            return self._pages[language]

    async def _start(self, language: str) -> None:
        """Enters the lifespan of a page, once, while the server runs."""
        if self._lifespans is not None and language not in self._started:
            self._started.add(language)
            parent = self._pages[language].parent
            lifespan = parent.router.lifespan_context(parent)
            await self._lifespans.enter_async_context(lifespan)

    def _mount(self, language: str) -> _MountedPage:
        blocks = StudioPage(self._studio, Texts(language)).blocks
        refuse_server_files(blocks)
        # With this middleware on its parent, Gradio adds none of its own, which answers other origins.
        parent = FastAPI(middleware=[Middleware(CORSMiddleware, allow_origins=[])])
        gr.mount_gradio_app(
            parent,
            blocks,
            path=PREFIXES[language] or "/",
            theme=build_gradio_theme(),
            max_file_size=self._max_file_size,
            footer_links=[],
            show_error=True,
            app_kwargs={
                "openapi_url": None,
                "middleware": [
                    Middleware(UnexpectedErrorMiddleware, blame_client=True),
                    Middleware(
                        StudioShellMiddleware,
                        language,
                        partial(_head, self._bundles, language),
                        partial(self._canvas_start, Texts(language)),
                    ),
                ],
            },
        )
        app = parent.routes[-1].app  # type: ignore[attr-defined]
        use_slim_states(app, blocks)
        return _MountedPage(app, parent)

    def _canvas_start(self, texts: Texts) -> Mapping[str, object]:
        """Without base images while the store is away: the canvas then gets one from Gradio."""
        bases: Sequence[BaseImage] = ()
        with suppress(StudioError):
            bases = self._studio.stores.base_images.list_all()
        return canvas_start(bases, texts)


def _language_of_path(path: str) -> str:
    for language, prefix in PREFIXES.items():
        if prefix and path.startswith(f"{prefix}/"):
            return language
    return DEFAULT


def studio_files() -> PageFiles:
    """The page's modules and styles; Gradio's come last, as where Gradio adds them itself."""
    own = [f"web/styles/{name}.css" for name in STYLES]
    gradios = [str(ASSETS / name) for name in gradio_assets(COMPONENTS).stylesheets]
    return PageFiles(MODULES, (*own, *gradios))


def _head(bundles: Bundles, language: str) -> ShellHead:
    """Scripts and styles of the page. Module scripts run in their order: ours are there when Gradio's run.

    A style sheet that is in the page's own is named as a disabled link, which no browser loads. Gradio loads
    no style sheet that has a link.
    """
    script, stylesheet = bundles.assets(STUDIO_BUNDLE)
    gradios = gradio_assets(COMPONENTS)
    start = (
        f'<script src="{WEB_PREFIX}pages/color-scheme.js"></script>'
        f'<link rel="preload" href="/own/locales/{language}.json" as="fetch" crossorigin>'
        f'<script type="module" src="{BUNDLES_PREFIX}{script}"></script>'
    )
    preloads = (
        f'<link rel="modulepreload" crossorigin href="./assets/{name}">' for name in gradios.scripts
    )
    bundled = (
        f'<link rel="stylesheet" disabled href="./assets/{name}">' for name in gradios.stylesheets
    )
    end = f'<link rel="stylesheet" href="{BUNDLES_PREFIX}{stylesheet}">{"".join(bundled)}{"".join(preloads)}'
    return ShellHead(start, end)
