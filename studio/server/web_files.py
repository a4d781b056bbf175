"""Serves the files of `studio/web`, and the scripts and style sheets that pages are given of them."""

import os
from http import HTTPStatus
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from studio.errors import NotFoundError
from studio.server.bundles import Bundles

WEB = Path(__file__).parents[1] / "web"
WEB_PREFIX = "/web/"
_BUNDLES = "bundles/"
BUNDLES_PREFIX = f"{WEB_PREFIX}{_BUNDLES}"


class WebFiles(StaticFiles):
    """The bundles of pages, which browsers keep for ever, and the files themselves, which they revalidate each
    time (304 while they are unchanged): the pictures, and the sources that a debugger shows."""

    def __init__(self, bundles: Bundles) -> None:
        super().__init__(directory=WEB)
        self._bundles = bundles

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.startswith(_BUNDLES):
            return self._bundle_response(path.removeprefix(_BUNDLES), Headers(scope=scope))
        return await super().get_response(path, scope)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["Cache-Control"] = "no-cache"
        return response

    def _bundle_response(self, name: str, headers: Headers) -> Response:
        if name.endswith(".map"):
            found = self._bundles.source_map(name.removesuffix(".map"))
            if found is None:
                raise NotFoundError("page.no_such_page")
            return Response(found, media_type="application/json")
        bundle = self._bundles.find(name)
        if bundle is None:
            raise NotFoundError("page.no_such_page")
        # A page that was opened before an upgrade may ask for what has changed since.
        is_named = bundle.name == name
        cache = "max-age=31536000, immutable" if is_named else "no-cache"
        more = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
        if "gzip" not in headers.get("accept-encoding", ""):
            return Response(bundle.body, HTTPStatus.OK, more, bundle.media_type)
        more["Content-Encoding"] = "gzip"
        return Response(bundle.gzipped, HTTPStatus.OK, more, bundle.media_type)
