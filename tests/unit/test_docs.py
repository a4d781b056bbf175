"""The documentation is correct: commands, settings, routes, files, links.

Issue 18, 14; issue 19, 3.
"""

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
from studio.locales import DEFAULT, LANGUAGES, templates
from studio.old_environment import OLD_VARIABLES
from studio.recipes.generation.recipe import Recipe
from studio.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
WORKERS = (ROOT / "docs" / "how-to" / "workers.md").read_text()


def block(first_line: str) -> str:
    """The code block of docs/how-to/workers.md that starts with `first_line`."""
    [text] = re.findall(rf"```\w+\n({re.escape(first_line)}.*?)```", WORKERS, re.DOTALL)
    return str(text)


def shell_lines(text: str) -> Iterator[str]:
    """The commands of a page's `sh` blocks; continued lines are joined."""
    for code in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        yield from code.replace("\\\n", " ").splitlines()


def studio_arguments(line: str) -> list[str] | None:
    """The arguments of the command `studio` in a line; None for another command."""
    words = shlex.split(line, comments=True)
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    if not words or Path(words[0]).name != "studio":
        return None
    return [word for word in words[1:] if word != "&"]


COMMANDS = [
    pytest.param(arguments, id=f"{page.stem}-{index}")
    for page in PAGES
    for index, line in enumerate(shell_lines(page.read_text()))
    if (arguments := studio_arguments(line)) is not None
]


def relative_path(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_documentation_has_commands() -> None:
    assert len(COMMANDS) > 50


@pytest.mark.parametrize("arguments", COMMANDS)
def test_documented_command_exists(arguments: list[str]) -> None:
    """The command is parsed with its options and arguments, but not run."""
    command = typer.main.get_command(app)
    context = command.make_context("studio", list(arguments))
    while isinstance(command, TyperGroup):
        remaining = [*context._protected_args, *context.args]
        name, subcommand, remaining = command.resolve_command(context, remaining)
        assert subcommand is not None
        context = subcommand.make_context(name, remaining, parent=context)
        command = subcommand


def test_every_setting_has_a_description() -> None:
    page = settings()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert f"| `STUDIO_{name.upper()}` |" in page


def test_settings_named_in_the_documentation_exist() -> None:
    known = {f"STUDIO_{name.upper()}" for name in Settings.model_fields}
    known |= {"STUDIO_AUTHOR", "STUDIO_CHROMIUM", "STUDIO_TEST_ALL", *OLD_VARIABLES}
    for page in PAGES:
        for name in re.findall(r"\bSTUDIO_[A-Z_]*[A-Z]\b", page.read_text()):
            assert name in known, f"{relative_path(page)}: {name}"


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
            if command.hidden:
                continue
            yield f"{path} {name}"
            if isinstance(command, TyperGroup):
                yield from commands(command, f"{path} {name}")

    names = list(commands(typer.main.get_group(app), "studio"))
    assert len(names) > 50
    assert not [name for name in names if f"# `{name}`" not in page]


NAMED_COMMAND = re.compile(
    r"(?:^|[`:：] ?)studio ([a-z][a-z-]*)(?:\s+([a-z][a-z-]*))?", re.MULTILINE
)
"""A command in running text: after a backtick or a colon, or at the beginning of a line."""


def texts_that_name_commands() -> Iterator[tuple[str, str]]:
    """Source and text: messages in each language, Python files, documentation pages."""
    for language in LANGUAGES:
        for id_, text in templates(language).items():
            yield f"{language}: {id_}", text
    for path in [*(ROOT / "studio").rglob("*.py"), *PAGES]:
        if path.name not in ("CHANGELOG.md", "servers.py"):  # These name the old commands.
            yield relative_path(path), path.read_text("utf-8")


def test_commands_named_in_texts_exist() -> None:
    group = typer.main.get_group(app)
    assert isinstance(group, TyperGroup)
    visible = {name: command for name, command in group.commands.items() if not command.hidden}
    unknown = []
    for source, text in texts_that_name_commands():
        for name, subcommand in NAMED_COMMAND.findall(text):
            command = visible.get(name)
            subcommands = command.commands if isinstance(command, TyperGroup) else None
            if command is None or (subcommands and subcommand and subcommand not in subcommands):
                unknown.append(f"{source}: studio {name} {subcommand}")
    assert not unknown


def test_every_field_of_a_recipe_is_in_the_reference() -> None:
    page = preset()
    for name, field in Recipe.model_fields.items():
        assert f"| `{field.alias or name}` |" in page


def test_every_error_and_message_is_in_the_reference() -> None:
    rows = [line.split(" | ") for line in error_codes().splitlines() if "nbsp" in line]
    assert len(rows) > 20
    assert all(len(row) == 4 and row[3].strip(" |") for row in rows)
    assert not [id_ for id_ in templates(DEFAULT) if f"| `{id_}` |" not in messages()]


def test_links_between_pages_resolve() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                found = (page.parent / target).resolve()
                made = found.is_relative_to(ROOT / "docs") and (
                    found.relative_to(ROOT / "docs").as_posix() in GENERATED
                )
                assert found.exists() or made, f"{relative_path(page)}: {target}"


def test_files_named_in_readme_and_contributing_exist() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "NOTICE"):
        for name in re.findall(
            r"(?<![\w./-])(?:assets|docs|studio|tests|presets)/[\w./-]*\w", page.read_text()
        ):
            assert (ROOT / name).exists(), f"{relative_path(page)}: {name}"


def test_source_files_named_in_the_documents_exist() -> None:
    """A path is relative to the checkout or to `studio/`."""
    for page in PAGES:
        if page.name != "CHANGELOG.md":
            for name in re.findall(r"`([\w/]+\.py)`", page.read_text()):
                found = (ROOT / name).exists() or (ROOT / "studio" / name).exists()
                assert found, f"{relative_path(page)}: {name}"


def test_site_builds_without_warnings(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("page", PAGES, ids=relative_path)
def test_no_page_installs_the_studio_from_a_package_index(page: Path) -> None:
    """The name is not registered there: whoever registers it could run code on every installation."""
    lines = re.findall(r"pip install[^\n`]*", page.read_text())
    assert not [line for line in lines if "doodle-theme-studio" in line]


def test_container_image_is_built_from_the_checkout_with_pinned_versions() -> None:
    installs = re.findall(r"pip install .*", block("# Dockerfile"))
    assert len(installs) == 2
    assert all("-c constraints.txt" in line for line in installs)
    assert "'.[tuning,cluster,postgresql]'" in installs[1]
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
