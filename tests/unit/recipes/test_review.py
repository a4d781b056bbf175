"""A version's review: its state and its approvals follow from the log."""

import pytest
from pydantic import ValidationError

from studio.recipes.themes.review import (
    Review,
    ReviewKind,
    ReviewSpec,
    approvals,
    review_state,
    unique_tags,
)
from tests import examples


def entry(kind: ReviewKind, author: str) -> Review:
    spec = ReviewSpec(kind=kind, author=author, text="?")
    return Review(id=1, version=1, spec=spec, created_at=examples.LONG_AGO)


def test_the_last_decision_counts_whatever_is_said_after_it() -> None:
    assert review_state([]) == review_state(["comment"]) == "none"
    assert review_state(["request", "comment"]) == "in_review"
    assert review_state(["request", "approve", "comment"]) == "approved"
    assert review_state(["approve", "request_changes"]) == "changes_requested"


def test_approvals_hold_until_changes_are_requested() -> None:
    log = [entry("approve", "ada"), entry("approve", "bo"), entry("approve", "ada")]
    assert [one.spec.author for one in approvals(log)] == ["bo", "ada"]
    sent_back = [*log, entry("request_changes", "cy"), entry("approve", "bo")]
    assert [one.spec.author for one in approvals(sent_back)] == ["bo"]


def test_a_comment_needs_a_text() -> None:
    with pytest.raises(ValidationError, match="comment_empty"):
        ReviewSpec(kind="comment", author="ada", text=" \n")


def test_tags_are_kept_once_in_whatever_case() -> None:
    assert unique_tags([" Night", "night", "", "Autumn"]) == ("Autumn", "night")
