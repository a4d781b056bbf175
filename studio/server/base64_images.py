"""Images in JSON bodies, as base64."""

import base64
import binascii

from studio.errors import InvalidImageError
from studio.messages import Message


def decode_base64(text: str, what: Message) -> bytes:
    """The bytes of a base64 text; `what` names the image. Raises InvalidImageError for any other text."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidImageError("image.not_base64", what=what) from None
