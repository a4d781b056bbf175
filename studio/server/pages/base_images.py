"""The page Base images: list, upload, keypoints by hand or by a detector, pose maps, retiring."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from studio.errors import NotFoundError
from studio.imaging.openpose_renderer import LIMBS, render_openpose_map
from studio.imaging.png_io import encode_png
from studio.models.catalog import ModelCatalog
from studio.recipes.base_image import KEYPOINT_NAMES, BaseImage, Keypoints, Sha256, Slug
from studio.recipes.generation.recipe import ModelName, ModelRef
from studio.recipes.text_fields import Name
from studio.server.bodies import RawBody
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import BaseImages, Container
from studio.server.plain_pages import plain_page
from studio.services.base_images import (
    PoseDetector,
    add_base_image,
    detect_keypoints,
    set_keypoints,
)

IMMUTABLE_CACHE_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable"}
DAY_CACHE_HEADERS = {"Cache-Control": "private, max-age=86400"}

router = APIRouter(prefix="/bases")


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("bases", request)


@router.get("/list")
def list_base_images(studio: Container) -> dict[str, Any]:
    base_images = studio.stores.base_images
    retired = base_images.retired_ids()
    return {
        "bases": [
            _to_json(image, image.id in retired)
            for image in base_images.list_all(include_retired=True)
        ],
        "names": KEYPOINT_NAMES,
        "limbs": LIMBS,
        "detectors": studio.models.catalog.list_names("detector"),
    }


@router.get("/{image_id}.png")
def get_image(image_id: Slug, base_images: BaseImages, sha256: Sha256 | None = None) -> Response:
    """The image. A URL that contains its hash is cached for good, since another image has another."""
    image = base_images.get(image_id)
    headers = IMMUTABLE_CACHE_HEADERS if sha256 == image.sha256 else None
    return Response(base_images.read_png(image), media_type="image/png", headers=headers)


@router.get("/doodles/{name}.png")
def get_sample_doodle(name: Slug, studio: Container) -> Response:
    """A sample doodle."""
    for doodle in studio.authoring.sample_doodles:
        if doodle.name == name:
            return Response(doodle.png, media_type="image/png", headers=DAY_CACHE_HEADERS)
    raise NotFoundError("image.no_such_test_doodle", name=name)


@router.get("/{image_id}/pose.png")
def get_pose_map(image_id: Slug, base_images: BaseImages) -> Response:
    """The OpenPose map of an image's keypoints; a black image where it has none."""
    image = base_images.get(image_id)
    pose_map = render_openpose_map(image.keypoints or [None] * 18, image.width, image.height)
    return Response(encode_png(pose_map), media_type="image/png")


@router.post("/{image_id}", dependencies=[CSRF_HEADER])
def add(
    image_id: Slug, data: RawBody, name: Annotated[Name, Query()], base_images: BaseImages
) -> dict[str, Any]:
    """Adds a PNG as a base image."""
    return _to_json(add_base_image(base_images, image_id, name, data))


@router.put("/{image_id}/keypoints", dependencies=[CSRF_HEADER])
def put_keypoints(image_id: Slug, keypoints: Keypoints, base_images: BaseImages) -> dict[str, Any]:
    """Replaces an image's keypoints."""
    return _to_json(set_keypoints(base_images, image_id, keypoints))


@router.post("/{image_id}/detect", dependencies=[CSRF_HEADER])
def detect(
    image_id: Slug, detector: Annotated[ModelName, Query()], studio: Container
) -> dict[str, Any]:
    """Replaces an image's keypoints by what a pose detector finds."""
    pose_detector = _load_detector(studio.models.catalog, detector)
    return _to_json(detect_keypoints(studio.stores.base_images, image_id, pose_detector))


@router.post("/{image_id}/retire", dependencies=[CSRF_HEADER])
def retire(image_id: Slug, base_images: BaseImages, retired: bool = True) -> dict[str, Any]:
    """Retires an image, so that it is offered no more, or restores it."""
    base_images.set_retired(image_id, retired)
    return _to_json(base_images.get(image_id), retired)


def base_image_url(image: BaseImage) -> str:
    """The URL of a base image as it is now."""
    return f"/bases/{image.id}.png?sha256={image.sha256}"


def sample_doodle_url(name: str) -> str:
    """The URL of a sample doodle."""
    return f"/bases/doodles/{quote(name)}.png"


def _load_detector(catalog: ModelCatalog, name: str) -> PoseDetector:
    model = catalog.get("detector", ModelRef(name=name))
    from studio.engine.control.vitpose import VitPoseDetector  # Imports torch.

    return VitPoseDetector(model)


def _to_json(image: BaseImage, retired: bool = False) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.name,
        "width": image.width,
        "height": image.height,
        "keypoints": image.keypoints,
        "retired": retired,
        "image": f"/bases/{image.id}.png",
        "pose": f"/bases/{image.id}/pose.png",
    }
