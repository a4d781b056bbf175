"""What the plain pages' addresses share: who may ask them to change something."""

from typing import Annotated

from fastapi import Depends, Header, Request

from studio.locales.negotiation import language_of

CsrfHeader = Annotated[str, Header(alias="X-Studio")]
"""A header that another site's page cannot send here (see `origins`); without it the request is refused."""


def _language(request: Request) -> str:
    return language_of(request.headers)


Language = Annotated[str, Depends(_language)]
"""The reader's, for the texts of an answer."""
