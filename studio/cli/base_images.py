"""`studio bases`: the images to doodle on, and the keypoints of their figures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, open_app, print_table, say, say_json
from studio.messages import message

if TYPE_CHECKING:
    from studio.app import AppContainer
    from studio.engine.control.vitpose import VitPoseDetector

app = typer.Typer(no_args_is_help=True, help="Base images to doodle on.")

DetectorOption = Annotated[
    str | None, typer.Option(help="A pose detector that finds the figure's keypoints.")
]


@app.command("list")
def list_bases(as_json: AsJson = False) -> None:
    """Every base image with its size; as JSON also its keypoints."""
    images = open_app().base_images.list_all()
    if as_json:
        say_json(json.dumps([image.model_dump(mode="json") for image in images], indent=2))
        return
    rows = [(i.id, f"{i.width}x{i.height}", "yes" if i.keypoints else "no", i.name) for i in images]
    print_table(("id", "size", "pose", "name"), rows, as_json=False)


@app.command()
def export(image_id: str, file: Path) -> None:
    """Write a base image's PNG to a file."""
    from studio.files import write_atomic

    studio = open_app()
    write_atomic(file, studio.base_images.read_png(studio.base_images.get(image_id)))


@app.command()
def add(
    image_id: str,
    file: Path,
    name: Annotated[str | None, typer.Option(help="The id, if left out.")] = None,
    detector: DetectorOption = None,
    keypoints: Annotated[
        Path | None, typer.Option(help="JSON file of 18 points, as `list --json` prints them.")
    ] = None,
) -> None:
    """Take a PNG as a base image. Pose units need its keypoints: found, given, or added later."""
    from studio.files import read_file
    from studio.services.base_images import add_base_image, parse_keypoints

    studio = open_app()
    image = add_base_image(
        studio.base_images,
        image_id,
        name or image_id,
        read_file(file, message("image.base_image")),
        None
        if keypoints is None
        else parse_keypoints(read_file(keypoints, message("image.keypoints"))),
        None if detector is None else _detector(studio, detector),
    )
    say(f"{image.id}: {image.width}x{image.height}, {_describe_keypoints(image.keypoints)}")


@app.command()
def detect(image_id: str, detector: Annotated[str, typer.Option(help="A pose detector.")]) -> None:
    """Find a base image's keypoints anew."""
    from studio.services.base_images import detect_keypoints

    studio = open_app()
    image = detect_keypoints(studio.base_images, image_id, _detector(studio, detector))
    say(f"{image.id}: {_describe_keypoints(image.keypoints)}")


def _detector(studio: "AppContainer", name: str) -> "VitPoseDetector":
    from studio.errors import InvalidInputError
    from studio.recipes.generation.recipe import ModelRef, is_model_name

    if not is_model_name(name):
        raise InvalidInputError("cli.model_name_invalid", name=name)
    model = studio.catalog.get("detector", ModelRef(name=name))
    from studio.engine.control.vitpose import VitPoseDetector

    return VitPoseDetector(model)


def _describe_keypoints(keypoints: tuple[object | None, ...] | None) -> str:
    if keypoints is None:
        return "no keypoints: pose units cannot use it yet"
    return f"{sum(point is not None for point in keypoints)} of 18 keypoints"
