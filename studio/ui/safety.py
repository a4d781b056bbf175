"""The page Safety: try words, see what pictures score, a theme's policy, own words, the record."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import Field

from studio.bodies import RawBody
from studio.bootstrap import Studio
from studio.files import read_file, write_file
from studio.imaging.limits import open_png
from studio.messages import in_language
from studio.recipes.base import Frozen
from studio.recipes.canvas import Slug
from studio.recipes.deployment import Number
from studio.recipes.request import Words
from studio.recipes.safety import AuditFilter, Review, SafetyPolicy
from studio.recipes.text import TEXT, Reason
from studio.safety.lists import decoded_list
from studio.safety.pictures import judge
from studio.ui.doors import Language, OwnPage
from studio.ui.plain import plain_page
from studio.ui.sign_in import user_of

_ROWS = 50
MAX_LIST = 2_000_000
"""Characters of the operators' own list on the page; longer ones are files."""


class _Words(Frozen):
    text: Words


class _List(Frozen):
    text: Annotated[str, Field(max_length=MAX_LIST), TEXT]


class _Opinion(Frozen):
    wrong: bool
    note: Reason
    release: bool = False


def safety_routes(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/safety")
    _add_trials(routes, studio)
    _add_rules(routes, studio)
    _add_record(routes, studio)
    return routes


def _add_trials(routes: APIRouter, studio: Studio) -> None:
    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return plain_page("safety", request)

    @routes.post("/words")
    def words(wish: _Words, x_studio: OwnPage) -> dict[str, Any]:
        """What becomes of words by the lists as they are now; nothing of it is kept."""
        verdict = studio.safety.words(wish.text)
        return {**verdict.model_dump(), "masked": verdict.masked(wish.text)}

    @routes.post("/picture")
    def picture(data: RawBody, x_studio: OwnPage, language: Language) -> dict[str, Any]:
        """What a PNG scores; nothing of it is kept."""
        shown = open_png(data, "the picture")
        verdict = judge(studio.safety.judge, shown, {})
        return {"scores": dict(verdict.scores), "error": in_language(verdict.error, language)}


def _add_rules(routes: APIRouter, studio: Studio) -> None:
    own = studio.settings.home / "words" / "own.txt"

    @routes.get("/policy/{slug}")
    def policy(slug: Slug) -> dict[str, Any]:
        version = studio.presets.version(slug)
        return {"number": version.number, "policy": version.preset.safety.model_dump()}

    @routes.post("/policy/{slug}")
    def change(slug: Slug, policy: SafetyPolicy, number: Annotated[Number, Query()], request: Request, x_studio: OwnPage) -> dict[str, int]:  # fmt: skip
        """The theme's next version, with another policy; `number` is the one that was looked at."""
        preset = studio.presets.version(slug, number).preset
        changed = preset.model_copy(update={"safety": policy})
        saved = studio.presets.save(changed, user_of(request), "safety policy", over=number)
        return {"number": saved.number}

    @routes.get("/list")
    def words() -> dict[str, str]:
        return {
            "text": decoded_list(read_file(own, "the word list"), own.name) if own.exists() else ""
        }

    @routes.put("/list")
    def write(wish: _List, x_studio: OwnPage) -> dict[str, int]:
        """Keeps the operators' own words, which count from now on."""
        entries = studio.safety.lists.checked(wish.text, own)
        write_file(own, wish.text.encode())
        return {"entries": entries}


def _add_record(routes: APIRouter, studio: Studio) -> None:
    audit = studio.safety.audit

    @routes.get("/record")
    def record(
        wanted: Annotated[AuditFilter, Query()], before: Number | None = None
    ) -> dict[str, Any]:
        kept = audit.page(wanted, before, _ROWS)
        return {
            "rows": [each.model_dump(mode="json") for each in kept],
            "next": kept[-1].id if len(kept) == _ROWS else None,
        }

    @routes.get("/record.jsonl")
    def export(wanted: Annotated[AuditFilter, Query()]) -> StreamingResponse:
        """All that fits, a decision a line."""
        lines = (each.model_dump_json() + "\n" for each in audit.every(wanted))
        saved = {"Content-Disposition": 'attachment; filename="record.jsonl"'}
        return StreamingResponse(lines, media_type="application/jsonl", headers=saved)

    @routes.post("/record/{number}/review")
    def review(
        number: Number, opinion: _Opinion, request: Request, x_studio: OwnPage
    ) -> dict[str, str]:
        """What a reviewer makes of a decision; a withheld picture is shown where they say so."""
        made = Review(reviewer=user_of(request), wrong=opinion.wrong, note=opinion.note)
        if opinion.release:
            studio.serving.overrule(number, made)
        audit.review(number, made)
        return {"reviewer": made.reviewer}
