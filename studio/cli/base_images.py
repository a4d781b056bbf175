"""`studio base-images`: base images, their pose keypoints and their zones."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, open_app, print_json, print_line, print_table
from studio.messages import message

if TYPE_CHECKING:
    from studio.app import AppContainer
    from studio.engine.control.segformer import ClothesSegmenter
    from studio.engine.control.vitpose import VitPoseDetector
    from studio.models.types import ModelInfo
    from studio.recipes.base_image import Zones

app = typer.Typer(no_args_is_help=True, help="Manage base images.")

ImageId = Annotated[str, typer.Argument(help="Id of a base image.")]
PngFile = Annotated[Path, typer.Argument(help="PNG file.")]
DetectorOption = Annotated[
    str | None, typer.Option(help="Pose detector that finds the keypoints; default: none.")
]


@app.command("list")
def list_base_images(as_json: AsJson = False) -> None:
    """List base images with their size; --json includes the keypoints."""
    images = open_app().stores.base_images.list_all()
    if as_json:
        print_json(json.dumps([image.model_dump(mode="json") for image in images], indent=2))
        return
    rows = [
        (
            image.id,
            f"{image.width}x{image.height}",
            "yes" if image.keypoints else "no",
            "yes" if image.zones and image.zones.clothes else "no",
            image.name,
        )
        for image in images
    ]
    print_table(("id", "size", "pose", "clothes", "name"), rows, as_json=False)


@app.command()
def export(image_id: ImageId, file: PngFile) -> None:
    """Write a base image to a PNG file."""
    from studio.files import write_atomic

    store = open_app().stores.base_images
    write_atomic(file, store.read_png(store.get(image_id)))


@app.command()
def add(
    image_id: ImageId,
    file: PngFile,
    name: Annotated[str | None, typer.Option(help="Display name; default: the id.")] = None,
    detector: DetectorOption = None,
    keypoints: Annotated[
        Path | None, typer.Option(help="JSON file of 18 points, as `list --json` prints them.")
    ] = None,
) -> None:
    """Add a base image from a PNG.

    Pose units need its keypoints: from --detector, from --keypoints, or later from `detect-pose`.
    """
    from studio.files import read_file
    from studio.services.base_images import add_base_image, parse_keypoints

    studio = open_app()
    points = (
        None
        if keypoints is None
        else parse_keypoints(read_file(keypoints, message("image.keypoints")))
    )
    image = add_base_image(
        studio.stores.base_images,
        image_id,
        name or image_id,
        read_file(file, message("image.base_image")),
        points,
        None if detector is None else _load_detector(studio, detector),
    )
    print_line(f"{image.id}: {image.width}x{image.height}, {_describe_keypoints(image.keypoints)}")


@app.command("detect-pose")
def detect_pose(
    image_id: ImageId, detector: Annotated[str, typer.Option(help="Name of a pose detector.")]
) -> None:
    """Re-detect keypoints."""
    from studio.services.base_images import detect_keypoints

    studio = open_app()
    image = detect_keypoints(studio.stores.base_images, image_id, _load_detector(studio, detector))
    print_line(f"{image.id}: {_describe_keypoints(image.keypoints)}")


@app.command()
def zones(
    image_id: ImageId,
    clothes: Annotated[
        Path | None, typer.Option(help="PNG mask of what may change; white is in the zone.")
    ] = None,
    protected: Annotated[
        Path | None, typer.Option(help="PNG mask of what never changes; white is in the zone.")
    ] = None,
    propose: Annotated[
        bool, typer.Option("--propose", help="Find both zones; correct them on Base images.")
    ] = False,
    segmenter: Annotated[
        str | None, typer.Option(help="With --propose: SegFormer model; default: keypoints.")
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove both zones.")] = False,
) -> None:
    """Replace the zones of a base image: masks of its size, for recipes that change only the clothes.

    A zone for which no file is given stays as it is. Without options the zones are described.
    """
    from studio.recipes.base_image import ZoneImages
    from studio.services.zones import propose_zones_of, set_zones

    if sum((propose, clear, clothes is not None or protected is not None)) > 1:
        raise typer.BadParameter("Use --propose, --clear or mask files, one of them at a time.")
    if segmenter is not None and not propose:
        raise typer.BadParameter("--segmenter goes with --propose.")
    studio = open_app()
    store = studio.stores.base_images
    image = store.get(image_id)
    if propose:
        detector = None if segmenter is None else _load_segmenter(studio, segmenter)
        image = set_zones(store, image_id, propose_zones_of(store, image_id, detector))
    elif clear:
        image = set_zones(store, image_id, ZoneImages())
    if clothes is not None or protected is not None:
        masks = store.read_zones(image)
        changes = {"clothes": clothes, "protected": protected}
        files = {zone: _read_mask(zone, path) for zone, path in changes.items() if path}
        image = set_zones(store, image_id, masks.model_copy(update=files))
    print_line(f"{image.id}: {_describe_zones(image.zones)}")


def _read_mask(zone: str, path: Path) -> bytes:
    from studio.files import read_file

    return read_file(path, message(f"image.{zone}_zone"))


def _describe_zones(zones: "Zones | None") -> str:
    clothes, protected = (zones.clothes, zones.protected) if zones else (None, None)
    return f"{'a' if clothes else 'no'} clothes zone, {'a' if protected else 'no'} protected zone"


def _load_segmenter(studio: "AppContainer", name: str) -> "ClothesSegmenter":
    model = _find_detector(studio, name)
    from studio.engine.control.segformer import ClothesSegmenter

    return ClothesSegmenter(model)


def _find_detector(studio: "AppContainer", name: str) -> "ModelInfo":
    from studio.errors import InvalidInputError
    from studio.recipes.generation.recipe import ModelRef, is_model_name

    if not is_model_name(name):
        raise InvalidInputError("cli.model_name_invalid", name=name)
    return studio.models.catalog.get("detector", ModelRef(name=name))


def _load_detector(studio: "AppContainer", name: str) -> "VitPoseDetector":
    model = _find_detector(studio, name)
    from studio.engine.control.vitpose import VitPoseDetector

    return VitPoseDetector(model)


def _describe_keypoints(keypoints: tuple[object | None, ...] | None) -> str:
    if keypoints is None:
        return "no keypoints (required by pose units)"
    return f"{sum(point is not None for point in keypoints)} of 18 keypoints"
