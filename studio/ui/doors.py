"""What the plain pages' addresses share: who may ask them to change something, how bodies are read."""

from typing import Annotated

from fastapi import Depends, Header, Request

OwnPage = Annotated[str, Header(alias="X-Studio")]
"""A header that another site's page cannot send here (see `origins`); without it the request is refused."""


async def _body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]
"""What a request brings, as it came: so that a route that works on it need not be `async`, and works in
a thread of its own instead of holding everybody up."""
