"""Thumbnails as HTTP responses that browsers cache."""

from typing import Annotated

from fastapi import Header, Query, Response

from studio.services.thumbnails import SIZES, Thumbnail

ThumbnailSize = Annotated[int, Query(ge=16, le=SIZES[-1])]
"""Longest side in pixels at least: images are kept in a few sizes."""
IfNoneMatch = Annotated[str, Header(max_length=200)]
"""The ETags that the browser has."""


def thumbnail_response(
    thumbnail: Thumbnail, if_none_match: str = "", immutable: bool = False
) -> Response:
    """The image as WebP, or 304 where the browser has it.

    Args:
        thumbnail: the image.
        if_none_match: the request's header.
        immutable: the address can never show another image.
    """
    age = "max-age=31536000, immutable" if immutable else "max-age=60"
    etag = f'"{thumbnail.tag}"'
    headers = {"ETag": etag, "Cache-Control": f"private, {age}"}
    if etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(thumbnail.webp, media_type="image/webp", headers=headers)
