"""The page Moderation: try texts and images, a theme's policy, the custom word list, the audit log."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import Field

from studio.files import read_file, write_atomic
from studio.imaging.png_io import decode_png
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import UserPrompt
from studio.recipes.moderation import AuditFilter, ModerationPolicy, Review
from studio.recipes.text_fields import TEXT, Reason
from studio.recipes.themes.deployment import VersionNumber
from studio.safety.image_classifier import classify_or_withhold
from studio.safety.word_lists import decode_word_list
from studio.server.auth.session import CurrentUser
from studio.server.bodies import RawBody
from studio.server.csrf import CSRF_HEADER
from studio.server.dependencies import Container, Language, Themes, VariantReviews
from studio.server.plain_pages import plain_page
from studio.settings import Settings

PAGE_SIZE = 50
"""Rows of the audit log that one answer has."""
MAX_LIST_CHARS = 2_000_000
"""Characters of the custom word list on the page; longer ones are files."""

router = APIRouter(prefix="/safety")


class CheckText(FrozenModel):
    text: UserPrompt


class WordList(FrozenModel):
    text: Annotated[str, Field(max_length=MAX_LIST_CHARS), TEXT]


class ReviewRequest(FrozenModel):
    """A review of a moderation decision; `release` delivers a withheld image after all."""

    is_false_positive: bool
    note: Reason
    release: bool = False


@router.get("")
def show_page(request: Request) -> HTMLResponse:
    return plain_page("safety", request)


@router.post("/words", dependencies=[CSRF_HEADER])
def check_text(body: CheckText, studio: Container) -> dict[str, Any]:
    """What the word lists make of a prompt now; nothing is recorded."""
    result = studio.moderation.check_text(body.text)
    return {**result.model_dump(), "masked": result.apply_mask(body.text)}


@router.post("/picture", dependencies=[CSRF_HEADER])
def classify_image(data: RawBody, studio: Container, language: Language) -> dict[str, Any]:
    """The scores of a PNG by the image classifier; nothing is recorded."""
    image = decode_png(data, "the picture")
    result = classify_or_withhold(studio.moderation.image_classifier, image, {})
    return {"scores": dict(result.scores), "error": in_language(result.error, language)}


@router.get("/policy/{slug}")
def get_policy(slug: Slug, themes: Themes) -> dict[str, Any]:
    """The moderation policy of a theme's latest version."""
    version = themes.get_version(slug)
    return {"number": version.version, "policy": version.preset.safety.model_dump()}


@router.post("/policy/{slug}", dependencies=[CSRF_HEADER])
def save_policy(
    slug: Slug,
    policy: ModerationPolicy,
    number: Annotated[VersionNumber, Query()],
    user: CurrentUser,
    themes: Themes,
) -> dict[str, int]:
    """Saves the theme's next version with another policy. `number` is the version that the caller saw: if
    there is a later one by now, the answer is 409."""
    preset = themes.get_version(slug, number).preset
    changed = preset.model_copy(update={"safety": policy})
    saved = themes.save(changed, user, "safety policy", expected_version=number)
    return {"number": saved.version}


@router.get("/list")
def get_word_list(studio: Container) -> dict[str, str]:
    """The operators' custom word list; empty where there is none."""
    file = _custom_list(studio.settings)
    text = decode_word_list(read_file(file, "the word list"), file.name) if file.exists() else ""
    return {"text": text}


@router.put("/list", dependencies=[CSRF_HEADER])
def save_word_list(body: WordList, studio: Container) -> dict[str, int]:
    """Replaces the custom word list, which takes effect at once; the answer is its number of entries."""
    file = _custom_list(studio.settings)
    entries = studio.moderation.lists.validate(body.text, file)
    write_atomic(file, body.text.encode())
    return {"entries": entries}


@router.get("/record")
def query_audit_log(
    filters: Annotated[AuditFilter, Query()], studio: Container, before: VersionNumber | None = None
) -> dict[str, Any]:
    """One page of the audit log, latest first; `next` is the `before` of the following page."""
    rows = studio.stores.audit_log.query(filters, before, PAGE_SIZE)
    return {
        "rows": [row.model_dump(mode="json") for row in rows],
        "next": rows[-1].id if len(rows) == PAGE_SIZE else None,
    }


@router.get("/record.jsonl")
def export_audit_log(
    filters: Annotated[AuditFilter, Query()], studio: Container
) -> StreamingResponse:
    """Every matching decision of the audit log as JSON lines."""
    rows = studio.stores.audit_log.iter_all(filters)
    return StreamingResponse(
        (row.model_dump_json() + "\n" for row in rows),
        media_type="application/jsonl",
        headers={"Content-Disposition": 'attachment; filename="record.jsonl"'},
    )


@router.post("/record/{number}/review", dependencies=[CSRF_HEADER])
def review_decision(
    number: VersionNumber,
    body: ReviewRequest,
    user: CurrentUser,
    reviews: VariantReviews,
    studio: Container,
) -> dict[str, str]:
    """Stores a review of a decision, and releases the withheld image where the body says so."""
    review = Review(reviewer=user, is_false_positive=body.is_false_positive, note=body.note)
    if body.release:
        reviews.override_decision(number, review)
    studio.stores.audit_log.set_review(number, review)
    return {"reviewer": review.reviewer}


def _custom_list(settings: Settings) -> Path:
    return settings.data_dir / "words" / "own.txt"
