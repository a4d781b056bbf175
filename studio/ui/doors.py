"""What the plain pages' addresses share: who may ask them to change something, how bodies are read."""

from typing import Annotated

from fastapi import Depends, Header, Request

from studio.locales.negotiation import language_of

OwnPage = Annotated[str, Header(alias="X-Studio")]
"""A header that another site's page cannot send here (see `origins`); without it the request is refused."""


async def _body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]
"""What a request brings, as it came: so that a route that works on it need not be `async`, and works in
a thread of its own instead of holding everybody up."""


def _language(request: Request) -> str:
    return language_of(request.headers)


Language = Annotated[str, Depends(_language)]
"""The reader's, for the texts of an answer."""
