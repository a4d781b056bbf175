"""`studio presets`: saved themes, their versions, and which of them are served."""

from pathlib import Path
from typing import Annotated

import typer

from studio.messages import message
from studio.shell.deploying import app as deploying_app
from studio.shell.printing import AsJson, Author, here, print_table, say, say_json
from studio.shell.reviewing import app as reviewing_app
from studio.shell.tuning import app as tuning_app

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
    found = here().presets.summaries(text, archived)
    print_table(("slug", "version", "name"), [(p.slug, p.latest, p.name) for p in found], as_json)


@app.command("versions")
def versions(slug: str, as_json: AsJson = False) -> None:
    """Every saved version of a preset, the newest first."""
    rows = [
        (v.number, f"{v.created:%Y-%m-%d %H:%M}", v.author, v.note)
        for v in here().presets.history(slug)
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
    from studio.recipes.differing import differences

    presets = here().presets
    new = presets.version(slug, after)
    old = presets.version(slug, before or max(1, new.number - 1))
    rows = [change.texts() for change in differences(old.preset, new.preset)]
    print_table(("place", "before", "after"), rows, as_json)


@app.command("show")
def show(
    slug: str, version: Annotated[int | None, typer.Option(help="The latest if left out.")] = None
) -> None:
    """A preset's whole document, as JSON."""
    say_json(here().presets.version(slug, version).preset.to_json())


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
    from studio.files import write_file

    write_file(file, here().packaging.export(slug, version, with_bases).encode() + b"\n")


@app.command("import")
def import_preset(file: Path, author: Author = "", as_json: AsJson = False) -> None:
    """Save a preset from a file, as the next version of its slug; says what is missing here."""
    from studio.files import read_file

    taken = here().packaging.take_in(read_file(file, message("theme.the_file")), file.name, author)
    saved = taken.version
    row = (saved.preset.slug, saved.number, saved.preset.name, len(taken.base_images))
    print_table(("slug", "version", "name", "new base images"), [row], as_json)
    for missing in taken.missing:
        say(f"missing: {missing}", err=True)


@app.command()
def rename(slug: str, name: str, author: Author = "", as_json: AsJson = False) -> None:
    """Give a theme another name, as its next version; its slug stays."""
    saved = here().presets.rename(slug, name, author)
    print_table(("slug", "version", "name"), [(slug, saved.number, saved.preset.name)], as_json)


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
    from studio.recipes.canvas import is_slug

    presets = here().presets
    new_slug = new if is_slug(new) else presets.slug_for(new.strip())
    saved = presets.branch(slug, version, new_slug, name or new, author)
    row = (saved.preset.slug, saved.number, saved.preset.name)
    print_table(("slug", "version", "name"), [row], as_json)


@app.command()
def archive(
    slug: str,
    back: Annotated[bool, typer.Option("--back", help="Out of the archive again.")] = False,
) -> None:
    """Take a theme out of the lists; a theme that is served must be taken down first."""
    here().deploying.archive(slug, not back)
