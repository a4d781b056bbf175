"""What the documents have people run. Issue 18, 14 (review 6)."""

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
SERVING = (ROOT / "docs" / "serving.md").read_text()


def block(first_line: str) -> str:
    """The code block of docs/serving.md whose first line begins so."""
    [found] = re.findall(rf"```\w+\n({re.escape(first_line)}.*?)```", SERVING, re.DOTALL)
    return str(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_studio_is_installed_from_no_index(page: Path) -> None:
    """No distribution of its name is ours there: who registers it would own every image."""
    lines = re.findall(r"pip install[^\n`]*", page.read_text())
    assert not [line for line in lines if "doodle-theme-studio" in line]


def test_the_image_is_built_of_the_checkout_with_pinned_versions() -> None:
    installs = re.findall(r"pip install .*", block("# Dockerfile"))
    assert len(installs) == 2
    assert all("-c constraints.txt" in line for line in installs)
    assert "'.[cluster,postgresql]'" in installs[1]
    assert "USER studio" in block("# Dockerfile")


def test_services_have_users_and_passwords_and_the_api_is_on_loopback() -> None:
    compose = yaml.safe_load(block("# compose.yaml"))
    services = compose["services"]
    assert all(service.get("user") for service in services.values())
    assert "requirepass" in services["queue"]["command"][-1]
    assert "POSTGRES_PASSWORD_FILE" in services["db"]["environment"]
    assert all(port.startswith("127.0.0.1:") for port in services["api"]["ports"])
    assert {name for service in services.values() for name in service.get("secrets", ())} == set(compose["secrets"])  # fmt: skip


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
