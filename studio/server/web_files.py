"""Serves the browser's ES modules of `studio/web` without a build step."""

import os
from pathlib import Path

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

WEB = Path(__file__).parents[1] / "web"
WEB_PREFIX = "/web/"


class WebFiles(StaticFiles):
    """Files that browsers revalidate each time (304 while they are unchanged).

    Modules import one another: after an upgrade a browser must not mix old ones with new ones.
    """

    def __init__(self) -> None:
        super().__init__(directory=WEB)

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
