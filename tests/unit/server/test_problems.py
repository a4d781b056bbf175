"""Issue 18, 9: every error response is a problem (RFC 9457) without internal details."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from studio.app import AppContainer
from studio.errors import CorruptModelError, StorageUnavailableError, UnstorableValueError
from studio.messages import Message
from studio.recipes.serving.request_status import ApiClient, Scope
from studio.server.app import create_api
from studio.server.redaction import redact_message
from tests.unit.server.test_api import BODY, V1

EVERYTHING: frozenset[Scope] = frozenset({"generate", "admin", "metrics"})


@pytest.fixture
def api(studio: AppContainer) -> Iterator[TestClient]:
    """A client for everything, who is answered where the application itself breaks, too."""
    key = studio.stores.clients.create_or_rotate_key(
        ApiClient(name="all", scopes=EVERYTHING, requests_per_minute=10_000)
    )
    headers = {"Authorization": f"Bearer {key}"}
    with TestClient(create_api(studio), headers=headers, raise_server_exceptions=False) as client:
        yield client


def detail_of(answer: Any, status: int) -> str:
    """What a problem says; that it is one."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    names = {"type", "title", "status", "detail", "code", "params"}
    assert (problem["status"], set(problem)) == (status, names)
    return str(problem["detail"])


@pytest.mark.parametrize(
    "body",
    [b"{", b"[" * 50_000, b'{"prompt": "\xff"}', b'{"seed": ' + b"9" * 5000 + b"}", b'{"a": NaN}', b"\0"],
    ids=["broken", "deep", "no-utf-8", "long", "nan", "zero"],
)  # fmt: skip
def test_invalid_json_is_a_problem(api: TestClient, body: bytes) -> None:
    sent = {"Content-Type": "application/json"}
    answer = api.post(f"{V1}/requests", content=body, headers=sent)
    detail_of(answer, answer.status_code)
    assert answer.status_code in (400, 422)


def test_unknown_url_and_method_are_problems(api: TestClient) -> None:
    detail_of(api.get(f"{V1}/nothing"), 404)
    detail_of(api.get("/nothing"), 404)
    detail_of(api.get("/play/web/nothing.js"), 404)
    answer = api.put(f"{V1}/requests")
    detail_of(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_too_large_body_is_a_problem(api: TestClient) -> None:
    assert "max 16,777,216 bytes" in detail_of(api.post(f"{V1}/admin/themes", content=bytes(2**24 + 1)), 413)  # fmt: skip

    def pieces() -> Iterator[bytes]:
        for _ in range(17):
            yield bytes(2**20)

    assert "max 16,777,216 bytes" in detail_of(
        api.post(f"{V1}/admin/themes", content=pieces()), 413
    )


def test_json_with_too_many_fields_is_refused_unparsed(api: TestClient) -> None:
    """Security review, 4.7: 14.7 MB of {} took 0.9 s of everybody's time."""
    body = b"[" + b"{}," * 100_000 + b"{}]"
    sent = {"Content-Type": "application/json"}
    assert "Too many fields" in detail_of(
        api.post(f"{V1}/requests", content=body, headers=sent), 413
    )


@pytest.mark.parametrize("name", ["\ud800", "\0", "\x1b[2J"])
def test_unencodable_field_names_are_escaped(api: TestClient, name: str) -> None:
    sent = {"Content-Type": "application/json"}
    body = json.dumps(BODY | {name: 1})
    detail_of(api.post(f"{V1}/requests", content=body, headers=sent), 422)


def test_unexpected_error_is_a_problem_without_details(
    api: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("at /srv/studio/studio.db")

    for target in (studio.stores.themes, studio.stores.clients):
        monkeypatch.setattr(
            target, "list_summaries" if target is studio.stores.themes else "find_by_key", broken
        )
        detail = detail_of(api.get(f"{V1}/admin/themes"), 500)
        assert detail == "Unexpected server error. Try again later."


def test_unavailable_storage_is_a_problem_without_its_url(
    api: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    """Security review, 4.2: every client got the database's host and user."""
    why = "Cannot use the database postgresql+psycopg://studio@db/s2 (connection failed)"

    def away() -> None:
        raise StorageUnavailableError(why)

    monkeypatch.setattr(type(studio.stores.jobs.stats), "count_queued", lambda _: away())
    answer = api.get(f"{V1}/ready", headers={"Authorization": ""})
    assert detail_of(answer, 503) == "Service temporarily unavailable. Try again later."
    assert int(answer.headers["retry-after"]) > 0
    assert why in caplog.text


def test_unstorable_value_is_422_without_retry_after(
    api: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise UnstorableValueError(
            "The database does not accept this value (…). Change it and save again."
        )

    monkeypatch.setattr(studio.stores.jobs.requests, "create", never)
    assert "does not accept this value" in detail_of(api.post(f"{V1}/requests", json=BODY), 422)


def test_model_error_has_no_path(
    api: TestClient, studio: AppContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object, **__: object) -> None:
        raise CorruptModelError(
            "checkpoint 'ink' is damaged (/srv/studio/models/ink/unet.safetensors)"
        )

    monkeypatch.setattr(studio.rendering.request_factory, "create", damaged)
    detail = detail_of(api.post(f"{V1}/requests", json=BODY), 503)
    assert detail == "checkpoint 'ink' is damaged (…)"


# Issue 19, 1.
def test_problem_is_in_the_readers_language_with_its_id(api: TestClient) -> None:
    chinese = {"Accept-Language": "zh-CN,zh;q=0.9"}
    answer = api.post(f"{V1}/requests", json=BODY | {"theme": "nothing"}, headers=chinese)
    assert detail_of(answer, 404) == "主题“nothing”未部署到渠道“live”。"
    assert answer.json()["code"] == "deployment.not_live"
    assert answer.json()["params"] == {"channel": "live", "slug": "nothing"}
    misread = api.post(f"{V1}/requests", json=BODY | {"seed": -1}, headers=chinese)
    assert detail_of(misread, 422).startswith("body.seed：")
    assert misread.json()["code"] == "request.invalid"
    assert detail_of(api.get("/nothing", headers=chinese), 404) == "找不到此地址。"
    large = api.post(f"{V1}/admin/themes", content=bytes(2**24 + 1), headers=chinese)
    assert detail_of(large, 413) == "请求内容过大（最大 16,777,216 字节）。"


@pytest.mark.parametrize(
    ("message", "expected_text"),
    [
        ("cannot write /home/mia/studio/pictures/ab.png (No space left)", "cannot write … (No space left)"),
        ("at redis://:secret@redis:6379/0: refused", "at … refused"),
        ("(cannot identify image file <_io.BytesIO object at 0x7f7a6c577dd0>)", "(cannot identify image file …)"),
        ("strength=0.4/0.6 and 50/50 of picnic/2", "strength=0.4/0.6 and 50/50 of picnic/2"),
        ("sampler DPM++ 2M / Karras", "sampler DPM++ 2M / Karras"),
        ("half a sign \ud800", "half a sign \\ud800"),
    ],
)  # fmt: skip
def test_messages_are_redacted(message: str, expected_text: str) -> None:
    """Of texts, and of their parameters."""
    assert str(redact_message(Message(id=message))) == expected_text
    detail_of = redact_message(
        Message(id="request.invalid", params={"reason": Message(id=message)})
    )
    assert detail_of == Message(id="request.invalid", params={"reason": Message(id=expected_text)})
