"""The record of decisions: searched, reviewed, forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio.errors import NotFoundError
from studio.recipes.moderation import AuditFilter, ModerationDecision, Review
from studio.store.audit_log import AuditLog
from studio.store.database import Database

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def store(url: str) -> AuditLog:
    return AuditLog(Database(url))


def judged(**changes: Any) -> ModerationDecision:
    plain: dict[str, Any] = {
        "stage": "words", "verdict": "block", "client": "app", "request_id": "1" * 32,
        "theme": "spring", "said": "a naked man", "reason": "naked", "created": NOW,
    }  # fmt: skip
    return ModerationDecision.model_validate(plain | changes)


def test_what_was_decided_is_found_the_newest_first(store: AuditLog) -> None:
    for number in range(3):
        store.add(judged(request_id=f"{number:032x}"))
    store.add(judged(stage="image", verdict="withheld", client="other", theme="autumn", reason="score 0.9", said=""))  # fmt: skip
    first = store.query(AuditFilter(), most=2)
    assert [kept.decision.client for kept in first] == ["other", "app"]
    assert len(store.query(AuditFilter(), before=first[-1].id)) == 2
    assert len(store.query(AuditFilter(client="app"))) == 3
    assert len(store.query(AuditFilter(stage="image"))) == 1
    assert len(store.query(AuditFilter(verdict="block", theme="spring", text="naked"))) == 3
    assert store.query(AuditFilter(text="%")) == []


def test_all_of_a_long_record_is_read_in_turn(store: AuditLog) -> None:
    for number in range(120):
        store.add(judged(request_id=f"{number:032x}"))
    ids = [kept.id for kept in store.iter_all(AuditFilter(client="app"))]
    assert ids == list(range(120, 0, -1))
    assert store.get(7).decision.request_id == f"{6:032x}"


def test_a_decision_is_reviewed(store: AuditLog) -> None:
    store.add(judged())
    [kept] = store.query(AuditFilter())
    assert kept.review is None
    store.set_review(kept.id, Review(reviewer="ana", is_false_positive=True, note="a statue"))
    [again] = store.query(AuditFilter())
    assert again.review == Review(reviewer="ana", is_false_positive=True, note="a statue")
    with pytest.raises(NotFoundError, match="no decision 99"):
        store.set_review(99, Review(reviewer="ana", is_false_positive=True, note="?"))


def test_what_is_old_or_about_one_client_is_forgotten(store: AuditLog) -> None:
    store.add(judged(created=NOW - timedelta(days=100)))
    store.add(judged())
    store.add(judged(client="other"))
    assert store.purge(older_than=NOW - timedelta(days=90)) == 1
    assert store.purge(client="other") == 1
    assert [kept.decision.client for kept in store.query(AuditFilter())] == ["app"]
