"""The page Safety: try words, see what pictures score, a theme's policy, own words, the record."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import Field

from studio.app import AppContainer
from studio.files import read_file, write_atomic
from studio.imaging.png_io import decode_png
from studio.messages import in_language
from studio.recipes.base import FrozenModel
from studio.recipes.base_image import Slug
from studio.recipes.generation.job import Words
from studio.recipes.moderation import AuditFilter, ModerationPolicy, Review
from studio.recipes.text_fields import TEXT, Reason
from studio.recipes.themes.deployment import Number
from studio.safety.image_classifier import classify_or_withhold
from studio.safety.word_lists import decode_word_list
from studio.server.auth.session import current_user
from studio.server.bodies import RawBody
from studio.server.csrf import CsrfHeader, Language
from studio.server.plain_pages import plain_page

_ROWS = 50
MAX_LIST = 2_000_000
"""Characters of the operators' own list on the page; longer ones are files."""


class _Words(FrozenModel):
    text: Words


class _List(FrozenModel):
    text: Annotated[str, Field(max_length=MAX_LIST), TEXT]


class ReviewRequest(FrozenModel):
    is_false_positive: bool
    note: Reason
    release: bool = False


def safety_routes(studio: AppContainer) -> APIRouter:
    routes = APIRouter(prefix="/safety")
    _test_routes(routes, studio)
    _policy_routes(routes, studio)
    _audit_routes(routes, studio)
    return routes


def _test_routes(routes: APIRouter, studio: AppContainer) -> None:
    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("safety", request)

    @routes.post("/words")
    def words(wish: _Words, x_studio: CsrfHeader) -> dict[str, Any]:
        """What becomes of words by the lists as they are now; nothing of it is kept."""
        verdict = studio.moderation.check_text(wish.text)
        return {**verdict.model_dump(), "masked": verdict.apply_mask(wish.text)}

    @routes.post("/picture")
    def image(data: RawBody, x_studio: CsrfHeader, language: Language) -> dict[str, Any]:
        """What a PNG scores; nothing of it is kept."""
        shown = decode_png(data, "the picture")
        verdict = classify_or_withhold(studio.moderation.image_classifier, shown, {})
        return {"scores": dict(verdict.scores), "error": in_language(verdict.error, language)}


def _policy_routes(routes: APIRouter, studio: AppContainer) -> None:
    own = studio.settings.data_dir / "words" / "own.txt"

    @routes.get("/policy/{slug}")
    def policy(slug: Slug) -> dict[str, Any]:
        version = studio.themes.get_version(slug)
        return {"number": version.version, "policy": version.preset.safety.model_dump()}

    @routes.post("/policy/{slug}")
    def change(slug: Slug, policy: ModerationPolicy, number: Annotated[Number, Query()], request: Request, x_studio: CsrfHeader) -> dict[str, int]:  # fmt: skip
        """The theme's next version, with another policy; `number` is the one that was looked at."""
        preset = studio.themes.get_version(slug, number).preset
        changed = preset.model_copy(update={"safety": policy})
        saved = studio.themes.save(changed, current_user(request), "safety policy", over=number)
        return {"number": saved.version}

    @routes.get("/list")
    def words() -> dict[str, str]:
        return {
            "text": decode_word_list(read_file(own, "the word list"), own.name) if own.exists() else ""
        }

    @routes.put("/list")
    def write(wish: _List, x_studio: CsrfHeader) -> dict[str, int]:
        """Keeps the operators' own words, which count from now on."""
        entries = studio.moderation.lists.validate(wish.text, own)
        write_atomic(own, wish.text.encode())
        return {"entries": entries}


def _audit_routes(routes: APIRouter, studio: AppContainer) -> None:
    audit = studio.moderation.audit

    @routes.get("/record")
    def record(
        wanted: Annotated[AuditFilter, Query()], before: Number | None = None
    ) -> dict[str, Any]:
        kept = audit.query(wanted, before, _ROWS)
        return {
            "rows": [each.model_dump(mode="json") for each in kept],
            "next": kept[-1].id if len(kept) == _ROWS else None,
        }

    @routes.get("/record.jsonl")
    def export(wanted: Annotated[AuditFilter, Query()]) -> StreamingResponse:
        """All that fits, a decision a line."""
        lines = (each.model_dump_json() + "\n" for each in audit.iter_all(wanted))
        saved = {"Content-Disposition": 'attachment; filename="record.jsonl"'}
        return StreamingResponse(lines, media_type="application/jsonl", headers=saved)

    @routes.post("/record/{number}/review")
    def review(
        number: Number, opinion: ReviewRequest, request: Request, x_studio: CsrfHeader
    ) -> dict[str, str]:
        """What a reviewer makes of a decision; a withheld picture is shown where they say so."""
        made = Review(
            reviewer=current_user(request),
            is_false_positive=opinion.is_false_positive,
            note=opinion.note,
        )
        if opinion.release:
            studio.requests.override_decision(number, made)
        audit.set_review(number, made)
        return {"reviewer": made.reviewer}
