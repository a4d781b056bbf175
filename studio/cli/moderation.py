"""`studio moderation`: prompt filter and image classifier by hand, and the audit log."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, Author, open_app, print_json, print_line, print_table
from studio.messages import message

if TYPE_CHECKING:
    from studio.app import AppContainer
    from studio.recipes.moderation import ModerationPolicy, StoredDecision

app = typer.Typer(no_args_is_help=True, help="Moderate prompts and images; read the audit log.")
EXIT_BLOCKED = 3
"""Exit code for a prompt that is blocked or an image that is withheld."""

Policy = Annotated[
    str | None,
    typer.Option(help="Slug of a theme whose policy applies; default: the default policy."),
]
Theme = Annotated[str | None, typer.Option(help="Only decisions about this theme.")]
Client = Annotated[str | None, typer.Option(help="Only decisions about this API client.")]


@app.command("check-text")
def check_text(
    text: Annotated[str, typer.Option(help="Prompt text.")],
    policy: Policy = None,
    as_json: AsJson = False,
) -> None:
    """Check a prompt against the word lists. Exit code 3 if it is blocked."""
    studio = open_app()
    is_filtered = _policy(studio, policy).check_prompts
    result = studio.moderation.check_text(text) if is_filtered else None
    action = (result.action if result else None) or "pass"
    matches = [
        match.model_dump() | {"text": text[match.start : match.end]}
        for match in (result.matches if result else ())
    ]
    if as_json:
        document = {"action": action, "matches": matches}
        print_json(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        print_line(action)
        for match in matches:
            where = f"from {match['start']} to {match['end']}"
            print_line(f"  {match['action']}: {match['entry']!r} in {match['text']!r}, {where}")
    if action == "block":
        raise typer.Exit(EXIT_BLOCKED)


@app.command("check-image")
def check_image(
    file: Annotated[Path, typer.Argument(help="PNG file.")],
    policy: Policy = None,
    threshold: Annotated[
        float | None, typer.Option(help="NSFW threshold, 0 to 1; default: the policy's.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(help="Concept margin, -0.2 to 0.2; default: the policy's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Classify a PNG. Exit code 3 if it would be withheld, also because classification failed."""
    from studio.files import read_file
    from studio.imaging.png_io import decode_png
    from studio.safety.image_classifier import classify_or_withhold

    studio = open_app()
    overrides = {"nsfw_threshold": threshold, "concept_margin": margin}
    rules = _policy(studio, policy).model_copy(
        update={name: value for name, value in overrides.items() if value is not None}
    )
    image = decode_png(read_file(file, message("image.image")), str(file))
    result = classify_or_withhold(studio.moderation.image_classifier, image, rules.score_limits)
    action, reason = "block" if result.is_withheld else "pass", str(result.reason or "")
    if as_json:
        document = {
            "action": action,
            "scores": dict(result.scores),
            "threshold": rules.nsfw_threshold,
            "margin": rules.concept_margin,
            "reason": reason,
        }
        print_json(json.dumps(document, indent=2))
    else:
        scores = ", ".join(f"{name} {score:.3f}" for name, score in result.scores.items())
        print_line(f"{action}: {scores or reason} (threshold {rules.nsfw_threshold:g})")
    if result.is_withheld:
        raise typer.Exit(EXIT_BLOCKED)


@app.command()
def log(
    theme: Theme = None,
    client: Client = None,
    text: Annotated[
        str | None, typer.Option(help="Only decisions whose prompt or reason contains this.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Number of decisions.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List moderation decisions (blocked, masked, flagged, withheld), newest first."""
    from studio.recipes.moderation import AuditFilter

    filters = AuditFilter(theme=theme, client=client, text=text)
    decisions = open_app().stores.audit_log.query(filters, limit=limit)
    if as_json:
        documents = [decision.model_dump(mode="json") for decision in decisions]
        print_json(json.dumps(documents, indent=2, ensure_ascii=False))
        return
    columns = ("id", "time", "client", "theme", "stage", "action", "reason", "review")
    print_table(columns, [_log_row(decision) for decision in decisions], as_json=False)


@app.command()
def review(
    number: Annotated[int, typer.Argument(help="Id of a decision.")],
    note: Annotated[str, typer.Option(help="Reason for the review.")],
    is_false_positive: Annotated[
        bool,
        typer.Option("--false-positive/--correct", help="Whether the decision was wrong."),
    ] = True,
    release: Annotated[
        bool,
        typer.Option("--release", help="Release the withheld image; implies --false-positive."),
    ] = False,
    author: Author = "",
) -> None:
    """Record a review of a decision."""
    from studio.recipes.moderation import Review

    studio = open_app()
    verdict = Review(reviewer=author, is_false_positive=is_false_positive or release, note=note)
    if release:
        studio.serving.reviews.override_decision(number, verdict)
    studio.stores.audit_log.set_review(number, verdict)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="JSON Lines file.")],
    theme: Theme = None,
    client: Client = None,
) -> None:
    """Export the audit log as JSON Lines, newest first; prints the number of decisions."""
    from studio.files import write_atomic
    from studio.recipes.moderation import AuditFilter

    decisions = open_app().stores.audit_log.iter_all(AuditFilter(theme=theme, client=client))
    lines = [decision.model_dump_json() + "\n" for decision in decisions]
    write_atomic(file, "".join(lines).encode())
    print_line(len(lines))


@app.command()
def purge(
    days: Annotated[int | None, typer.Option(help="Decisions older than this many days.")] = None,
    client: Annotated[str | None, typer.Option(help="Decisions about this API client.")] = None,
) -> None:
    """Delete decisions from the audit log, by age or client; prints how many."""
    from studio.errors import InvalidInputError

    if days is None and client is None:
        raise InvalidInputError("cli.purge_filter_missing")
    older_than = None if days is None else datetime.now(UTC) - timedelta(days=days)
    print_line(open_app().stores.audit_log.purge(older_than, client))


def _policy(studio: "AppContainer", slug: str | None) -> "ModerationPolicy":
    from studio.recipes.moderation import ModerationPolicy

    return (
        ModerationPolicy() if slug is None else studio.stores.themes.get_version(slug).preset.safety
    )


def _log_row(stored: "StoredDecision") -> tuple[object, ...]:
    decision, review = stored.decision, ""
    if stored.review is not None:
        verdict = "false positive" if stored.review.is_false_positive else "correct"
        review = f"{verdict}: {stored.review.note}"
    return (
        stored.id,
        f"{decision.created_at:%Y-%m-%d %H:%M}",
        decision.client,
        decision.theme,
        decision.stage,
        decision.verdict,
        decision.reason,
        review,
    )
