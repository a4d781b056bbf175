"""`studio backup|restore`: everything in the data directory that cannot be re-created."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.output import load_settings, print_line


def backup(
    directory: Annotated[Path, typer.Argument(help="New directory for the backup.")],
    without_models: Annotated[
        bool,
        typer.Option("--without-models", help="Leave out user models, which can be large."),
    ] = False,
) -> None:
    """Copy database, images, word lists, session secret and user models while the studio runs."""
    from studio.services.backup import back_up

    settings = load_settings()
    report = back_up(settings, directory, not without_models)
    print_line(f"{directory}: database, {report.images} images, {report.models} model files")
    if settings.image_store_url:
        url = settings.image_store_url
        print_line(f"Images in {url} are not included. Back up that bucket separately.", err=True)


def restore(
    directory: Annotated[Path, typer.Argument(help="Backup made by `studio backup`.")],
) -> None:
    """Copy a backup into the data directory, which must be new."""
    from studio.services.backup import restore as restore_backup

    settings = load_settings()
    report = restore_backup(settings, directory)
    created = f"{report.created_at:%Y-%m-%d %H:%M} UTC"
    print_line(f"{settings.data_dir}: backup of {created}, {report.images} images")
