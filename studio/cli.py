"""The command `studio`: run, render, presets, bases, models. Imports what a command needs, late."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from studio.errors import EngineError, StudioError
from studio.shell.models import app as models_app
from studio.shell.printing import AsJson, load_settings, print_table

if TYPE_CHECKING:
    from studio.bootstrap import Studio

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The Doodle Theme Studio: tune themes that turn doodles into pictures.",
)
presets_app = typer.Typer(no_args_is_help=True, help="Saved themes.")
bases_app = typer.Typer(no_args_is_help=True, help="Base images to doodle on.")
app.add_typer(presets_app, name="presets")
app.add_typer(bases_app, name="bases")
app.add_typer(models_app, name="models")


@app.command()
def run(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (7860).")] = None,
) -> None:
    """Serve the studio's page."""
    settings = load_settings(host=host, port=port)
    from studio.ui.server import serve

    serve(settings)


@app.command()
def render(
    preset: Annotated[str, typer.Option(help="A saved preset's slug.")],
    base: Annotated[str, typer.Option(help="A base image's id.")],
    out: Annotated[Path, typer.Option(help="Folder for A.png to D.png and result.json.")],
    doodle: Annotated[Path | None, typer.Option(help="PNG of the base image's size.")] = None,
    prompt: Annotated[str, typer.Option(help="The user's words.")] = "",
    seed: Annotated[
        int | None, typer.Option(help="0 to 4294967295; by chance if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Turn one doodle into the four pictures of a saved preset."""
    from studio.files import check_folder, read_file, write_file

    studio = _studio()
    version = studio.presets.version(preset)
    request = studio.intake.request(
        version.preset,
        base,
        read_file(doodle, "the doodle") if doodle else None,
        prompt,
        seed,
        version.number,
    )
    check_folder(out)
    from studio.recipes.events import Done, Failed

    variants, failed = {}, {}
    for event in studio.rendering.start(request).events():
        if isinstance(event, Done):
            write_file(out / f"{event.letter}.png", event.png)
            variants[event.letter] = event.variant.model_dump(mode="json")
            typer.echo(f"{event.letter}: {out / f'{event.letter}.png'}", err=True)
        elif isinstance(event, Failed):
            failed[event.letter] = event.message
    result = {
        "request": request.id,
        "preset": preset,
        "preset_version": version.number,
        "base_image": base,
        "seed": request.seed,
        "variants": dict(sorted(variants.items())),
        "failed": failed,
    }
    write_file(out / "result.json", json.dumps(result, indent=2).encode())
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    if failed:
        raise EngineError("; ".join(f"{letter}: {why}" for letter, why in sorted(failed.items())))


@presets_app.command("list")
def presets_list(as_json: AsJson = False) -> None:
    """Slug, latest version and name of every preset."""
    rows = [(each.slug, each.latest, each.name) for each in _studio().presets.summaries()]
    print_table(("slug", "version", "name"), rows, as_json)


@presets_app.command("versions")
def presets_versions(slug: str, as_json: AsJson = False) -> None:
    """Every saved version of a preset, the newest first."""
    rows = [
        (v.number, f"{v.created:%Y-%m-%d %H:%M}", v.author, v.note)
        for v in _studio().presets.versions(slug)
    ]
    print_table(("version", "created", "author", "note"), rows, as_json)


@presets_app.command("show")
def presets_show(
    slug: str, version: Annotated[int | None, typer.Option(help="The latest if left out.")] = None
) -> None:
    """A preset's whole document, as JSON."""
    typer.echo(_studio().presets.version(slug, version).preset.to_json())


@presets_app.command("export")
def presets_export(
    slug: str, file: Path, version: Annotated[int | None, typer.Option()] = None
) -> None:
    """Write a preset to a JSON file."""
    from studio.files import write_file

    document = _studio().presets.version(slug, version).preset.to_json()
    write_file(file, document.encode() + b"\n")


@presets_app.command("import")
def presets_import(file: Path, as_json: AsJson = False) -> None:
    """Save a preset from a JSON file, as the next version of its slug."""
    from studio.files import read_file
    from studio.recipes.base import read_document
    from studio.recipes.preset import Preset
    from studio.service.stamping import with_hashes

    preset = read_document(Preset, read_file(file, "the preset file"), f"preset file {file.name}")
    studio = _studio()
    stamped = with_hashes(preset, studio.catalogue)
    saved = studio.presets.save(stamped, note=f"imported from {file.name}")
    print_table(("slug", "version", "name"), [(preset.slug, saved.number, preset.name)], as_json)


@bases_app.command("list")
def bases_list(as_json: AsJson = False) -> None:
    """Every base image with its size; as JSON also its keypoints."""
    images = _studio().bases.all()
    if as_json:
        typer.echo(json.dumps([image.model_dump(mode="json") for image in images], indent=2))
        return
    rows = [(i.id, f"{i.width}x{i.height}", "yes" if i.keypoints else "no", i.name) for i in images]
    print_table(("id", "size", "pose", "name"), rows, as_json=False)


@bases_app.command("export")
def bases_export(image_id: str, file: Path) -> None:
    """Write a base image's PNG to a file."""
    from studio.files import write_file

    studio = _studio()
    write_file(file, studio.bases.png(studio.bases.get(image_id)))


def _studio() -> "Studio":
    from studio.bootstrap import open_studio

    return open_studio(load_settings())


def main() -> NoReturn:
    """The console script: a known error is one line and its own exit code."""
    try:
        app()
    except StudioError as error:
        typer.echo(f"studio: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


if __name__ == "__main__":
    main()
