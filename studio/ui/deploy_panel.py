"""The panel of deployment: what the gate says of the loaded version, what is served, and the log."""

import html
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from pydantic import ValidationError

from studio.bootstrap import Studio
from studio.errors import InputError, StudioError
from studio.recipes.base import explain
from studio.recipes.deployment import Deployment, Order
from studio.recipes.preset import PresetVersion
from studio.service.gate import Finding
from studio.ui.notices import notice
from studio.ui.sign_in import signed_in
from studio.ui.wiring import Updates

SHOWN = 8
"""Deployments of the log that the panel shows."""


class DeployPanel:
    """Its own components and handlers; the page gives it the loaded version."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        with gr.Accordion("Deployment", open=False, elem_id="deployment") as self.box:
            self.served = gr.HTML(elem_id="served")
            self.newest = gr.State(0)
            with gr.Row(elem_classes="fields"):
                self.channel = gr.Textbox("live", label="Channel", max_length=63, elem_id="channel")
                self.author = gr.Textbox(label="Who", max_length=80, elem_id="author")
                self.note = gr.Textbox(
                    label="Note for the log", max_length=1000, scale=2, elem_id="deploy-note"
                )
            with gr.Row(elem_classes="acts"):
                self.check = gr.Button("Check", size="sm", elem_id="check")
                self.deploy = gr.Button(
                    "Deploy the saved version", variant="primary", size="sm", elem_id="deploy"
                )
                self.back = gr.Button("Roll back", size="sm", elem_id="rollback")
                self.stop = gr.Button("Take down", size="sm", elem_id="take-down")
            self.findings = gr.HTML(elem_id="findings")

    def wire(self, loaded: gr.State, **quick: Any) -> None:
        """`loaded` is the version that is open on the page."""
        self.loaded = loaded
        told = [self.served, self.newest, self.findings]
        asked = {loaded, self.channel, self.author, self.note, self.newest}
        self.check.click(self._check, loaded, self.findings, **quick)
        self.deploy.click(self._deploy, asked, told, **quick)
        self.back.click(self._roll_back, asked, told, **quick)
        self.stop.click(self._take_down, asked, told, **quick)
        for event in (self.box.expand, self.channel.change, loaded.change):
            event(self._show, {loaded, self.channel}, told, **quick)

    def _check(self, loaded: PresetVersion) -> str:
        try:
            return findings_html(self.studio.deploying.check(loaded.preset.slug, loaded.number))
        except StudioError as error:
            return notice(str(error), "error")

    def _show(self, values: Updates) -> tuple[str, int, str]:
        log = self._log(values)
        return log_html(log), log[0].id if log else 0, ""

    def _deploy(self, values: Updates, request: gr.Request) -> Any:
        version: PresetVersion = values[self.loaded]

        def act() -> str:
            order = self._order(values, version.number, request)
            self.studio.deploying.deploy(order, over=values[self.newest])
            return (
                f"Version {version.number} of {version.preset.name} is served in {order.channel}."
            )

        return self._done(values, act)

    def _roll_back(self, values: Updates, request: gr.Request) -> Any:
        slug = values[self.loaded].preset.slug

        def act() -> str:
            order = self._order(values, None, request)
            given = self.studio.deploying.roll_back(
                slug, order.channel, order.author, over=values[self.newest]
            )
            return f"Version {given.order.number} is served in {order.channel} again."

        return self._done(values, act)

    def _take_down(self, values: Updates, request: gr.Request) -> Any:
        def act() -> str:
            order = self._order(values, None, request)
            self.studio.deploying.take_down(order.slug, order.channel, order.author, order.note)
            return f"{values[self.loaded].preset.name} is no longer served in {order.channel}."

        return self._done(values, act)

    def _done(self, values: Updates, act: Callable[[], str]) -> tuple[str, int, str]:
        """What `act` says, or why it could not, and the log as it is then."""
        try:
            said = notice(act(), "status")
        except StudioError as error:
            said = notice(str(error), "error")
        log, newest, _ = self._show(values)
        return log, newest, said

    def _order(self, values: Updates, number: int | None, request: gr.Request) -> Order:
        """By whoever is signed in; where nobody signs in, by the name that was typed."""
        try:
            return Order(
                channel=values[self.channel], slug=values[self.loaded].preset.slug, number=number,
                author=signed_in(request) or values[self.author] or "", note=values[self.note] or "",
            )  # fmt: skip
        except ValidationError as error:
            raise InputError(f"this cannot be deployed: {explain(error)}") from None

    def _log(self, values: Updates) -> Sequence[Deployment]:
        slug: str = values[self.loaded].preset.slug
        return self.studio.deploying.deployments.log(slug, values[self.channel] or "live")


def findings_html(findings: Sequence[Finding]) -> str:
    """Each finding with its level in words and colour, those that matter first."""
    order = ("stop", "warning", "pass")
    lines = [
        f'<li class="finding finding-{f.level}"><b>{f.level}</b> <span>{html.escape(f.what)}</span>'
        + (f"<small>{html.escape(f.remedy)}</small>" if f.remedy else "")
        + "</li>"
        for f in sorted(findings, key=lambda f: order.index(f.level))
    ]
    return f'<ul class="findings">{"".join(lines)}</ul>'


def log_html(log: Sequence[Deployment]) -> str:
    """Who deployed what, the newest first."""
    if not log:
        return '<p class="maps-none">This theme was never deployed to this channel.</p>'
    rows = "".join(
        f"<tr><td>{each.created:%Y-%m-%d %H:%M}</td><td>{_what(each.order)}</td>"
        f"<td>{html.escape(each.order.author)}</td><td>{html.escape(each.order.note)}</td></tr>"
        for each in log[:SHOWN]
    )
    head = "<tr><th>When (UTC)</th><th>Served</th><th>Who</th><th>Note</th></tr>"
    return f'<table class="log">{head}{rows}</table>'


def _what(order: Order) -> str:
    if order.number is None:
        return "taken down"
    trial = f", {order.trial} for {order.trial_share} %" if order.trial else ""
    season = "".join(
        f" {word} {moment:%Y-%m-%d %H:%M}"
        for word, moment in (("from", order.starts), ("until", order.ends))
        if moment
    )
    return f"version {order.number}{trial}{season}{' (forced)' if order.forced else ''}"
