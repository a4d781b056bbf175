"""HTTP connections of the API: what is refused before it reaches the application is a problem, too."""

import json
from http import HTTPStatus

from studio.messages import Message
from studio.server import connections
from studio.server.schemas import ProblemDetails


class Connection(connections.Connection):
    """A connection whose own refusals are `application/problem+json`."""

    def content(self, status: HTTPStatus, why: Message) -> tuple[str, bytes]:
        problem = ProblemDetails(title=status.phrase, status=status, detail=str(why), code=why.id)
        return "application/problem+json", json.dumps(problem.model_dump()).encode()
