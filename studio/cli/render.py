"""`studio render`: the four variants of one request, as files."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studio.cli.output import AsJson, open_app, print_json, print_line
from studio.errors import RenderError
from studio.messages import message

if TYPE_CHECKING:
    from studio.recipes.generation.events import Event

ThemeSlug = Annotated[str, typer.Option("--theme", help="Slug of a theme; its latest version.")]
BaseImageId = Annotated[str, typer.Option("--base-image", help="Id of a base image.")]
Doodle = Annotated[
    Path | None, typer.Option(help="PNG of the base image's size; default: no doodle.")
]
Prompt = Annotated[str, typer.Option(help="User prompt.")]


def render(
    theme: ThemeSlug,
    base_image: BaseImageId,
    out: Annotated[Path, typer.Option(help="Output directory for A.png to D.png and result.json.")],
    doodle: Doodle = None,
    prompt: Prompt = "",
    seed: Annotated[int | None, typer.Option(help="0 to 4294967295; random if omitted.")] = None,
    as_json: AsJson = False,
) -> None:
    """Render the four variants of a theme."""
    from studio.files import ensure_writable_dir, read_file, write_atomic

    app = open_app()
    version = app.stores.themes.get_version(theme)
    png = read_file(doodle, message("image.doodle")) if doodle else None
    request = app.rendering.request_factory.create(
        version.preset, base_image, png, prompt, seed, version.version
    )
    ensure_writable_dir(out)
    variants, failed = _write_variants(app.rendering.renders.start(request).events(), out)
    result = {
        "request": request.id,
        "theme": theme,
        "theme_version": version.version,
        "base_image": base_image,
        "seed": request.seed,
        "variants": dict(sorted(variants.items())),
        "failed": failed,
    }
    document = json.dumps(result, indent=2)
    write_atomic(out / "result.json", document.encode())
    if as_json:
        print_json(document)
    if failed:
        reasons = "; ".join(f"{slot}: {reason}" for slot, reason in sorted(failed.items()))
        raise RenderError("request.variants_failed", reasons=reasons)


def _write_variants(
    events: Iterable["Event"], out: Path
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Write each image as it is completed; returns the variants and the failures, by recipe
    slot."""
    from studio.files import write_atomic
    from studio.recipes.generation.events import JobCompleted, JobFailed, ResultWithheld

    variants: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    for event in events:
        if isinstance(event, JobCompleted):
            file = out / f"{event.slot}.png"
            write_atomic(file, event.png)
            variants[event.slot] = event.variant.model_dump(mode="json")
            print_line(f"{event.slot}: {file}", err=True)
        elif isinstance(event, JobFailed):
            failed[event.slot] = str(event.message)
        elif isinstance(event, ResultWithheld):
            failed[event.slot] = f"withheld: {event.reason}"
    return variants, failed
