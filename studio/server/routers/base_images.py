"""Routes of base images, for operators (scope `admin`): list, upload, keypoints, pose maps, retiring."""

from functools import partial
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from studio.errors import NotFoundError
from studio.imaging.openpose_renderer import LIMBS, render_openpose_map
from studio.imaging.png_io import encode_png
from studio.models.catalog import ModelCatalog
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import KEYPOINT_NAMES, BaseImage, Keypoints, Sha256, Slug, Zones
from studio.recipes.generation.recipe import ModelName, ModelRef
from studio.recipes.text_fields import Name
from studio.server.bodies import RawBody
from studio.server.dependencies import (
    BaseImages,
    Catalog,
    SampleDoodles,
    Thumbnails,
    require_admin,
)
from studio.server.openapi import PNG_FILE
from studio.server.schemas import API_PREFIX
from studio.server.thumbnail_responses import IfNoneMatch, ThumbnailSize, thumbnail_response
from studio.services.base_images import (
    PoseDetector,
    add_base_image,
    detect_keypoints,
    set_keypoints,
)
from studio.services.thumbnails import tagged

BASE_IMAGES = f"{API_PREFIX}/base-images"
SAMPLE_DOODLES = f"{API_PREFIX}/sample-doodles"
IMMUTABLE_CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
DAY_CACHE_HEADERS = {"Cache-Control": "private, max-age=86400"}

router = APIRouter(tags=["base images"], dependencies=[Depends(require_admin)])


class BaseImageDetails(FrozenModel):
    """A base image with the URLs of its PNG, of a small WebP copy (`&size=` is its longest side in pixels), of
    the OpenPose map of its keypoints, and of the masks of its zones (null: there is no such zone).

    A retired image is offered no more, and stays for the requests that use it.
    """

    id: Slug
    name: str
    width: int
    height: int
    keypoints: Keypoints | None
    retired: bool
    image: str
    thumbnail: str
    pose_map: str
    clothes_zone: str | None
    protected_zone: str | None

    @classmethod
    def of(cls, image: BaseImage, retired: bool = False) -> "BaseImageDetails":
        zones = image.zones or Zones()
        return cls(
            id=image.id,
            name=image.name,
            width=image.width,
            height=image.height,
            keypoints=image.keypoints,
            retired=retired,
            image=f"{BASE_IMAGES}/{image.id}.png",
            thumbnail=f"{BASE_IMAGES}/{image.id}.webp?sha256={image.sha256}",
            pose_map=f"{BASE_IMAGES}/{image.id}/pose-map.png",
            clothes_zone=_zone_url(image, "clothes", zones.clothes),
            protected_zone=_zone_url(image, "protected", zones.protected),
        )


class SampleDoodleResponse(FrozenModel):
    """A sample doodle, with the URL of its PNG; `base_image` is null for one that fits on any."""

    name: Slug
    base_image: Slug | None
    image: str


class BaseImageList(FrozenModel):
    """All base images; and what keypoints are: their names in order, the pairs that limbs connect, and the
    pose detectors and the segmentation models for clothes that are installed."""

    base_images: tuple[BaseImageDetails, ...]
    keypoint_names: tuple[str, ...]
    limbs: tuple[tuple[int, int], ...]
    detectors: tuple[str, ...]
    segmenters: tuple[str, ...]


@router.get(BASE_IMAGES)
def list_base_images(base_images: BaseImages, catalog: Catalog) -> BaseImageList:
    """All base images, also retired ones."""
    retired = base_images.retired_ids()
    detectors = catalog.list_files("detector")
    return BaseImageList(
        base_images=tuple(
            BaseImageDetails.of(image, image.id in retired)
            for image in base_images.list_all(include_retired=True)
        ),
        keypoint_names=tuple(KEYPOINT_NAMES),
        limbs=LIMBS,
        detectors=tuple(model.name for model in detectors if model.family == "vitpose"),
        segmenters=tuple(model.name for model in detectors if model.family == "segformer"),
    )


@router.get(f"{BASE_IMAGES}/{{image_id}}.png", response_class=Response)
def get_image(image_id: Slug, base_images: BaseImages, sha256: Sha256 | None = None) -> Response:
    """The image. A URL that contains its hash is cached for good, since another image has another."""
    image = base_images.get(image_id)
    headers = IMMUTABLE_CACHE_HEADERS if sha256 == image.sha256 else None
    return Response(base_images.read_png(image), media_type="image/png", headers=headers)


@router.get(f"{BASE_IMAGES}/{{image_id}}.webp", response_class=Response)
def get_thumbnail(
    image_id: Slug,
    base_images: BaseImages,
    thumbnails: Thumbnails,
    size: ThumbnailSize = 192,
    sha256: Sha256 | None = None,
    if_none_match: IfNoneMatch = "",
) -> Response:
    """A small WebP copy of the image; `size` is its longest side in pixels at least."""
    image = base_images.get(image_id)
    webp = thumbnails.get(image.sha256, size, partial(base_images.read_png, image))
    return thumbnail_response(tagged(webp), if_none_match, immutable=sha256 == image.sha256)


@router.get(SAMPLE_DOODLES)
def list_sample_doodles(doodles: SampleDoodles) -> list[SampleDoodleResponse]:
    """The sample doodles, each with the base image that it was drawn on, where there is one."""
    return [
        SampleDoodleResponse(
            name=doodle.name,
            base_image=doodle.base_image,
            image=f"{SAMPLE_DOODLES}/{doodle.name}.png",
        )
        for doodle in doodles
    ]


@router.get(f"{SAMPLE_DOODLES}/{{name}}.png", response_class=Response)
def get_sample_doodle(name: Slug, doodles: SampleDoodles) -> Response:
    """A sample doodle."""
    for doodle in doodles:
        if doodle.name == name:
            return Response(doodle.png, media_type="image/png", headers=DAY_CACHE_HEADERS)
    raise NotFoundError("image.sample_doodle_not_found", name=name)


@router.get(f"{BASE_IMAGES}/{{image_id}}/pose-map.png", response_class=Response)
def get_pose_map(image_id: Slug, base_images: BaseImages) -> Response:
    """The OpenPose map of an image's keypoints; a black image where it has none."""
    image = base_images.get(image_id)
    pose_map = render_openpose_map(image.keypoints or [None] * 18, image.width, image.height)
    return Response(encode_png(pose_map), media_type="image/png")


@router.post(f"{BASE_IMAGES}/{{image_id}}", status_code=201, openapi_extra=PNG_FILE)
def add(
    image_id: Slug, data: RawBody, name: Annotated[Name, Query()], base_images: BaseImages
) -> BaseImageDetails:
    """Adds a PNG as a base image."""
    return BaseImageDetails.of(add_base_image(base_images, image_id, name, data))


@router.put(f"{BASE_IMAGES}/{{image_id}}/keypoints")
def put_keypoints(
    image_id: Slug, keypoints: Keypoints, base_images: BaseImages
) -> BaseImageDetails:
    """Replaces an image's keypoints."""
    return _details(base_images, set_keypoints(base_images, image_id, keypoints))


@router.post(f"{BASE_IMAGES}/{{image_id}}/detect-keypoints")
def detect(
    image_id: Slug,
    detector: Annotated[ModelName, Query()],
    base_images: BaseImages,
    catalog: Catalog,
) -> BaseImageDetails:
    """Replaces an image's keypoints by what a pose detector finds."""
    pose_detector = _load_detector(catalog, detector)
    return _details(base_images, detect_keypoints(base_images, image_id, pose_detector))


@router.put(f"{BASE_IMAGES}/{{image_id}}/retired")
def set_retired(image_id: Slug, retired: bool, base_images: BaseImages) -> BaseImageDetails:
    """Retires an image, so that it is offered no more, or restores it."""
    base_images.set_retired(image_id, retired)
    return BaseImageDetails.of(base_images.get(image_id), retired)


def base_image_url(image: BaseImage) -> str:
    """The URL of a base image as it is now."""
    return f"{BASE_IMAGES}/{image.id}.png?sha256={image.sha256}"


def _zone_url(image: BaseImage, zone: str, sha256: str | None) -> str | None:
    return sha256 and f"{BASE_IMAGES}/{image.id}/zones/{zone}.png?sha256={sha256}"


def sample_doodle_url(name: str) -> str:
    """The URL of a sample doodle."""
    return f"{SAMPLE_DOODLES}/{quote(name)}.png"


def _details(base_images: BaseImages, image: BaseImage) -> BaseImageDetails:
    return BaseImageDetails.of(image, image.id in base_images.retired_ids())


def _load_detector(catalog: ModelCatalog, name: str) -> PoseDetector:
    model = catalog.get("detector", ModelRef(name=name))
    from studio.engine.control.vitpose import VitPoseDetector  # Imports torch.

    return VitPoseDetector(model)
