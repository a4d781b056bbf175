"""Routes of the deployed themes, for apps (scope `generate`)."""

from functools import partial

from fastapi import APIRouter, Response

from studio.errors import NotFoundError
from studio.recipes.base_image import BaseImage, Slug
from studio.recipes.serving.request_status import ApiClient
from studio.recipes.themes.preset import ThemeVersion
from studio.server.dependencies import BaseImages, GenerateClient, Requests, Thumbnails
from studio.server.schemas import API_PREFIX, Theme, to_theme_response
from studio.server.thumbnail_responses import IfNoneMatch, ThumbnailSize, thumbnail_response
from studio.services.requests.request_service import RequestService
from studio.services.thumbnails import tagged

router = APIRouter(prefix=f"{API_PREFIX}/themes", tags=["themes"])


@router.get("")
def list_deployed_themes(client: GenerateClient, requests: Requests) -> list[Theme]:
    """The themes that are deployed on the client's channel now."""
    return [
        to_theme_response(version, tuple(requests.base_images(version)))
        for version in requests.list_active_themes(client)
    ]


@router.get("/{slug}")
def get_deployed_theme(slug: Slug, client: GenerateClient, requests: Requests) -> Theme:
    """One deployed theme, with the base images it may be used with."""
    version = _active_version(requests, client, slug)
    return to_theme_response(version, tuple(requests.base_images(version)))


@router.get("/{slug}/base-images/{image_id}.png", response_class=Response)
def get_base_image(
    slug: Slug, image_id: Slug, client: GenerateClient, requests: Requests, base_images: BaseImages
) -> Response:
    """A base image of a deployed theme."""
    image = _base_image(requests, client, slug, image_id)
    return Response(base_images.read_png(image), media_type="image/png")


@router.get("/{slug}/base-images/{image_id}.webp", response_class=Response)
def get_base_image_thumbnail(
    slug: Slug,
    image_id: Slug,
    client: GenerateClient,
    requests: Requests,
    base_images: BaseImages,
    thumbnails: Thumbnails,
    size: ThumbnailSize = 192,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """A small WebP copy of a base image; `size` is its longest side in pixels at least."""
    image = _base_image(requests, client, slug, image_id)
    webp = thumbnails.get(image.sha256, size, partial(base_images.read_png, image))
    return thumbnail_response(tagged(webp), if_none_match)


def _base_image(
    requests: RequestService, client: ApiClient, slug: Slug, image_id: Slug
) -> BaseImage:
    """Raises NotFoundError where the theme is not deployed, or does not allow the image."""
    for image in requests.base_images(_active_version(requests, client, slug)):
        if image.id == image_id:
            return image
    raise NotFoundError("theme.without_base_image", slug=slug, id=image_id)


def _active_version(requests: RequestService, client: ApiClient, slug: Slug) -> ThemeVersion:
    for version in requests.list_active_themes(client):
        if version.preset.slug == slug:
            return version
    raise NotFoundError("theme.not_live", slug=slug)
