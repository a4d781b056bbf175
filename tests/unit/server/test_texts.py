"""Issue 18, 9 and 11: every text, number and list parameter of a route is bounded."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import Le, Lt, MaxLen
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, SecretStr
from pydantic.fields import FieldInfo

from studio.app import AppContainer
from studio.recipes.generation.recipe import ModelName
from studio.recipes.text_fields import LINE, TEXT
from studio.server.app import create_api
from tests.unit.server.test_api import BODY, V1
from tests.unit.server.test_problems import api, detail_of

assert api
DECODED = ("png", "doodle", "clothes", "protected")
"""Base64: whatever is no sign of that is refused."""
HEADERS = ("x_studio", "if_none_match")
"""Only whether it is there, or the same as an ETag, counts."""


MODEL_NAME = next(each for each in get_args(ModelName) if isinstance(each, AfterValidator))


def find_unbounded(name: str, kind: Any, rules: tuple[Any, ...] = ()) -> Iterator[str]:
    """The texts, whole numbers and lists within a type that may be anything."""
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        flat = [each for rule in more for each in (rule.metadata if isinstance(rule, FieldInfo) else (rule,))]  # fmt: skip
        yield from find_unbounded(name, inner, (*flat, *rules))
    elif get_origin(kind) in (Union, UnionType, tuple, list, frozenset, Mapping):
        if not is_short(kind, rules):
            yield name
        inside = rules if get_origin(kind) in (Union, UnionType) else ()
        for each in get_args(kind):
            yield from find_unbounded(name, each, inside)
    elif kind is SecretStr or get_origin(kind) is dict:
        if not any(isinstance(rule, MaxLen) for rule in rules):
            yield name
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        for field, info in kind.model_fields.items():
            yield from find_unbounded(
                f"{kind.__name__}.{field}", info.annotation, tuple(info.metadata)
            )
    elif not is_bound(name, kind, rules):
        yield name


def is_short(kind: Any, rules: tuple[Any, ...]) -> bool:
    """Whether a list has an end; what is no list has."""
    endless = get_origin(kind) in (list, frozenset, Mapping) or (get_origin(kind) is tuple and Ellipsis in get_args(kind))  # fmt: skip
    return not endless or any(isinstance(rule, MaxLen) for rule in rules)


def is_bound(name: str, kind: Any, rules: tuple[Any, ...]) -> bool:
    if kind is str:
        exempt = name.rpartition(".")[2] in (*DECODED, *HEADERS)
        known_rules = (LINE, TEXT, MODEL_NAME)
        return exempt or any(rule in known_rules or getattr(rule, "pattern", None) for rule in rules)  # fmt: skip
    if kind is int:
        return any(isinstance(rule, Le | Lt) for rule in rules)
    known_types = (float, bool, bytes, None, type(None), Ellipsis, date, datetime, AwareDatetime)
    assert kind in known_types or get_origin(kind) is Literal, (name, kind)
    return True


def unbounded_parameters(routes: list[Any]) -> Iterator[str]:
    for route in (each for each in routes if isinstance(each, APIRoute)):
        for field in fields(route.dependant):
            for unbounded_names in find_unbounded(
                field.name, field.field_info.annotation, tuple(field.field_info.metadata)
            ):
                yield f"{route.path}: {unbounded_names}"


def fields(dependant: Dependant) -> Iterator[Any]:
    """Of a route and all that it depends on."""
    yield from (
        *dependant.path_params,
        *dependant.query_params,
        *dependant.header_params,
        *dependant.body_params,
    )
    for each in dependant.dependencies:
        yield from fields(each)


def all_routes(router: Any) -> list[Any]:
    """Routes with those of the routers that are part of it."""
    unbounded_names = []
    for route in router.routes:
        inner = getattr(route, "router", None) or getattr(route, "original_router", None)
        unbounded_names += all_routes(inner) if inner is not None else [route]
    return unbounded_names


class _Free(BaseModel):
    """What must be found."""

    text: str = ""
    sized: Annotated[str, Field(max_length=9)] = ""
    number: Annotated[int, Field(ge=1)] | None = None
    many: tuple[Annotated[str, LINE], ...] = ()
    fine: Annotated[tuple[Annotated[str, TEXT], ...], Field(max_length=4)] = ()


def test_unbounded_parameters_are_found() -> None:
    unbounded_names = [each.partition(".")[2] for each in find_unbounded("it", _Free)]
    assert unbounded_names == ["text", "sized", "number", "many"]


def test_parameters_of_the_api_are_bounded(studio: AppContainer) -> None:
    routes = all_routes(create_api(studio))
    assert sum(isinstance(each, APIRoute) for each in routes) > 40
    assert list(unbounded_parameters(routes)) == []


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\x9b"])
def test_control_characters_are_refused(api: TestClient, sign: str) -> None:
    """Security review, 2.2: on PostgreSQL a NUL in the words made twelve renders of one request."""
    said = f"a{sign}b"
    assert "prompt: contains the control" in detail_of(
        api.post(f"{V1}/requests", json=BODY | {"prompt": said}), 422
    )
    assert "text: contains" in detail_of(api.get(f"{V1}/admin/themes", params={"text": said}), 422)
    url = f"{V1}/admin/themes/first-light"
    assert "name: contains" in detail_of(api.put(f"{url}/name", params={"name": said}), 422)
    branch = api.post(f"{url}/versions/1/branch", json={"slug": "two", "name": said})
    assert "name: contains" in detail_of(branch, 422)
    assert "voter: contains" in detail_of(
        api.get(f"{V1}/blind-tests/1/matchup", params={"voter": said}), 422
    )
    spec = {"slug": "first-light", "version": 1, "note": said}
    assert "note: contains" in detail_of(api.post(f"{url}/deployments", json=spec), 422)
    document = api.get(f"{url}/versions/1/file").json() | {"name": said}
    assert "name: contains" in detail_of(api.post(f"{V1}/admin/themes", json=document), 422)


def test_numbers_beyond_column_ranges_are_refused(api: TestClient) -> None:
    entrants = [{"slug": "first-light", "version": number} for number in (1, 2**63)]
    assert "version" in detail_of(
        api.post(f"{V1}/blind-tests", json={"title": "x", "candidates": entrants}), 422
    )
    detail_of(api.get(f"{V1}/blind-tests/{10**23}"), 422)
    detail_of(
        api.get(f"{V1}/requests/{'0' * 32}/events", headers={"Last-Event-ID": str(10**23)}), 422
    )
    url = f"{V1}/admin/themes/first-light"
    spec = {"slug": "first-light", "version": 1}
    detail_of(
        api.post(f"{url}/deployments", json=spec, params={"expected_deployment": 10**23}), 422
    )


# Issue 18, 11: 201 after 207.7 seconds in which nothing else was answered.
def test_theme_file_with_ninety_thousand_base_images_is_refused(api: TestClient) -> None:
    document = api.get(f"{V1}/admin/themes/first-light/versions/1/file").json()
    many = document | {"base_images": [f"b{number}" for number in range(90_000)]}
    assert "base_images" in detail_of(api.post(f"{V1}/admin/themes", json=many), 422)
