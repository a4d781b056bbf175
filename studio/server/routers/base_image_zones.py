"""Routes of the zones of base images, for operators (scope `admin`): read, replace, propose."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from studio.errors import NotFoundError
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import Sha256, Slug, Zones
from studio.recipes.generation.recipe import ModelName, ModelRef
from studio.server.dependencies import BaseImages, Catalog, require_admin
from studio.server.routers.base_images import (
    BASE_IMAGES,
    IMMUTABLE_CACHE_HEADERS,
    BaseImageDetails,
)
from studio.server.schemas import ZoneMasksBody
from studio.services.zones import ClothesDetector, propose_zones_of, set_zones

Zone = Literal["clothes", "protected"]

router = APIRouter(tags=["base images"], dependencies=[Depends(require_admin)])


@router.get(f"{BASE_IMAGES}/{{image_id}}/zones/{{zone}}.png", response_class=Response)
def get_zone(
    image_id: Slug, zone: Zone, base_images: BaseImages, sha256: Sha256 | None = None
) -> Response:
    """The mask of a zone: white is in it. A URL that contains its hash is cached for good."""
    image = base_images.get(image_id)
    png: bytes | None = getattr(base_images.read_zones(image), zone)
    if png is None:
        raise NotFoundError("image.zone_not_found", name=image.name)
    current: str | None = getattr(image.zones or Zones(), zone)
    headers = IMMUTABLE_CACHE_HEADERS if sha256 == current else None
    return Response(png, media_type="image/png", headers=headers)


@router.put(f"{BASE_IMAGES}/{{image_id}}/zones")
def put_zones(image_id: Slug, body: ZoneMasksBody, base_images: BaseImages) -> BaseImageDetails:
    """Replaces both zones of an image. Jobs that were accepted before keep those they were made with."""
    image = set_zones(base_images, image_id, body.decode())
    return BaseImageDetails.of(image, image.id in base_images.retired_ids())


@router.post(f"{BASE_IMAGES}/{{image_id}}/propose-zones")
def propose(
    image_id: Slug,
    base_images: BaseImages,
    catalog: Catalog,
    segmenter: Annotated[ModelName | None, Query()] = None,
) -> ZoneMasksBody:
    """Finds zones, by a segmentation model or, without one, by the image's keypoints and silhouette.

    Nothing is stored: whoever asked corrects the proposal and puts it.
    """
    detector = None if segmenter is None else _load_segmenter(catalog, segmenter)
    return ZoneMasksBody.encode(propose_zones_of(base_images, image_id, detector))


def _load_segmenter(catalog: ModelCatalog, name: str) -> ClothesDetector:
    model = catalog.get("detector", ModelRef(name=name))
    from studio.engine.control.segformer import ClothesSegmenter  # Imports torch.

    return ClothesSegmenter(model)
