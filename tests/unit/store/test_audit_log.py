"""The audit log of moderation: filters, pages, reviews and retention."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from studio.errors import NotFoundError
from studio.recipes.moderation import AuditFilter, ModerationDecision, Review
from studio.store.audit_log import AuditLog
from studio.store.database import Database

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def audit(url: str) -> AuditLog:
    return AuditLog(Database(url))


def decision(**changes: Any) -> ModerationDecision:
    values: dict[str, Any] = {
        "stage": "prompt",
        "verdict": "block",
        "client": "app",
        "request_id": "1" * 32,
        "theme": "spring",
        "input_text": "a naked man",
        "reason": "naked",
        "created_at": NOW,
    }
    return ModerationDecision.model_validate(values | changes)


def test_query_returns_matching_decisions_newest_first(audit: AuditLog) -> None:
    for number in range(3):
        audit.add(decision(request_id=f"{number:032x}"))
    image = {"stage": "image", "verdict": "withheld", "reason": "score 0.9", "input_text": ""}
    audit.add(decision(client="other", theme="autumn", **image))
    first = audit.query(AuditFilter(), limit=2)
    assert [stored.decision.client for stored in first] == ["other", "app"]
    assert len(audit.query(AuditFilter(), before_id=first[-1].id)) == 2
    assert len(audit.query(AuditFilter(client="app"))) == 3
    assert len(audit.query(AuditFilter(stage="image"))) == 1
    assert len(audit.query(AuditFilter(verdict="block", theme="spring", text="naked"))) == 3
    assert audit.query(AuditFilter(text="%")) == []


def test_iter_all_reads_a_long_log_page_by_page(audit: AuditLog) -> None:
    for number in range(120):
        audit.add(decision(request_id=f"{number:032x}"))
    ids = [stored.id for stored in audit.iter_all(AuditFilter(client="app"))]
    assert ids == list(range(120, 0, -1))
    assert audit.get(7).decision.request_id == f"{6:032x}"


def test_review_is_stored_with_its_decision(audit: AuditLog) -> None:
    audit.add(decision())
    [stored] = audit.query(AuditFilter())
    assert stored.review is None
    review = Review(reviewer="ana", is_false_positive=True, note="a statue")
    audit.set_review(stored.id, review)
    assert audit.get(stored.id).review == review
    with pytest.raises(NotFoundError) as caught:
        audit.set_review(99, review)
    assert caught.value.code == "moderation.decision_not_found"


def test_purge_deletes_by_age_and_by_client(audit: AuditLog) -> None:
    audit.add(decision(created_at=NOW - timedelta(days=100)))
    audit.add(decision())
    audit.add(decision(client="other"))
    assert audit.purge(older_than=NOW - timedelta(days=90)) == 1
    assert audit.purge(client="other") == 1
    assert [stored.decision.client for stored in audit.query(AuditFilter())] == ["app"]
