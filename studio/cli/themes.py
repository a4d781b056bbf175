"""`studio presets`: saved themes, their versions, and which of them are served."""

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.deployments import app as deploying_app
from studio.cli.evaluations import app as reviewing_app
from studio.cli.output import AsJson, Author, open_app, print_table, say, say_json
from studio.cli.tuning import app as tuning_app
from studio.messages import message

app = typer.Typer(no_args_is_help=True, help="Saved themes, and which of them are served.")
app.add_typer(deploying_app)
app.add_typer(reviewing_app)
app.add_typer(tuning_app)

Version = Annotated[int | None, typer.Option(help="The latest if left out.")]


@app.command("list")
def list_presets(
    text: Annotated[str, typer.Argument(help="A part of the name or slug.")] = "",
    archived: Annotated[bool, typer.Option("--archived", help="Archived ones, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Slug, latest version and name of every preset."""
    found = open_app().themes.list_summaries(text, archived)
    print_table(
        ("slug", "version", "name"), [(p.slug, p.latest_version, p.name) for p in found], as_json
    )


@app.command("versions")
def versions(slug: str, as_json: AsJson = False) -> None:
    """Every saved version of a preset, the newest first."""
    rows = [
        (v.version, f"{v.created_at:%Y-%m-%d %H:%M}", v.author, v.message)
        for v in open_app().themes.list_version_summaries(slug)
    ]
    print_table(("version", "created", "author", "note"), rows, as_json)


@app.command("diff")
def diff(
    slug: str,
    before: Annotated[
        int | None, typer.Option("--from", help="The one before if left out.")
    ] = None,
    after: Annotated[int | None, typer.Option("--to", help="The latest if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """What changed from one version of a preset to another."""
    from studio.recipes.generation.diff import diff_themes

    presets = open_app().themes
    new = presets.get_version(slug, after)
    old = presets.get_version(slug, before or max(1, new.version - 1))
    rows = [change.texts() for change in diff_themes(old.preset, new.preset)]
    print_table(("place", "before", "after"), rows, as_json)


@app.command("show")
def show(
    slug: str, version: Annotated[int | None, typer.Option(help="The latest if left out.")] = None
) -> None:
    """A preset's whole document, as JSON."""
    say_json(open_app().themes.get_version(slug, version).preset.to_json())


@app.command("export")
def export(
    slug: str,
    file: Path,
    version: Version = None,
    with_bases: Annotated[
        bool, typer.Option("--with-bases", help="Take its base images along.")
    ] = False,
) -> None:
    """Write a preset to a JSON file that another studio takes in."""
    from studio.files import write_atomic

    write_atomic(file, open_app().theme_transfer.export(slug, version, with_bases).encode() + b"\n")


@app.command("import")
def import_preset(file: Path, author: Author = "", as_json: AsJson = False) -> None:
    """Save a preset from a file, as the next version of its slug; says what is missing here."""
    from studio.files import read_file

    taken = open_app().theme_transfer.import_theme(
        read_file(file, message("theme.the_file")), file.name, author
    )
    saved = taken.version
    row = (saved.preset.slug, saved.version, saved.preset.name, len(taken.base_images))
    print_table(("slug", "version", "name", "new base images"), [row], as_json)
    for missing in taken.missing:
        say(f"missing: {missing}", err=True)


@app.command()
def rename(slug: str, name: str, author: Author = "", as_json: AsJson = False) -> None:
    """Give a theme another name, as its next version; its slug stays."""
    saved = open_app().themes.rename(slug, name, author)
    print_table(("slug", "version", "name"), [(slug, saved.version, saved.preset.name)], as_json)


@app.command()
def branch(
    slug: str,
    new: Annotated[str, typer.Argument(help="The new theme's slug, or a name that gets one.")],
    name: Annotated[str, typer.Option(help="The new theme's name; NEW if left out.")] = "",
    version: Version = None,
    author: Author = "",
    as_json: AsJson = False,
) -> None:
    """Begin a new theme as a version of another."""
    from studio.recipes.base_image import is_slug

    presets = open_app().themes
    new_slug = new if is_slug(new) else presets.slug_for(new.strip())
    saved = presets.branch(slug, version, new_slug, name or new, author)
    row = (saved.preset.slug, saved.version, saved.preset.name)
    print_table(("slug", "version", "name"), [row], as_json)


@app.command()
def archive(
    slug: str,
    back: Annotated[bool, typer.Option("--back", help="Out of the archive again.")] = False,
) -> None:
    """Take a theme out of the lists; a theme that is served must be taken down first."""
    open_app().deployments.archive(slug, not back)
