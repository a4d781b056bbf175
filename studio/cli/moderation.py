"""`studio safety`: words and pictures judged by hand, and the record of what was decided."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, Author, open_app, print_table, say, say_json
from studio.messages import message

if TYPE_CHECKING:
    from studio.app import AppContainer
    from studio.recipes.moderation import ModerationPolicy

app = typer.Typer(no_args_is_help=True, help="What may be asked and shown, and a record of both.")
BLOCKED = 3
"""The exit code for what is not let pass."""
Policy = Annotated[str | None, typer.Option(help="A theme's slug: judge by its policy.")]


@app.command()
def words(
    text: Annotated[str, typer.Option(help="What somebody wrote.")],
    policy: Policy = None,
    as_json: AsJson = False,
) -> None:
    """Judge words by the lists; exit code 3 where they are blocked."""
    studio = open_app()
    judged = _policy(studio, policy).check_prompts
    verdict = studio.moderation.check_text(text) if judged else None
    severity = verdict.action if verdict else None
    found = [m.model_dump() | {"text": text[m.start : m.end]} for m in verdict.matches] if verdict else []  # fmt: skip
    if as_json:
        told = {"verdict": severity or "pass", "severity": severity, "matches": found}
        say_json(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        say(severity or "pass")
        for match in found:
            say(f"  {match['action']}: {match['entry']!r} in {match['text']!r}, from {match['start']} to {match['end']}")  # fmt: skip
    if severity == "block":
        raise typer.Exit(BLOCKED)


@app.command()
def image(
    file: Path,
    policy: Policy = None,
    threshold: Annotated[float | None, typer.Option(help="Instead of the policy's.")] = None,
    margin: Annotated[float | None, typer.Option(help="Instead of the policy's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a PNG; exit code 3 where it would be withheld, also where it cannot be judged."""
    from studio.files import read_file
    from studio.imaging.png_io import decode_png
    from studio.safety.image_classifier import classify_or_withhold

    studio = open_app()
    given = {"nsfw_threshold": threshold, "concept_margin": margin}
    rules = _policy(studio, policy).model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    shown = decode_png(read_file(file, message("image.image")), str(file))
    verdict = classify_or_withhold(studio.moderation.image_classifier, shown, rules.score_limits)
    told = {
        "verdict": "block" if verdict.is_withheld else "pass", "scores": dict(verdict.scores),
        "threshold": rules.nsfw_threshold, "margin": rules.concept_margin, "reason": str(verdict.reason or ""),
    }  # fmt: skip
    if as_json:
        say_json(json.dumps(told, indent=2))
    else:
        scores = ", ".join(f"{name} {score:.3f}" for name, score in verdict.scores.items())
        say(
            f"{told['verdict']}: {scores or str(verdict.reason or '')} (threshold {rules.nsfw_threshold:g})"
        )
    if verdict.is_withheld:
        raise typer.Exit(BLOCKED)


@app.command()
def audit(
    theme: Annotated[str | None, typer.Option(help="Of one theme.")] = None,
    client: Annotated[str | None, typer.Option(help="Of one client.")] = None,
    text: Annotated[str | None, typer.Option(help="With this in words or reason.")] = None,
    most: Annotated[int, typer.Option(help="The newest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What was blocked, masked, flagged and withheld, the newest first."""
    from studio.recipes.moderation import AuditFilter

    kept = open_app().moderation.audit.query(
        AuditFilter(theme=theme, client=client, text=text), most=most
    )
    if as_json:
        say_json(json.dumps([each.model_dump(mode="json") for each in kept], indent=2, ensure_ascii=False))  # fmt: skip
        return
    rows = [
        (
            k.id, f"{k.decision.created_at:%Y-%m-%d %H:%M}", k.decision.client, k.decision.theme, k.decision.stage,
            k.decision.verdict, k.decision.reason, "" if k.review is None else f"{'wrong' if k.review.is_false_positive else 'right'}: {k.review.note}",
        )
        for k in kept
    ]  # fmt: skip
    print_table(("id", "when", "client", "theme", "stage", "verdict", "why", "review"), rows, False)


@app.command()
def review(
    number: int,
    note: Annotated[str, typer.Option(help="Why.")],
    wrong: Annotated[bool, typer.Option("--wrong/--right", help="What the decision was.")] = True,
    release: Annotated[
        bool, typer.Option("--release", help="Have the withheld picture shown: it was wrong.")
    ] = False,
    author: Author = "",
) -> None:
    """Take down what a reviewer makes of a decision."""
    from studio.recipes.moderation import Review

    studio, made = (
        open_app(),
        Review(reviewer=author, is_false_positive=wrong or release, note=note),
    )
    if release:
        studio.requests.override_decision(number, made)
    studio.moderation.audit.set_review(number, made)


@app.command()
def export(
    file: Path,
    theme: Annotated[str | None, typer.Option(help="Of one theme.")] = None,
    client: Annotated[str | None, typer.Option(help="Of one client.")] = None,
) -> None:
    """Write the record to a file, a decision a line as JSON, the newest first."""
    from studio.files import write_atomic
    from studio.recipes.moderation import AuditFilter

    kept = open_app().moderation.audit.iter_all(AuditFilter(theme=theme, client=client))
    lines = [each.model_dump_json() + "\n" for each in kept]
    write_atomic(file, "".join(lines).encode())
    say(len(lines))


@app.command()
def forget(
    days: Annotated[int | None, typer.Option(help="What is older than so many days.")] = None,
    client: Annotated[str | None, typer.Option(help="What is about one client.")] = None,
) -> None:
    """Delete from the record, by age or by client; tells how much."""
    from studio.errors import InvalidInputError

    if days is None and client is None:
        raise InvalidInputError("cli.forget_what")
    older = None if days is None else datetime.now(UTC) - timedelta(days=days)
    say(open_app().moderation.audit.purge(older, client))


def _policy(studio: "AppContainer", slug: str | None) -> "ModerationPolicy":
    from studio.recipes.moderation import ModerationPolicy

    return ModerationPolicy() if slug is None else studio.themes.get_version(slug).preset.safety
