"""`studio safety`: words and pictures judged by hand, and the record of what was decided."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from studio.messages import message
from studio.shell.printing import AsJson, Author, here, print_table, say, say_json

if TYPE_CHECKING:
    from studio.bootstrap import Studio
    from studio.recipes.safety import SafetyPolicy

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
    studio = here()
    judged = _policy(studio, policy).words
    verdict = studio.safety.words(text) if judged else None
    severity = verdict.severity if verdict else None
    found = [m.model_dump() | {"text": text[m.start : m.end]} for m in verdict.matches] if verdict else []  # fmt: skip
    if as_json:
        told = {"verdict": severity or "pass", "severity": severity, "matches": found}
        say_json(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        say(severity or "pass")
        for match in found:
            say(f"  {match['severity']}: {match['entry']!r} in {match['text']!r}, from {match['start']} to {match['end']}")  # fmt: skip
    if severity == "block":
        raise typer.Exit(BLOCKED)


@app.command()
def picture(
    file: Path,
    policy: Policy = None,
    threshold: Annotated[float | None, typer.Option(help="Instead of the policy's.")] = None,
    margin: Annotated[float | None, typer.Option(help="Instead of the policy's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a PNG; exit code 3 where it would be withheld, also where it cannot be judged."""
    from studio.files import read_file
    from studio.imaging.limits import open_png
    from studio.safety.pictures import judge

    studio = here()
    given = {"threshold": threshold, "margin": margin}
    rules = _policy(studio, policy).model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    shown = open_png(read_file(file, message("image.image")), str(file))
    verdict = judge(studio.safety.judge, shown, rules.limits)
    told = {
        "verdict": "block" if verdict.withheld else "pass", "scores": dict(verdict.scores),
        "threshold": rules.threshold, "margin": rules.margin, "reason": str(verdict.reason or ""),
    }  # fmt: skip
    if as_json:
        say_json(json.dumps(told, indent=2))
    else:
        scores = ", ".join(f"{name} {score:.3f}" for name, score in verdict.scores.items())
        say(
            f"{told['verdict']}: {scores or str(verdict.reason or '')} (threshold {rules.threshold:g})"
        )
    if verdict.withheld:
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
    from studio.recipes.safety import AuditFilter

    kept = here().safety.audit.page(AuditFilter(theme=theme, client=client, text=text), most=most)
    if as_json:
        say_json(json.dumps([each.model_dump(mode="json") for each in kept], indent=2, ensure_ascii=False))  # fmt: skip
        return
    rows = [
        (
            k.id, f"{k.judged.created:%Y-%m-%d %H:%M}", k.judged.client, k.judged.theme, k.judged.stage,
            k.judged.verdict, k.judged.reason, "" if k.review is None else f"{'wrong' if k.review.wrong else 'right'}: {k.review.note}",
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
    from studio.recipes.safety import Review

    studio, made = here(), Review(reviewer=author, wrong=wrong or release, note=note)
    if release:
        studio.serving.overrule(number, made)
    studio.safety.audit.review(number, made)


@app.command()
def export(
    file: Path,
    theme: Annotated[str | None, typer.Option(help="Of one theme.")] = None,
    client: Annotated[str | None, typer.Option(help="Of one client.")] = None,
) -> None:
    """Write the record to a file, a decision a line as JSON, the newest first."""
    from studio.files import write_file
    from studio.recipes.safety import AuditFilter

    kept = here().safety.audit.every(AuditFilter(theme=theme, client=client))
    lines = [each.model_dump_json() + "\n" for each in kept]
    write_file(file, "".join(lines).encode())
    say(len(lines))


@app.command()
def forget(
    days: Annotated[int | None, typer.Option(help="What is older than so many days.")] = None,
    client: Annotated[str | None, typer.Option(help="What is about one client.")] = None,
) -> None:
    """Delete from the record, by age or by client; tells how much."""
    from studio.errors import InputError

    if days is None and client is None:
        raise InputError("cli.forget_what")
    older = None if days is None else datetime.now(UTC) - timedelta(days=days)
    say(here().safety.audit.forget(older, client))


def _policy(studio: "Studio", slug: str | None) -> "SafetyPolicy":
    from studio.recipes.safety import SafetyPolicy

    return SafetyPolicy() if slug is None else studio.presets.version(slug).preset.safety
