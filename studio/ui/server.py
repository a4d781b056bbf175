"""Serves the pages: one FastAPI application, with the middleware that a mounted Gradio app lacks."""

import logging
import os
from collections.abc import Mapping
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.app import AppContainer, create_app_container
from studio.errors import AddressInUseError
from studio.logging_config import configure_logging
from studio.network import ForwardedHeaders, bind_socket, is_loopback
from studio.server.api_pages import add_docs
from studio.server.api_routers import OPERATOR_ROUTERS, unknown_route_router
from studio.server.auth.api_key import ApiKeyMiddleware, make_authenticator
from studio.server.auth.session import install_session_auth
from studio.server.bodies import BodyLimitMiddleware, BodyLimits
from studio.server.bundles import Bundles
from studio.server.connections import Connection
from studio.server.dependencies import set_container
from studio.server.languages import LanguageChoiceMiddleware
from studio.server.languages import router as language_router
from studio.server.manifest import router as manifest_router
from studio.server.not_found_page import NotFoundPageMiddleware
from studio.server.openapi import PROBLEM_RESPONSES, describe_errors
from studio.server.origins import SameOriginMiddleware
from studio.server.page_errors import UnexpectedErrorMiddleware
from studio.server.page_files import PAGE_FILES
from studio.server.pages import router as page_router
from studio.server.problems import add_error_handlers
from studio.server.schemas import API_PREFIX
from studio.server.web_files import WEB_PREFIX, WebFiles
from studio.services.diagnostics import install_recent_log
from studio.settings import Settings
from studio.ui.gradio_sandbox import scratch_directory
from studio.ui.mounting import STUDIO_BUNDLE, StudioPages, studio_files
from studio.ui.upload_quota import UploadQuotaMiddleware

SECURITY_HEADERS: Mapping[str, str] = {
    # Gradio's own scripts are inline and build functions from text.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
    " connect-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self';"
    " form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
MAX_BODY = 32 * 2**20
"""Bytes of a request's body: a doodle of the largest size and the values of the form."""
MIN_GZIP = 1_000
"""Bytes of a response from which on it is compressed."""
BODIES = BodyLimits(
    MAX_BODY,
    marks=None,  # Uploads are images, in which every byte occurs.
    seconds=120.0,  # The largest body over 2 Mbit/s.
)


def serve(settings: Settings) -> None:
    """Serves the studio until it is interrupted (SIGINT, SIGTERM).

    Raises AddressInUseError where the address is not free, and where other machines can reach it although
    no user could sign in.
    """
    needs_users = settings.sign_in or not (is_loopback(settings.host) or settings.no_sign_in)
    if needs_users and not create_app_container(settings).stores.users.any():
        raise AddressInUseError("auth.no_users", host=settings.host)
    listener = bind_socket(settings.host, settings.port)
    os.umask(0o077)
    configure_logging(settings.log_json, logging.WARNING)
    studio = create_app_container(settings)
    studio.serving.retention.purge_expired()
    studio.start()
    if settings.warm_up:
        studio.rendering.warm_up.start()
    with scratch_directory():
        host, port = listener.getsockname()[:2]
        print(f"Doodle Theme Studio: http://{host}:{port}", flush=True)
        # Open pages hold a connection for ever; the shutdown does not wait for them.
        config = server_config(build_app(studio), log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        server.run(sockets=[listener])


def server_config(app: ASGIApp, **more: Any) -> uvicorn.Config:
    """Uvicorn's configuration of the page, also in tests; `more` are further settings of uvicorn."""
    # ForwardedHeaders trusts the proxies in `trusted_proxies`; uvicorn here would trust any.
    return uvicorn.Config(app, http=Connection, ws="none", proxy_headers=False, **more)


def build_app(studio: AppContainer, bodies: BodyLimits = BODIES) -> FastAPI:
    """`bodies` says what may be sent."""
    bundles = Bundles({**PAGE_FILES, STUDIO_BUNDLE: studio_files()})
    pages = StudioPages(studio, MAX_BODY, bundles)
    app = FastAPI(
        title="Doodle themes",
        version="1",
        max_body_size=MAX_BODY,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API_PREFIX}/openapi.json",
        lifespan=pages.lifespan,
        responses=PROBLEM_RESPONSES,
    )
    set_container(app, studio)
    app.state.recent_log = install_recent_log()
    app.state.bundles = bundles
    add_error_handlers(app)
    app.include_router(language_router, include_in_schema=False)
    app.include_router(manifest_router, include_in_schema=False)
    app.mount(WEB_PREFIX.rstrip("/"), WebFiles(bundles))
    app.include_router(page_router)
    for router in OPERATOR_ROUTERS:
        app.include_router(router)
    add_docs(app)
    app.include_router(unknown_route_router)
    describe_errors(app)
    _guard(app, studio, bodies)
    app.mount("/", pages)
    return app


def _guard(app: FastAPI, studio: AppContainer, bodies: BodyLimits) -> None:
    """Adds the middleware that every request passes before it is routed. The last one runs first."""
    app.add_middleware(NotFoundPageMiddleware)
    app.add_middleware(BodyLimitMiddleware, limits=bodies)
    app.add_middleware(UploadQuotaMiddleware)
    app.add_middleware(CORSMiddleware, allow_origins=[])
    app.add_middleware(LanguageChoiceMiddleware)
    install_session_auth(app, studio.stores.users, studio.settings)
    authenticate = make_authenticator(studio.stores.clients, studio.settings)
    app.add_middleware(
        ApiKeyMiddleware, authenticate=authenticate, limits=BodyLimits(), is_optional=True
    )
    app.add_middleware(UnexpectedErrorMiddleware)
    app.add_middleware(SameOriginMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(GZipMiddleware, minimum_size=MIN_GZIP, compresslevel=6)
    app.add_middleware(ForwardedHeaders, trusted=studio.settings.trusted_proxies)


class SecurityHeadersMiddleware:
    """Sets SECURITY_HEADERS: no content from other hosts, and no frame on other sites."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
