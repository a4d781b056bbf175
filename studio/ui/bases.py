"""The page of base images: a gallery, uploads, keypoints placed by hand, the pose map, retiring."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from studio.bodies import RawBody
from studio.bootstrap import Studio
from studio.errors import NotFound
from studio.imaging.limits import encode_png
from studio.imaging.skeleton import LIMBS, draw_skeleton
from studio.recipes.canvas import KEYPOINT_NAMES, BaseImage, Keypoints, Sha256, Slug
from studio.recipes.recipe import ModelName, ModelRef
from studio.recipes.text import Name
from studio.service.bases import Detector, add_base_image, find_keypoints, place_keypoints
from studio.ui.doors import OwnPage
from studio.ui.plain import plain_page

_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_DAY = {"Cache-Control": "private, max-age=86400"}


def base_routes(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/bases")
    bases = studio.bases

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("bases", request)

    @routes.get("/list")
    def listed() -> dict[str, Any]:
        retired = bases.retired()
        return {
            "bases": [_row(each, each.id in retired) for each in bases.all(with_retired=True)],
            "names": KEYPOINT_NAMES,
            "limbs": LIMBS,
            "detectors": studio.catalogue.names("detector"),
        }

    @routes.get("/{image_id}.png")
    def picture(image_id: Slug, sha256: Sha256 | None = None) -> Response:
        """The picture; one that is asked for by its hash, too, need not be asked for again."""
        image = bases.get(image_id)
        headers = _FOREVER if sha256 == image.sha256 else None
        return Response(bases.png(image), media_type="image/png", headers=headers)

    @routes.get("/doodles/{name}.png")
    def doodle(name: Slug) -> Response:
        found = next((each.png for each in studio.doodles if each.name == name), None)
        if found is None:
            raise NotFound("image.no_such_test_doodle", name=name)
        return Response(found, media_type="image/png", headers=_DAY)

    @routes.get("/{image_id}/pose.png")
    def pose(image_id: Slug) -> Response:
        image = bases.get(image_id)
        drawn = draw_skeleton(image.keypoints or [None] * 18, image.width, image.height)
        return Response(encode_png(drawn), media_type="image/png")

    @routes.post("/{image_id}")
    def add(
        image_id: Slug, data: RawBody, x_studio: OwnPage, name: Annotated[Name, Query()]
    ) -> dict[str, Any]:
        return _row(add_base_image(bases, image_id, name, data))

    @routes.put("/{image_id}/keypoints")
    def place(image_id: Slug, keypoints: Keypoints, x_studio: OwnPage) -> dict[str, Any]:
        return _row(place_keypoints(bases, image_id, keypoints))

    @routes.post("/{image_id}/detect")
    def detect(
        image_id: Slug, x_studio: OwnPage, detector: Annotated[ModelName, Query()]
    ) -> dict[str, Any]:
        return _row(find_keypoints(bases, image_id, _detector(studio, detector)))

    @routes.post("/{image_id}/retire")
    def retire(image_id: Slug, x_studio: OwnPage, retired: bool = True) -> dict[str, Any]:
        bases.retire(image_id, retired)
        return _row(bases.get(image_id), retired)

    return routes


def picture_address(image: BaseImage) -> str:
    """Where a base image's picture is served, as it is now."""
    return f"/bases/{image.id}.png?sha256={image.sha256}"


def doodle_address(name: str) -> str:
    """Where a test doodle is served."""
    return f"/bases/doodles/{quote(name)}.png"


def _detector(studio: Studio, name: str) -> Detector:
    model = studio.catalogue.find("detector", ModelRef(name=name))
    from studio.engine.poses import VitPose

    return VitPose(model)


def _row(image: BaseImage, retired: bool = False) -> dict[str, Any]:
    return {
        "id": image.id, "name": image.name, "width": image.width, "height": image.height,
        "keypoints": image.keypoints, "retired": retired,
        "picture": f"/bases/{image.id}.png", "pose": f"/bases/{image.id}/pose.png",
    }  # fmt: skip
