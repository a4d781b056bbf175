"""`studio themes check|deploy|rollback|undeploy|deployments|status|selections`.

Pre-deployment checks, the deployment log, what a channel serves and which variants its users
selected.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, Author, Slug, Version, author_or_user, open_app, print_table

if TYPE_CHECKING:
    from studio.recipes.themes.deployment import Deployment, DeploymentSpec

app = typer.Typer()

Channel = Annotated[str, typer.Option(help="Channel of the deployment, e.g. live or canary.")]
Note = Annotated[str, typer.Option(help="Reason recorded in the log.")]
Canary = Annotated[
    int | None, typer.Option(help="Version that --canary-percent of the requests get.")
]
CanaryPercent = Annotated[
    int, typer.Option(help="Percentage of requests for the canary, 1 to 100.")
]
StartsAt = Annotated[
    str | None, typer.Option(help="e.g. 2026-12-01T00:00+01:00; default: immediately.")
]
EndsAt = Annotated[
    str | None,
    typer.Option(
        help="End of the deployment; the previous one is active again then; default: never."
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help="Deploy despite failing checks; recorded in the log.")
]
Fallback = Annotated[
    bool,
    typer.Option(
        "--fallback", help="Serve the previous version while a model of this one is missing."
    ),
]


@app.command()
def check(slug: Slug, version: Version = None, as_json: AsJson = False) -> None:
    """Run pre-deployment checks. Exit code 2 if one fails."""
    from studio.errors import PreflightFailedError
    from studio.services.themes.check_result import worst_level

    results = open_app().authoring.deployments.run_checks(slug, version)
    rows = [(result.level, str(result.message), str(result.hint or "")) for result in results]
    print_table(("level", "message", "hint"), rows, as_json)
    if worst_level(results) == "error":
        raise PreflightFailedError("cli.deployment_check_failed", slug=slug)


@app.command()
def deploy(
    slug: Slug,
    version: Version = None,
    channel: Channel = "live",
    canary: Canary = None,
    canary_percent: CanaryPercent = 0,
    starts_at: StartsAt = None,
    ends_at: EndsAt = None,
    author: Author = "",
    note: Note = "",
    force: Force = False,
    fallback: Fallback = False,
    as_json: AsJson = False,
) -> None:
    """Deploy a version to a channel, now or for a scheduled period."""
    studio = open_app()
    spec = _parse_deployment(
        channel=channel,
        slug=slug,
        version=studio.stores.themes.get_version(slug, version).version,
        canary_version=canary,
        canary_percent=canary_percent,
        starts_at=_parse_datetime(starts_at),
        ends_at=_parse_datetime(ends_at),
        author=author_or_user(author),
        note=note,
        bypassed_checks=force,
        fallback_to_previous=fallback,
    )
    _print_deployments([studio.authoring.deployments.deploy(spec)], as_json)


@app.command()
def rollback(
    slug: Slug, channel: Channel = "live", author: Author = "", as_json: AsJson = False
) -> None:
    """Roll back to the previously deployed version."""
    deployment = open_app().authoring.deployments.rollback(slug, channel, author_or_user(author))
    _print_deployments([deployment], as_json)


@app.command()
def undeploy(
    slug: Slug,
    channel: Channel = "live",
    author: Author = "",
    note: Note = "",
    as_json: AsJson = False,
) -> None:
    """Stop serving a theme immediately."""
    deployment = open_app().authoring.deployments.undeploy(
        slug, channel, author_or_user(author), note
    )
    _print_deployments([deployment], as_json)


@app.command()
def deployments(
    slug: Annotated[str | None, typer.Argument(help="Default: every theme.")] = None,
    channel: Annotated[str | None, typer.Option(help="Default: every channel.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the deployment log, newest first."""
    _print_deployments(open_app().authoring.deployments.list_deployments(slug, channel), as_json)


@app.command()
def status(channel: Channel = "live", as_json: AsJson = False) -> None:
    """List what a channel serves now, with health issues."""
    service = open_app().authoring.deployments
    issues = service.unhealthy(channel)
    rows = []
    for active in service.active_deployments(channel):
        spec = active.deployment.spec
        canary = (spec.canary_version or "", spec.canary_percent or "")
        problems = "; ".join(map(str, issues.get(spec.slug, ())))
        version = active.version
        rows.append((spec.slug, version.version, *canary, version.preset.name, problems))
    columns = ("slug", "version", "canary", "canary percent", "name", "issues")
    print_table(columns, rows, as_json)


@app.command()
def selections(slug: Slug, as_json: AsJson = False) -> None:
    """Variant selection counts by version, newest first."""
    studio = open_app()
    studio.stores.themes.get_version(slug)
    counts = sorted(studio.serving.requests.selection_counts(slug).items(), reverse=True)
    rows = [(version, *by_slot.values(), sum(by_slot.values())) for version, by_slot in counts]
    print_table(("version", *"ABCD", "all"), rows, as_json)


def _parse_deployment(**values: object) -> "DeploymentSpec":
    from pydantic import ValidationError

    from studio.errors import InvalidInputError
    from studio.recipes.base import format_validation_error
    from studio.recipes.themes.deployment import DeploymentSpec

    try:
        return DeploymentSpec.model_validate(values)
    except ValidationError as error:
        raise InvalidInputError(
            "deployment.order_invalid", reason=format_validation_error(error)
        ) from None


def _parse_datetime(text: str | None) -> datetime | None:
    from studio.errors import InvalidInputError

    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("cli.time_invalid", text=text or "") from None


def _print_deployments(log: Sequence["Deployment"], as_json: bool) -> None:
    rows = [
        (
            entry.id,
            f"{entry.created_at:%Y-%m-%d %H:%M}",
            entry.spec.channel,
            entry.spec.slug,
            entry.spec.version or "undeployed",
            _format_canary(entry.spec),
            _format_period(entry.spec),
            entry.spec.author,
            ("checks bypassed; " if entry.spec.bypassed_checks else "") + entry.spec.note,
        )
        for entry in log
    ]
    columns = ("id", "time", "channel", "slug", "version", "canary", "period", "author", "note")
    print_table(columns, rows, as_json)


def _format_canary(spec: "DeploymentSpec") -> str:
    if spec.canary_version is None:
        return ""
    return f"{spec.canary_version} for {spec.canary_percent}%"


def _format_period(spec: "DeploymentSpec") -> str:
    if spec.starts_at is None and spec.ends_at is None:
        return ""
    bounds = (spec.starts_at, spec.ends_at)
    start, end = (f"{bound:%Y-%m-%d %H:%M%z}" if bound else "" for bound in bounds)
    return f"{start}–{end}"
