"""What the documents say is so: commands, settings, routes, links. Issue 18, 14; issue 19, 3."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml  # type: ignore[import-untyped]
from typer.core import TyperGroup

from docs.generate import PAGES as GENERATED
from docs.generate import api, api_document, command_line, error_codes, messages, preset, settings
from studio.cli.main import app
from studio.locales import DEFAULT, templates
from studio.old_environment import OLD_VARIABLES
from studio.recipes.generation.recipe import Recipe
from studio.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WORKERS = (ROOT / "docs" / "how-to" / "workers.md").read_text()


def block(first_line: str) -> str:
    """The code block of docs/how-to/workers.md whose first line begins so."""
    [found] = re.findall(rf"```\w+\n({re.escape(first_line)}.*?)```", WORKERS, re.DOTALL)
    return str(found)


def shell_lines(text: str) -> Iterator[str]:
    """The commands of a page's `sh` blocks; continued lines as one."""
    for found in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from found.replace("\\\n", " ").splitlines()


def studio_arguments(line: str) -> list[str] | None:
    """What a line gives the command `studio`; None where it calls another."""
    words = shlex.split(line, comments=True)
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if not words or Path(words[0]).name != "studio":
        return None
    return [word for word in words[1:] if word != "&"]


COMMANDS = [
    pytest.param(found, id=f"{page.stem}-{index}")
    for page in PAGES
    for index, line in enumerate(shell_lines(page.read_text()))
    if (found := studio_arguments(line)) is not None
]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_the_documents_have_commands() -> None:
    assert len(COMMANDS) > 50


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_command_of_the_documents_is_one(arguments: list[str]) -> None:
    """It is parsed, with its options and arguments, and not run."""
    command = typer.main.get_command(app)
    context = command.make_context("studio", list(arguments))
    while isinstance(command, TyperGroup):
        rest = [*context._protected_args, *context.args]
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, found.make_context(name, rest, parent=context)


def test_every_setting_has_a_description() -> None:
    page = settings()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert f"| `STUDIO_{name.upper()}` |" in page


def test_every_setting_that_the_documents_name_is_one() -> None:
    known = {f"STUDIO_{name.upper()}" for name in Settings.model_fields}
    known |= {"STUDIO_AUTHOR", "STUDIO_CHROMIUM", "STUDIO_TEST_ALL", *OLD_VARIABLES}
    for page in PAGES:
        for name in re.findall(r"\bSTUDIO_[A-Z_]*[A-Z]\b", page.read_text()):
            assert name in known, f"{named(page)}: {name}"


def test_every_route_is_in_the_reference() -> None:
    page = api()
    routes = [
        f"`{method.upper()} {path}`"
        for path, operations in api_document()["paths"].items()
        for method in operations
    ]
    assert len(routes) > 35
    assert not [route for route in routes if route not in page]


def test_every_command_is_in_the_reference() -> None:
    page = command_line()

    def commands(group: TyperGroup, path: str) -> Iterator[str]:
        for name, command in group.commands.items():
            yield f"{path} {name}"
            if isinstance(command, TyperGroup):
                yield from commands(command, f"{path} {name}")

    found = typer.main.get_command(app)
    assert isinstance(found, TyperGroup)
    names = list(commands(found, "studio"))
    assert len(names) > 50
    assert not [name for name in names if f"# `{name}`" not in page]


def test_every_field_of_a_recipe_is_in_the_reference() -> None:
    page = preset()
    for name, field in Recipe.model_fields.items():
        assert f"| `{field.alias or name}` |" in page


def test_every_error_has_a_meaning_and_every_message_a_line() -> None:
    rows = [line.split(" | ") for line in error_codes().splitlines() if "nbsp" in line]
    assert len(rows) > 20
    assert all(len(row) == 4 and row[3].strip(" |") for row in rows)
    assert not [id_ for id_ in templates(DEFAULT) if f"| `{id_}` |" not in messages()]


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                found = (page.parent / target).resolve()
                made = found.is_relative_to(ROOT / "docs") and (
                    found.relative_to(ROOT / "docs").as_posix() in GENERATED
                )
                assert found.exists() or made, f"{named(page)}: {target}"


def test_files_that_the_readme_and_the_guide_name_are_there() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "NOTICE"):
        for name in re.findall(
            r"(?<![\w./-])(?:assets|docs|studio|tests|presets)/[\w./-]*\w", page.read_text()
        ):
            assert (ROOT / name).exists(), f"{named(page)}: {name}"


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    made = [tmp_path / name.replace(".md", ".html") for name in GENERATED]
    assert not [page for page in made if not page.is_file()]
    outside = re.compile(r"""<(?:script|link|img)[^>]+(?:src|href)="?https?://""")
    assert not [page for page in tmp_path.rglob("*.html") if outside.search(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_studio_is_installed_from_no_index(page: Path) -> None:
    """No distribution of its name is ours there: who registers it would own every image."""
    lines = re.findall(r"pip install[^\n`]*", page.read_text())
    assert not [line for line in lines if "doodle-theme-studio" in line]


def test_the_image_is_built_of_the_checkout_with_pinned_versions() -> None:
    installs = re.findall(r"pip install .*", block("# Dockerfile"))
    assert len(installs) == 2
    assert all("-c constraints.txt" in line for line in installs)
    assert "'.[tuning,deepcache,cluster,postgresql]'" in installs[1]
    assert "USER studio" in block("# Dockerfile")


def test_services_have_users_and_passwords_and_the_api_is_on_loopback() -> None:
    compose = yaml.safe_load(block("# compose.yaml"))
    services = compose["services"]
    assert all(service.get("user") for service in services.values())
    assert "requirepass" in services["queue"]["command"][-1]
    assert "POSTGRES_PASSWORD_FILE" in services["db"]["environment"]
    assert all(port.startswith("127.0.0.1:") for port in services["api"]["ports"])
    secrets = {name for service in services.values() for name in service.get("secrets", ())}
    assert secrets == set(compose["secrets"])
