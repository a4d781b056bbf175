"""`studio presets check|deploy|rollback|stop|deployments|live|picks`: the gate, what is
served, and what its users chose."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from studio.shell.printing import AsJson, Author, author_or_user, here, print_table

if TYPE_CHECKING:
    from studio.recipes.deployment import Deployment, Order

app = typer.Typer()

Channel = Annotated[str, typer.Option(help="Where it is served, such as live or canary.")]


@app.command()
def check(
    slug: str,
    version: Annotated[int | None, typer.Option(help="The latest if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """What the gate before a deployment says: pass, warning or stop, each with the remedy."""
    from studio.errors import GateClosed
    from studio.service.gate import worst

    findings = here().deploying.check(slug, version)
    rows = [(each.level, str(each.what), str(each.remedy or "")) for each in findings]
    print_table(("level", "what", "remedy"), rows, as_json)
    if worst(findings) == "stop":
        raise GateClosed("cli.gate_closed", slug=slug)


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
    studio = here()
    number = studio.presets.version(slug, version).number
    order = {
        "channel": channel, "slug": slug, "number": number, "trial": trial, "trial_share": share,
        "starts": _moment(starts), "ends": _moment(ends), "author": author_or_user(author), "note": note, "forced": force,
        "fallback": fallback,
    }  # fmt: skip
    _print([studio.deploying.deploy(_order(order))], as_json)


@app.command()
def rollback(
    slug: str, channel: Channel = "live", author: Author = "", as_json: AsJson = False
) -> None:
    """Serve again what was served before."""
    _print([here().deploying.roll_back(slug, channel, author_or_user(author))], as_json)


@app.command()
def stop(
    slug: str,
    channel: Channel = "live",
    author: Author = "",
    note: Annotated[str, typer.Option(help="Why, for the log.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take a theme down at once."""
    _print([here().deploying.take_down(slug, channel, author_or_user(author), note)], as_json)


@app.command()
def deployments(
    slug: Annotated[str | None, typer.Argument(help="Every theme if left out.")] = None,
    channel: Annotated[str | None, typer.Option(help="Every channel if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who deployed what and when, the newest first."""
    _print(here().deploying.deployments.log(slug, channel), as_json)


@app.command()
def live(channel: Channel = "live", as_json: AsJson = False) -> None:
    """What a channel serves now, and what is wrong with it."""
    deploying = here().deploying
    ailing = deploying.ailing(channel)
    rows = [
        (
            each.deployment.order.slug, each.version.number,
            each.deployment.order.trial or "", each.deployment.order.trial_share or "",
            each.version.preset.name, "; ".join(map(str, ailing.get(each.deployment.order.slug, ()))),
        )
        for each in deploying.serving(channel)
    ]  # fmt: skip
    print_table(("slug", "version", "trial", "share", "name", "ailing"), rows, as_json)


@app.command()
def picks(slug: str, as_json: AsJson = False) -> None:
    """How often users of the app chose each recipe's picture, by version, the newest first."""
    studio = here()
    studio.presets.version(slug)
    found = sorted(studio.serving.jobs.picks(slug).items(), reverse=True)
    rows = [(number, *chosen.values(), sum(chosen.values())) for number, chosen in found]
    print_table(("version", *"ABCD", "all"), rows, as_json)


def _order(values: Mapping[str, object]) -> "Order":
    from pydantic import ValidationError

    from studio.errors import InputError
    from studio.recipes.base import explain
    from studio.recipes.deployment import Order

    try:
        return Order.model_validate(values)
    except ValidationError as error:
        raise InputError("deployment.order_invalid", reason=explain(error)) from None


def _moment(text: str | None) -> datetime | None:
    from studio.errors import InputError

    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise InputError("cli.moment_unreadable", text=text or "") from None


def _print(log: Sequence["Deployment"], as_json: bool) -> None:
    rows = [
        (
            each.id, f"{each.created:%Y-%m-%d %H:%M}", each.order.channel, each.order.slug,
            each.order.number or "down", _trial(each.order), _season(each.order),
            each.order.author, ("forced; " if each.order.forced else "") + each.order.note,
        )
        for each in log
    ]  # fmt: skip
    head = ("id", "when", "channel", "slug", "version", "trial", "season", "author", "note")
    print_table(head, rows, as_json)


def _trial(order: "Order") -> str:
    return "" if order.trial is None else f"{order.trial} for {order.trial_share}%"


def _season(order: "Order") -> str:
    if order.starts is None and order.ends is None:
        return ""
    starts, ends = (f"{m:%Y-%m-%d %H:%M%z}" if m else "" for m in (order.starts, order.ends))
    return f"{starts}–{ends}"
