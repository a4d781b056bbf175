"""The page of base images: a gallery, uploads, keypoints placed by hand, the pose map, retiring."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from studio.app import AppContainer
from studio.errors import NotFoundError
from studio.imaging.openpose_renderer import LIMBS, render_openpose_map
from studio.imaging.png_io import encode_png
from studio.recipes.base_image import KEYPOINT_NAMES, BaseImage, Keypoints, Sha256, Slug
from studio.recipes.generation.recipe import ModelName, ModelRef
from studio.recipes.text_fields import Name
from studio.server.bodies import RawBody
from studio.server.csrf import CsrfHeader
from studio.server.plain_pages import plain_page
from studio.services.base_images import (
    PoseDetector,
    add_base_image,
    detect_keypoints,
    set_keypoints,
)

_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_DAY = {"Cache-Control": "private, max-age=86400"}


def base_routes(studio: AppContainer) -> APIRouter:
    routes = APIRouter(prefix="/bases")
    bases = studio.base_images

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("bases", request)

    @routes.get("/list")
    def listed() -> dict[str, Any]:
        retired = bases.retired_ids()
        return {
            "bases": [
                _to_json(each, each.id in retired) for each in bases.list_all(include_retired=True)
            ],
            "names": KEYPOINT_NAMES,
            "limbs": LIMBS,
            "detectors": studio.catalog.list_names("detector"),
        }

    @routes.get("/{image_id}.png")
    def image(image_id: Slug, sha256: Sha256 | None = None) -> Response:
        """The picture; one that is asked for by its hash, too, need not be asked for again."""
        image = bases.get(image_id)
        headers = _FOREVER if sha256 == image.sha256 else None
        return Response(bases.read_png(image), media_type="image/png", headers=headers)

    @routes.get("/doodles/{name}.png")
    def doodle(name: Slug) -> Response:
        found = next((each.png for each in studio.sample_doodles if each.name == name), None)
        if found is None:
            raise NotFoundError("image.no_such_test_doodle", name=name)
        return Response(found, media_type="image/png", headers=_DAY)

    @routes.get("/{image_id}/pose.png")
    def pose(image_id: Slug) -> Response:
        image = bases.get(image_id)
        drawn = render_openpose_map(image.keypoints or [None] * 18, image.width, image.height)
        return Response(encode_png(drawn), media_type="image/png")

    @routes.post("/{image_id}")
    def add(
        image_id: Slug, data: RawBody, x_studio: CsrfHeader, name: Annotated[Name, Query()]
    ) -> dict[str, Any]:
        return _to_json(add_base_image(bases, image_id, name, data))

    @routes.put("/{image_id}/keypoints")
    def place(image_id: Slug, keypoints: Keypoints, x_studio: CsrfHeader) -> dict[str, Any]:
        return _to_json(set_keypoints(bases, image_id, keypoints))

    @routes.post("/{image_id}/detect")
    def detect(
        image_id: Slug, x_studio: CsrfHeader, detector: Annotated[ModelName, Query()]
    ) -> dict[str, Any]:
        return _to_json(detect_keypoints(bases, image_id, _detector(studio, detector)))

    @routes.post("/{image_id}/retire")
    def retire(image_id: Slug, x_studio: CsrfHeader, retired: bool = True) -> dict[str, Any]:
        bases.set_retired(image_id, retired)
        return _to_json(bases.get(image_id), retired)

    return routes


def image_address(image: BaseImage) -> str:
    """Where a base image's picture is served, as it is now."""
    return f"/bases/{image.id}.png?sha256={image.sha256}"


def doodle_address(name: str) -> str:
    """Where a test doodle is served."""
    return f"/bases/doodles/{quote(name)}.png"


def _detector(studio: AppContainer, name: str) -> PoseDetector:
    model = studio.catalog.get("detector", ModelRef(name=name))
    from studio.engine.control.vitpose import VitPoseDetector

    return VitPoseDetector(model)


def _to_json(image: BaseImage, retired: bool = False) -> dict[str, Any]:
    return {
        "id": image.id, "name": image.name, "width": image.width, "height": image.height,
        "keypoints": image.keypoints, "retired": retired,
        "image": f"/bases/{image.id}.png", "pose": f"/bases/{image.id}/pose.png",
    }  # fmt: skip
