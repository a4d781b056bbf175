"""The page of base images: a gallery, uploads, keypoints placed by hand, the pose map, retiring."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from studio.bootstrap import Studio
from studio.imaging.limits import encode_png
from studio.imaging.skeleton import LIMBS, draw_skeleton
from studio.recipes.canvas import KEYPOINT_NAMES, BaseImage, Keypoints, Slug
from studio.recipes.recipe import ModelName, ModelRef
from studio.recipes.text import Name
from studio.service.bases import Detector, add_base_image, find_keypoints, place_keypoints
from studio.ui.doors import OwnPage, RawBody

_PAGE = Path(__file__).parent / "static" / "bases.html"


def base_routes(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/bases")
    bases = studio.bases

    @routes.get("")
    def page() -> FileResponse:
        return FileResponse(_PAGE, media_type="text/html")

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
    def picture(image_id: Slug) -> Response:
        return Response(bases.png(bases.get(image_id)), media_type="image/png")

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
