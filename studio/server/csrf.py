"""CSRF protection of the plain pages: a header that no page of another site can send here."""

from typing import Annotated

from fastapi import Depends, Header


async def _require_csrf_header(x_studio: Annotated[str, Header(alias="X-Studio")]) -> None:
    """Without the header the request is refused with 422; its value does not matter. A browser sends it
    for scripts of this origin alone (see `origins`)."""


CSRF_HEADER = Depends(_require_csrf_header)
"""In the `dependencies` of every route that changes something."""
