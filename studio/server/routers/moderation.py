"""Routes of moderation, for operators (scope `admin`): overriding decisions, word list, policies, audit log."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from studio.files import read_file, write_atomic
from studio.imaging.png_io import decode_png
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import RequestId
from studio.recipes.history import RowId
from studio.recipes.moderation import AuditFilter, ModerationPolicy, Review
from studio.recipes.themes.deployment import VersionNumber
from studio.recipes.themes.preset import Slot
from studio.safety.image_classifier import classify_or_withhold
from studio.safety.word_lists import decode_word_list
from studio.server.admin_schemas import OverrideRequest
from studio.server.bodies import RawBody
from studio.server.dependencies import (
    Admin,
    Decisions,
    Language,
    Moderation,
    StudioSettings,
    Themes,
    VariantReviews,
    require_admin,
)
from studio.server.moderation_schemas import (
    CheckTextRequest,
    DecisionPage,
    ImageScoresResponse,
    PolicyResponse,
    ReviewDecisionRequest,
    ReviewResponse,
    TextCheckResponse,
    WordList,
    WordListSaved,
)
from studio.server.openapi import PNG_FILE
from studio.server.routers.themes import ADMIN_THEMES
from studio.server.schemas import API_PREFIX, RequestResponse, to_request_response
from studio.settings import Settings

PAGE_SIZE = 50
"""Decisions that one answer has."""

router = APIRouter(prefix=API_PREFIX, tags=["moderation"], dependencies=[Depends(require_admin)])


@router.post("/requests/{request_id}/variants/{slot}/withdraw")
def withdraw_variant(
    request_id: RequestId,
    slot: Slot,
    body: OverrideRequest,
    operator: Admin,
    reviews: VariantReviews,
    language: Language,
) -> RequestResponse:
    """Withholds an image that was delivered already."""
    status = reviews.withdraw(request_id, slot, body.reason, operator.name)
    return to_request_response(status, language)


@router.post("/requests/{request_id}/variants/{slot}/release")
def release_variant(
    request_id: RequestId,
    slot: Slot,
    body: OverrideRequest,
    operator: Admin,
    reviews: VariantReviews,
    language: Language,
) -> RequestResponse:
    """Delivers a withheld image after all; one that was never stored is rendered again."""
    status = reviews.release(request_id, slot, body.reason, operator.name)
    return to_request_response(status, language)


@router.post("/moderation/check-text")
def check_text(body: CheckTextRequest, moderation: Moderation) -> TextCheckResponse:
    """What the word lists make of a prompt now; nothing is recorded."""
    result = moderation.check_text(body.text)
    return TextCheckResponse(**dict(result), masked=result.apply_mask(body.text))


@router.post("/moderation/classify-image", openapi_extra=PNG_FILE)
def classify_image(
    data: RawBody, moderation: Moderation, language: Language
) -> ImageScoresResponse:
    """The scores of a PNG by the image classifier; nothing is recorded."""
    image = decode_png(data, "the picture")
    result = classify_or_withhold(moderation.image_classifier, image, {})
    error = result.error.text(language) if result.error else None
    return ImageScoresResponse(scores=dict(result.scores), error=error)


@router.get(f"{ADMIN_THEMES.removeprefix(API_PREFIX)}/{{slug}}/moderation-policy")
def get_policy(slug: Slug, themes: Themes) -> PolicyResponse:
    """The moderation policy of a theme's latest version."""
    version = themes.get_version(slug)
    return PolicyResponse(version=version.version, policy=version.preset.safety)


@router.put(f"{ADMIN_THEMES.removeprefix(API_PREFIX)}/{{slug}}/moderation-policy")
def save_policy(
    slug: Slug,
    policy: ModerationPolicy,
    expected_version: Annotated[VersionNumber, Query()],
    operator: Admin,
    themes: Themes,
) -> PolicyResponse:
    """Saves the theme's next version with another policy. `expected_version` is the latest version that the
    caller saw (optimistic concurrency): if there is a later one by now, the answer is 409."""
    preset = themes.get_version(slug, expected_version).preset
    changed = preset.model_copy(update={"safety": policy})
    saved = themes.save(changed, operator.name, "safety policy", expected_version=expected_version)
    return PolicyResponse(version=saved.version, policy=policy)


@router.get("/moderation/word-list")
def get_word_list(settings: StudioSettings) -> WordList:
    """The operators' custom word list; empty where there is none."""
    file = _custom_list(settings)
    text = decode_word_list(read_file(file, "the word list"), file.name) if file.exists() else ""
    return WordList(text=text)


@router.put("/moderation/word-list")
def save_word_list(
    body: WordList, moderation: Moderation, settings: StudioSettings
) -> WordListSaved:
    """Replaces the custom word list, which takes effect at once; the answer is its number of entries."""
    file = _custom_list(settings)
    entries = moderation.lists.validate(body.text, file)
    write_atomic(file, body.text.encode())
    return WordListSaved(entries=entries)


@router.get("/moderation/decisions")
def query_audit_log(
    filters: Annotated[AuditFilter, Query()], audit_log: Decisions, before: RowId | None = None
) -> DecisionPage:
    """One page of the audit log, latest first."""
    decisions = tuple(audit_log.query(filters, before, PAGE_SIZE))
    next_cursor = decisions[-1].id if len(decisions) == PAGE_SIZE else None
    return DecisionPage(decisions=decisions, next_cursor=next_cursor)


@router.get("/moderation/decisions.jsonl", response_class=StreamingResponse)
def export_audit_log(
    filters: Annotated[AuditFilter, Query()], audit_log: Decisions
) -> StreamingResponse:
    """Every matching decision of the audit log as JSON lines."""
    rows = audit_log.iter_all(filters)
    return StreamingResponse(
        (row.model_dump_json() + "\n" for row in rows),
        media_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="decisions.jsonl"'},
    )


@router.post("/moderation/decisions/{decision_id}/review")
def review_decision(
    decision_id: RowId,
    body: ReviewDecisionRequest,
    operator: Admin,
    reviews: VariantReviews,
    audit_log: Decisions,
) -> ReviewResponse:
    """Stores a review of a decision, and releases the withheld image where the body says so."""
    review = Review(
        reviewer=operator.name, is_false_positive=body.is_false_positive, note=body.note
    )
    if body.release:
        reviews.override_decision(decision_id, review)
    audit_log.set_review(decision_id, review)
    return ReviewResponse(reviewer=review.reviewer)


def _custom_list(settings: Settings) -> Path:
    return settings.data_dir / "words" / "own.txt"
