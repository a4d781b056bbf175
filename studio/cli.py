"""The command `studio`: run, serve, worker, render, sweep, presets, bases, models, votes, safety, bench, backup, restore. Imports what a command needs, late."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from studio.errors import EngineError, StudioError
from studio.messages import message
from studio.shell.backup import backup, restore
from studio.shell.bases import app as bases_app
from studio.shell.bench import app as bench_app
from studio.shell.clients import app as clients_app
from studio.shell.models import app as models_app
from studio.shell.presets import app as presets_app
from studio.shell.printing import AsJson, closing, here, load_settings, say, say_json
from studio.shell.safety import app as safety_app
from studio.shell.sweep import sweep
from studio.shell.users import app as users_app
from studio.shell.votes import app as votes_app

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
    from studio.api.server import serve as serve_api

    serve_api(settings)


@app.command()
def worker() -> None:
    """Draw what apps ask for, as one of a fleet that pulls from the queue of STUDIO_BROKER."""
    settings = load_settings()
    from studio.worker import work

    work(settings)


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

    studio = here()
    version = studio.presets.version(preset)
    request = studio.intake.request(
        version.preset,
        base,
        read_file(doodle, message("image.doodle")) if doodle else None,
        prompt,
        seed,
        version.number,
    )
    check_folder(out)
    from studio.recipes.events import Done, Failed, Withheld

    variants, failed = {}, {}
    for event in studio.rendering.start(request).events():
        if isinstance(event, Done):
            write_file(out / f"{event.letter}.png", event.png)
            variants[event.letter] = event.variant.model_dump(mode="json")
            say(f"{event.letter}: {out / f'{event.letter}.png'}", err=True)
        elif isinstance(event, Failed):
            failed[event.letter] = str(event.message)
        elif isinstance(event, Withheld):
            failed[event.letter] = f"withheld: {event.reason}"
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
        say_json(json.dumps(result, indent=2))
    if failed:
        reasons = "; ".join(f"{letter}: {why}" for letter, why in sorted(failed.items()))
        raise EngineError("request.variants_failed", reasons=reasons)


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
