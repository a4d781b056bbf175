"""`studio presets check|deploy|rollback|stop|deployments|live|picks`: the gate, what is
served, and what its users chose."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from studio.cli.output import AsJson, Author, author_or_user, open_app, print_table

if TYPE_CHECKING:
    from studio.recipes.themes.deployment import Deployment, DeploymentSpec

app = typer.Typer()

Channel = Annotated[str, typer.Option(help="Where it is served, such as live or canary.")]


@app.command()
def check(
    slug: str,
    version: Annotated[int | None, typer.Option(help="The latest if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """What the gate before a deployment says: pass, warning or stop, each with the remedy."""
    from studio.errors import PreflightFailedError
    from studio.services.themes.check_result import worst_level

    findings = open_app().deployments.run_checks(slug, version)
    rows = [(each.level, str(each.message), str(each.hint or "")) for each in findings]
    print_table(("level", "what", "remedy"), rows, as_json)
    if worst_level(findings) == "stop":
        raise PreflightFailedError("cli.gate_closed", slug=slug)


@app.command()
def deploy(
    slug: str,
    version: Annotated[int | None, typer.Option(help="The latest if left out.")] = None,
    channel: Channel = "live",
    trial: Annotated[int | None, typer.Option(help="A second version to try on some.")] = None,
    share: Annotated[int, typer.Option(help="Percent of requests that get the trial.")] = 0,
    starts: Annotated[
        str | None, typer.Option("--from", help="Such as 2026-12-01T00:00+01:00.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--to", help="The order before it holds then.")
    ] = None,
    author: Author = "",
    note: Annotated[str, typer.Option(help="Why, for the log.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Past the gate; it is recorded.")] = False,
    fallback: Annotated[
        bool,
        typer.Option(
            "--fallback", help="Serve the version before while a model of this is missing."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a version of a theme in a channel, at once or for a season."""
    studio = open_app()
    number = studio.themes.get_version(slug, version).version
    order = {
        "channel": channel, "slug": slug, "version": number, "canary_version": trial, "canary_percent": share,
        "starts_at": _moment(starts), "ends_at": _moment(ends), "author": author_or_user(author), "note": note, "bypassed_checks": force,
        "fallback_to_previous": fallback,
    }  # fmt: skip
    _print([studio.deployments.deploy(_order(order))], as_json)


@app.command()
def rollback(
    slug: str, channel: Channel = "live", author: Author = "", as_json: AsJson = False
) -> None:
    """Serve again what was served before."""
    _print([open_app().deployments.rollback(slug, channel, author_or_user(author))], as_json)


@app.command()
def stop(
    slug: str,
    channel: Channel = "live",
    author: Author = "",
    note: Annotated[str, typer.Option(help="Why, for the log.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take a theme down at once."""
    _print([open_app().deployments.undeploy(slug, channel, author_or_user(author), note)], as_json)


@app.command()
def deployments(
    slug: Annotated[str | None, typer.Argument(help="Every theme if left out.")] = None,
    channel: Annotated[str | None, typer.Option(help="Every channel if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who deployed what and when, the newest first."""
    _print(open_app().deployments.deployments.list_all(slug, channel), as_json)


@app.command()
def live(channel: Channel = "live", as_json: AsJson = False) -> None:
    """What a channel serves now, and what is wrong with it."""
    deploying = open_app().deployments
    ailing = deploying.unhealthy(channel)
    rows = [
        (
            each.deployment.spec.slug, each.version.version,
            each.deployment.spec.canary_version or "", each.deployment.spec.canary_percent or "",
            each.version.preset.name, "; ".join(map(str, ailing.get(each.deployment.spec.slug, ()))),
        )
        for each in deploying.active_deployments(channel)
    ]  # fmt: skip
    print_table(("slug", "version", "trial", "share", "name", "ailing"), rows, as_json)


@app.command()
def picks(slug: str, as_json: AsJson = False) -> None:
    """How often users of the app chose each recipe's picture, by version, the newest first."""
    studio = open_app()
    studio.themes.get_version(slug)
    found = sorted(studio.requests.jobs.selection_counts(slug).items(), reverse=True)
    rows = [(number, *chosen.values(), sum(chosen.values())) for number, chosen in found]
    print_table(("version", *"ABCD", "all"), rows, as_json)


def _order(values: Mapping[str, object]) -> "DeploymentSpec":
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


def _moment(text: str | None) -> datetime | None:
    from studio.errors import InvalidInputError

    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("cli.moment_unreadable", text=text or "") from None


def _print(log: Sequence["Deployment"], as_json: bool) -> None:
    rows = [
        (
            each.id, f"{each.created_at:%Y-%m-%d %H:%M}", each.spec.channel, each.spec.slug,
            each.spec.version or "down", _trial(each.spec), _season(each.spec),
            each.spec.author, ("forced; " if each.spec.bypassed_checks else "") + each.spec.note,
        )
        for each in log
    ]  # fmt: skip
    head = ("id", "when", "channel", "slug", "version", "trial", "season", "author", "note")
    print_table(head, rows, as_json)


def _trial(order: "DeploymentSpec") -> str:
    return (
        ""
        if order.canary_version is None
        else f"{order.canary_version} for {order.canary_percent}%"
    )


def _season(order: "DeploymentSpec") -> str:
    if order.starts_at is None and order.ends_at is None:
        return ""
    starts, ends = (f"{m:%Y-%m-%d %H:%M%z}" if m else "" for m in (order.starts_at, order.ends_at))
    return f"{starts}–{ends}"
