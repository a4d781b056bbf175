"""The composition root: small containers, and no way through a service into its stores."""

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

from studio.app import AppContainer
from studio.settings import Settings

MAX_FIELDS = 20
CALLERS = ("server", "ui", "cli", "worker")


def containers(container: type) -> Iterator[type]:
    """A container and those inside it."""
    yield container
    for kind in get_type_hints(container).values():
        if kind.__module__.startswith("studio.composition"):
            yield from containers(kind)


def is_store(kind: Any) -> bool:
    return getattr(kind, "__module__", "").startswith("studio.store.")


def stores_of_services() -> set[tuple[str, str]]:
    """Names of services as their containers have them, and of the stores inside the services."""
    return {
        (name, field)
        for container in containers(AppContainer)
        for name, service in get_type_hints(container).items()
        if service.__module__.startswith("studio.services.")
        for field, kind in get_type_hints(service).items()
        if is_store(kind)
    }


def test_containers_are_small() -> None:
    sizes = {kind.__name__: len(fields(kind)) for kind in containers(AppContainer)}
    assert "Stores" in sizes
    assert Settings.__name__ not in sizes
    assert max(sizes.values()) <= MAX_FIELDS


def test_nobody_reaches_through_a_service_into_its_stores() -> None:
    """Callers use the service's own methods, or take the store from the container of stores."""
    forbidden = stores_of_services()
    assert ("deployments", "deployments") in forbidden
    reached = []
    for file in (file for name in CALLERS for file in Path("studio", name).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                holder = node.value
                name = holder.id if isinstance(holder, ast.Name) else holder.attr
                if (name, node.attr) in forbidden and ast.unparse(holder) != "studio.stores":
                    reached.append(f"{file}:{node.lineno}: {ast.unparse(node)}")
    assert reached == []
