"""The record of decisions: searched, reviewed, forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio.errors import NotFound
from studio.recipes.safety import AuditFilter, Judged, Review
from studio.store.audit import AuditStore
from studio.store.database import Database

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def store(url: str) -> AuditStore:
    return AuditStore(Database(url))


def judged(**changes: Any) -> Judged:
    plain: dict[str, Any] = {
        "stage": "words", "verdict": "block", "client": "app", "request_id": "1" * 32,
        "theme": "spring", "said": "a naked man", "reason": "naked", "created": NOW,
    }  # fmt: skip
    return Judged.model_validate(plain | changes)


def test_what_was_decided_is_found_the_newest_first(store: AuditStore) -> None:
    for number in range(3):
        store.add(judged(request_id=f"{number:032x}"))
    store.add(judged(stage="picture", verdict="withheld", client="other", theme="autumn", reason="score 0.9", said=""))  # fmt: skip
    first = store.page(AuditFilter(), most=2)
    assert [kept.judged.client for kept in first] == ["other", "app"]
    assert len(store.page(AuditFilter(), before=first[-1].id)) == 2
    assert len(store.page(AuditFilter(client="app"))) == 3
    assert len(store.page(AuditFilter(stage="picture"))) == 1
    assert len(store.page(AuditFilter(verdict="block", theme="spring", text="naked"))) == 3
    assert store.page(AuditFilter(text="%")) == []


def test_all_of_a_long_record_is_read_in_turn(store: AuditStore) -> None:
    for number in range(120):
        store.add(judged(request_id=f"{number:032x}"))
    ids = [kept.id for kept in store.every(AuditFilter(client="app"))]
    assert ids == list(range(120, 0, -1))
    assert store.get(7).judged.request_id == f"{6:032x}"


def test_a_decision_is_reviewed(store: AuditStore) -> None:
    store.add(judged())
    [kept] = store.page(AuditFilter())
    assert kept.review is None
    store.review(kept.id, Review(reviewer="ana", wrong=True, note="a statue"))
    [again] = store.page(AuditFilter())
    assert again.review == Review(reviewer="ana", wrong=True, note="a statue")
    with pytest.raises(NotFound, match="no decision 99"):
        store.review(99, Review(reviewer="ana", wrong=True, note="?"))


def test_what_is_old_or_about_one_client_is_forgotten(store: AuditStore) -> None:
    store.add(judged(created=NOW - timedelta(days=100)))
    store.add(judged())
    store.add(judged(client="other"))
    assert store.forget(older_than=NOW - timedelta(days=90)) == 1
    assert store.forget(client="other") == 1
    assert [kept.judged.client for kept in store.page(AuditFilter())] == ["app"]
