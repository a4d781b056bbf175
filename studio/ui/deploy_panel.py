"""The panel of deployment: what the gate says of the loaded version, what is served, and the log."""

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from studio.bootstrap import Studio
from studio.errors import StudioError
from studio.recipes.deployment import Deployment, Order
from studio.recipes.preset import PresetVersion
from studio.service.gate import Finding
from studio.ui.notices import notice
from studio.ui.wiring import Updates

SHOWN = 8
"""Deployments of the log that the panel shows."""


class DeployPanel:
    """Its own components; the page gives it the loaded version. What it does is reviewed and done by
    `static/deploying.js`, as on the page Themes."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        with gr.Accordion("Deployment", open=False, elem_id="deployment") as self.box:
            self.served = gr.HTML(elem_id="served")
            with gr.Row(elem_classes="fields"):
                self.channel = gr.Textbox("live", label="Channel", max_length=63, elem_id="channel")
            with gr.Row(elem_classes="acts"):
                self.check = gr.Button("Check", size="sm", elem_id="check")
                gr.Button("Deploy the saved version", variant="primary", size="sm", elem_id="deploy")  # fmt: skip
                gr.Button("Roll back", size="sm", elem_id="rollback")
                gr.Button("Take down", size="sm", variant="stop", elem_id="take-down")
                self.shown = gr.Button("Show what is served now", elem_id="deploy-shown")
            self.findings = gr.HTML(elem_id="findings")

    def wire(self, loaded: gr.State, **quick: Any) -> None:
        """`loaded` is the version that is open on the page."""
        self.loaded = loaded
        told = [self.served, self.findings]
        self.check.click(self._check, loaded, self.findings, **quick)
        self.shown.click(self._ordered, {loaded, self.channel}, told, **quick)
        for event in (self.box.expand, self.channel.change, loaded.change):
            event(self._show, {loaded, self.channel}, told, **quick)

    def _check(self, loaded: PresetVersion) -> str:
        try:
            return findings_html(self.studio.deploying.check(loaded.preset.slug, loaded.number))
        except StudioError as error:
            return notice(str(error), "error")

    def _show(self, values: Updates) -> tuple[str, str]:
        return served_html(values[self.loaded], self._log(values)), ""

    def _ordered(self, values: Updates) -> tuple[str, str]:
        """Once the browser has given an order: the log as it is then, and the order in words."""
        loaded: PresetVersion = values[self.loaded]
        log = self._log(values)
        told = notice(_order_told(log[0].order, loaded.preset.name), "status") if log else ""
        return served_html(loaded, log), told

    def _log(self, values: Updates) -> Sequence[Deployment]:
        slug: str = values[self.loaded].preset.slug
        return self.studio.deploying.deployments.log(slug, values[self.channel] or "live")


def _order_told(order: Order, name: str) -> str:
    if order.number is None:
        return f"{name} is no longer served in {order.channel}."
    return f"Version {order.number} of {name} is served in {order.channel}."


def served_html(loaded: PresetVersion, log: Sequence[Deployment]) -> str:
    """The log of the loaded version's theme; the page's script reads off it which that is."""
    slug = html.escape(loaded.preset.slug)
    return f'<div data-slug="{slug}" data-number="{loaded.number}">{log_html(log)}</div>'


def findings_html(findings: Sequence[Finding]) -> str:
    """Each finding with its level in words and colour, those that matter first."""
    order = ("stop", "warning", "pass")
    lines = [
        f'<li class="finding finding-{f.level}"><b>{f.level}</b> <span>{html.escape(str(f.what))}</span>'
        + (f"<small>{html.escape(str(f.remedy))}</small>" if f.remedy else "")
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
