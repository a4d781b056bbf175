"""How the API's connections tell of what no application is asked: with a problem, as everything else."""

import json
from http import HTTPStatus

from studio import connections
from studio.api.wire import Problem


class Connection(connections.Connection):
    def content(self, status: HTTPStatus, detail: str) -> tuple[str, bytes]:
        told = Problem(title=status.phrase, status=status, detail=detail)
        return "application/problem+json", json.dumps(told.model_dump()).encode()
