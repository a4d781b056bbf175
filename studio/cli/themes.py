"""`studio themes`: themes, their versions and their deployments."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.deployments import app as deployments
from studio.cli.evaluations import app as evaluations
from studio.cli.output import (
    AsJson,
    Author,
    Slug,
    Version,
    open_app,
    print_json,
    print_line,
    print_table,
)
from studio.messages import message

if TYPE_CHECKING:
    from studio.recipes.themes.preset import ThemeVersion

app = typer.Typer(no_args_is_help=True, help="Manage themes, versions and deployments.")

File = Annotated[Path, typer.Argument(help="JSON file.")]


@app.command("list")
def list_themes(
    text: Annotated[str, typer.Argument(help="Part of the name or slug; default: all.")] = "",
    archived: Annotated[bool, typer.Option("--archived", help="Include archived themes.")] = False,
    as_json: AsJson = False,
) -> None:
    """List themes with their latest version."""
    summaries = open_app().stores.themes.list_summaries(text, archived)
    rows = [(summary.slug, summary.latest_version, summary.name) for summary in summaries]
    print_table(("slug", "version", "name"), rows, as_json)


@app.command()
def versions(slug: Slug, as_json: AsJson = False) -> None:
    """List the versions of a theme, newest first."""
    rows = [
        (summary.version, f"{summary.created_at:%Y-%m-%d %H:%M}", summary.author, summary.message)
        for summary in open_app().stores.themes.list_version_summaries(slug)
    ]
    print_table(("version", "created", "author", "message"), rows, as_json)


@app.command()
def diff(
    slug: Slug,
    before: Annotated[int | None, typer.Option("--from", help="Default: previous version.")] = None,
    after: Annotated[int | None, typer.Option("--to", help="Default: latest version.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what changed between two versions of a theme."""
    from studio.recipes.generation.diff import diff_themes

    themes = open_app().stores.themes
    new = themes.get_version(slug, after)
    old = themes.get_version(slug, before or max(1, new.version - 1))
    rows = [change.texts() for change in diff_themes(old.preset, new.preset)]
    print_table(("field", "before", "after"), rows, as_json)


@app.command()
def show(slug: Slug, version: Version = None) -> None:
    """Print a theme as JSON."""
    print_json(open_app().stores.themes.get_version(slug, version).preset.to_json())


@app.command()
def export(
    slug: Slug,
    file: File,
    version: Version = None,
    with_base_images: Annotated[
        bool, typer.Option("--with-base-images", help="Include base images.")
    ] = False,
) -> None:
    """Export a theme to a file that another studio can import."""
    from studio.files import write_atomic

    document = open_app().authoring.transfer.export(slug, version, with_base_images)
    write_atomic(file, document.encode() + b"\n")


@app.command("import")
def import_theme(file: File, author: Author = "", as_json: AsJson = False) -> None:
    """Import a theme file as the next version of its slug; reports missing models."""
    from studio.files import read_file

    document = read_file(file, message("theme.preset_file"))
    result = open_app().authoring.transfer.import_theme(document, file.name, author)
    saved = result.version
    row = (saved.preset.slug, saved.version, saved.preset.name, len(result.base_images))
    print_table(("slug", "version", "name", "new base images"), [row], as_json)
    for missing in result.missing:
        print_line(f"missing: {missing}", err=True)


@app.command()
def rename(slug: Slug, name: str, author: Author = "", as_json: AsJson = False) -> None:
    """Change a theme's name, as its next version; the slug stays."""
    _print_version(open_app().stores.themes.rename(slug, name, author), as_json)


@app.command()
def duplicate(
    slug: Slug,
    new: Annotated[str, typer.Argument(help="Slug of the new theme, or a name to derive it from.")],
    name: Annotated[str, typer.Option(help="Name of the new theme; default: NEW.")] = "",
    version: Version = None,
    author: Author = "",
    as_json: AsJson = False,
) -> None:
    """Create a new theme from an existing version."""
    from studio.recipes.base_image import is_slug

    themes = open_app().stores.themes
    new_slug = new if is_slug(new) else themes.slug_for(new.strip())
    _print_version(themes.branch(slug, version, new_slug, name or new, author), as_json)


@app.command()
def archive(slug: Slug) -> None:
    """Hide a theme from the lists; a deployed theme has to be undeployed first."""
    open_app().authoring.deployments.archive(slug)


@app.command()
def unarchive(slug: Slug) -> None:
    """Show an archived theme in the lists again."""
    open_app().authoring.deployments.archive(slug, archived=False)


def _print_version(saved: "ThemeVersion", as_json: bool) -> None:
    row = (saved.preset.slug, saved.version, saved.preset.name)
    print_table(("slug", "version", "name"), [row], as_json)


app.add_typer(deployments)
app.add_typer(evaluations)
