"""How the API's connections tell of what no application is asked: with a problem, as everything else."""

import json
from http import HTTPStatus

from studio.messages import Message
from studio.server import connections
from studio.server.schemas import Problem


class Connection(connections.Connection):
    def content(self, status: HTTPStatus, why: Message) -> tuple[str, bytes]:
        told = Problem(title=status.phrase, status=status, detail=str(why), code=why.id)
        return "application/problem+json", json.dumps(told.model_dump()).encode()
