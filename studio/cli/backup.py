"""`studio backup|restore`: all that cannot be had again, as a folder."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import load_settings, say


def backup(
    folder: Annotated[Path, typer.Argument(help="A new folder for it.")],
    without_models: Annotated[
        bool, typer.Option("--without-models", help="Leave your own models out: they can be large.")
    ] = False,
) -> None:
    """Copy database, pictures, word lists, session secret and own models, while the studio goes on."""
    from studio.services.backup import back_up

    settings = load_settings()
    made = back_up(settings, folder, not without_models)
    say(f"{folder}: the database, {made.images} pictures, {made.models} files of models")
    if settings.image_store_url:
        say(f"pictures in {settings.image_store_url} are not part of it: keep them there", err=True)


def restore(folder: Annotated[Path, typer.Argument(help="What `studio backup` made.")]) -> None:
    """Copy a backup into the data directory, which must be new."""
    from studio.services.backup import restore as restore_backup

    settings = load_settings()
    made = restore_backup(settings, folder)
    say(f"{settings.data_dir}: as of {made.created_at:%Y-%m-%d %H:%M} UTC, {made.images} pictures")
