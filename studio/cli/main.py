"""The command `studio`: run, serve, worker, render, sweep, presets, bases, models, votes, safety, bench, backup, restore. Imports what a command needs, late."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from studio.cli.api_clients import app as clients_app
from studio.cli.backup import backup, restore
from studio.cli.base_images import app as bases_app
from studio.cli.bench import app as bench_app
from studio.cli.blind_tests import app as votes_app
from studio.cli.models import app as models_app
from studio.cli.moderation import app as safety_app
from studio.cli.output import AsJson, closing, load_settings, open_app, say, say_json
from studio.cli.sweep import sweep
from studio.cli.themes import app as presets_app
from studio.cli.users import app as users_app
from studio.errors import RenderError, StudioError
from studio.messages import message

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The Doodle Theme Studio: tune themes that turn doodles into pictures.",
)
app.add_typer(presets_app, name="presets")
app.add_typer(bases_app, name="bases")
app.add_typer(models_app, name="models")
app.add_typer(bench_app, name="bench")
app.add_typer(users_app, name="users")
app.add_typer(clients_app, name="clients")
app.add_typer(safety_app, name="safety")
app.add_typer(votes_app, name="votes")
app.command()(sweep)
app.command()(backup)
app.command()(restore)


@app.command()
def run(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (7860).")] = None,
    sign_in: Annotated[
        bool | None,
        typer.Option("--sign-in", help="Have everybody sign in, on loopback too."),
    ] = None,
    no_sign_in: Annotated[
        bool | None,
        typer.Option("--no-sign-in", help="Let in whoever reaches the address, without users."),
    ] = None,
) -> None:
    """Serve the studio's page: to users who sign in, or on loopback, while there is none, to this machine."""
    settings = load_settings(host=host, port=port, sign_in=sign_in, no_sign_in=no_sign_in)
    from studio.ui.server import serve

    serve(settings)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (7861).")] = None,
) -> None:
    """Serve the deployed themes to apps, over an API that asks for a client's key."""
    settings = load_settings(host=host, api_port=port)
    from studio.server.api_server import serve as serve_api

    serve_api(settings)


@app.command()
def worker() -> None:
    """Draw what apps ask for, as one of a fleet that pulls from the queue of STUDIO_BROKER_URL."""
    settings = load_settings()
    from studio.worker.celery_worker import run_worker

    run_worker(settings)


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
    from studio.files import ensure_writable_dir, read_file, write_atomic

    studio = open_app()
    version = studio.themes.get_version(preset)
    request = studio.request_factory.create(
        version.preset,
        base,
        read_file(doodle, message("image.doodle")) if doodle else None,
        prompt,
        seed,
        version.version,
    )
    ensure_writable_dir(out)
    from studio.recipes.generation.events import Failed, JobCompleted, ResultWithheld

    variants, failed = {}, {}
    for event in studio.renders.start(request).events():
        if isinstance(event, JobCompleted):
            write_atomic(out / f"{event.slot}.png", event.png)
            variants[event.slot] = event.variant.model_dump(mode="json")
            say(f"{event.slot}: {out / f'{event.slot}.png'}", err=True)
        elif isinstance(event, Failed):
            failed[event.slot] = str(event.message)
        elif isinstance(event, ResultWithheld):
            failed[event.slot] = f"withheld: {event.reason}"
    result = {
        "request": request.id,
        "preset": preset,
        "theme_version": version.version,
        "base_image": base,
        "seed": request.seed,
        "variants": dict(sorted(variants.items())),
        "failed": failed,
    }
    write_atomic(out / "result.json", json.dumps(result, indent=2).encode())
    if as_json:
        say_json(json.dumps(result, indent=2))
    if failed:
        reasons = "; ".join(f"{slot}: {why}" for slot, why in sorted(failed.items()))
        raise RenderError("request.variants_failed", reasons=reasons)


def main() -> NoReturn:
    """The console script: a known error is one line and its own exit code. A studio that runs a command for
    a page (`service/pulling.py`) sets STUDIO_ERRORS=json: the line is the error's message then, to be shown
    in the reader's language."""
    try:
        with closing():
            app()
    except StudioError as error:
        if os.environ.get("STUDIO_ERRORS") == "json":
            say_json(error.message.to_json(), err=True)
        else:
            say(f"studio: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


if __name__ == "__main__":
    main()
