"""What the plain pages' addresses share: who may ask them to change something."""

from typing import Annotated

from fastapi import Header

OwnPage = Annotated[str, Header(alias="X-Studio")]
"""A header that another site's page cannot send here (see `origins`); without it the request is refused."""
