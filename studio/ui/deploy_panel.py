"""The deployment panel: the preflight checks of the loaded version, what is deployed, and the log."""

import html
from collections.abc import Mapping, Sequence

import gradio as gr

from studio.app import AppContainer
from studio.errors import StudioError
from studio.messages import Message, message
from studio.recipes.themes.deployment import Deployment, DeploymentSpec
from studio.recipes.themes.preset import ThemeVersion
from studio.services.themes.check_result import CheckResult
from studio.ui.components import OpenVersion
from studio.ui.events import UNQUEUED, ComponentUpdates
from studio.ui.notices import render_notice
from studio.ui.texts import Texts

MAX_LOG_ROWS = 8
"""Latest deployments in the log of the panel."""
LEVELS: Mapping[str, str] = {
    "error": "studio.level_stop",
    "warning": "studio.level_warning",
    "pass": "studio.level_pass",
}
"""Text ids of the check results' levels, the most important first."""


class DeployPanel:
    """Shows checks and deployments of the loaded version.

    The browser deploys, rolls back and takes down by itself, after a review, as on the page Themes
    (`studio/web/studio/confirmations.js`). Then it clicks the hidden button `show_deployed`.
    """

    def __init__(self, studio: AppContainer, texts: Texts) -> None:
        self.studio, self.texts = studio, texts
        with gr.Accordion(texts("studio.deployment"), open=False, elem_id="deployment") as self.box:
            self.served = gr.HTML(elem_id="deployments")
            with gr.Row(elem_classes="fields"):
                self.channel = gr.Textbox(
                    "live", label=texts("studio.channel"), max_length=63, elem_id="channel"
                )
            with gr.Row(elem_classes="actions"):
                self.check = gr.Button(texts("studio.check"), size="sm", elem_id="check")
                gr.Button(
                    texts("studio.deploy_saved"), variant="primary", size="sm", elem_id="deploy"
                )
                gr.Button(texts("studio.roll_back"), size="sm", elem_id="rollback")
                gr.Button(texts("studio.take_down"), size="sm", variant="stop", elem_id="take-down")
                self.show_deployed = gr.Button(texts("studio.show_live"), elem_id="show-deployed")
            self.findings = gr.HTML(elem_id="findings")

    def bind(self, loaded: OpenVersion) -> None:
        """Binds the handlers. `loaded` is the version that is open on the page."""
        self.loaded = loaded
        outputs = [self.served, self.findings]
        self.check.click(self._check, loaded, self.findings, **UNQUEUED)
        self.show_deployed.click(self._show_deployed, {loaded, self.channel}, outputs, **UNQUEUED)
        for event in (self.box.expand, self.channel.change, loaded.change):
            event(self._show, {loaded, self.channel}, outputs, **UNQUEUED)

    def _check(self, loaded: ThemeVersion) -> str:
        """The results of the preflight checks."""
        try:
            results = self.studio.authoring.deployments.run_checks(
                loaded.preset.slug, loaded.version
            )
        except StudioError as error:
            return render_notice(self.texts.of(error), "error")
        return render_check_results(results, self.texts)

    def _show(self, values: ComponentUpdates) -> tuple[str, str]:
        """The log of the channel, without earlier results of checks."""
        return render_deployments(values[self.loaded], self._log(values), self.texts), ""

    def _show_deployed(self, values: ComponentUpdates) -> tuple[str, str]:
        """After a deployment by the browser: the log, and a notice that names the deployed version."""
        loaded: ThemeVersion = values[self.loaded]
        log = self._log(values)
        notice = ""
        if log:
            notice = render_notice(
                self.texts.of(_active_message(log[0].spec, loaded.preset.name)), "status"
            )
        return render_deployments(loaded, log, self.texts), notice

    def _log(self, values: ComponentUpdates) -> Sequence[Deployment]:
        slug: str = values[self.loaded].preset.slug
        return self.studio.authoring.deployments.list_deployments(
            slug, values[self.channel] or "live"
        )


def _active_message(spec: DeploymentSpec, name: str) -> Message:
    if spec.version is None:
        return message("studio.taken_down", name=name, channel=spec.channel)
    return message("studio.deployed", number=spec.version, name=name, channel=spec.channel)


def render_deployments(loaded: ThemeVersion, log: Sequence[Deployment], texts: Texts) -> str:
    """The log of the theme's deployments, with the loaded version for `confirmations.js`."""
    slug = html.escape(loaded.preset.slug)
    return f'<div data-slug="{slug}" data-number="{loaded.version}">{render_deployment_log(log, texts)}</div>'


def render_check_results(results: Sequence[CheckResult], texts: Texts) -> str:
    """The results of preflight checks as a list, the most important first, with their levels as text."""
    order = list(LEVELS)
    lines = [
        f'<li class="finding finding-{result.level}"><b>{texts(LEVELS[result.level])}</b>'
        f" <span>{html.escape(texts.of(result.message))}</span>"
        + (f"<small>{html.escape(texts.of(result.hint))}</small>" if result.hint else "")
        + "</li>"
        for result in sorted(results, key=lambda result: order.index(result.level))
    ]
    return f'<ul class="findings">{"".join(lines)}</ul>'


def render_deployment_log(log: Sequence[Deployment], texts: Texts) -> str:
    """The latest deployments as a table, newest first: when, which version, by whom, with which note."""
    if not log:
        return f'<p class="empty">{texts("studio.never_deployed")}</p>'
    rows = "".join(
        f"<tr><td>{deployment.created_at:%Y-%m-%d %H:%M}</td><td>{texts.of(_describe(deployment.spec))}</td>"
        f"<td>{html.escape(deployment.spec.author)}</td><td>{html.escape(deployment.spec.note)}</td></tr>"
        for deployment in log[:MAX_LOG_ROWS]
    )
    columns = ("studio.log_time", "studio.log_deployed", "studio.log_author", "studio.log_note")
    head = "".join(f"<th>{texts(column)}</th>" for column in columns)
    return f'<table class="log"><tr>{head}</tr>{rows}</table>'


def _describe(spec: DeploymentSpec) -> Message:
    """What a deployment serves: the version, its canary, its schedule, bypassed checks."""
    if spec.version is None:
        return message("studio.log_taken_down")
    text = message("studio.log_version", number=spec.version)
    if spec.canary_version:
        text = message(
            "studio.log_with_canary",
            served=text,
            trial=spec.canary_version,
            share=spec.canary_percent,
        )
    if spec.starts_at:
        text = message(
            "studio.log_starts_at", served=text, moment=f"{spec.starts_at:%Y-%m-%d %H:%M}"
        )
    if spec.ends_at:
        text = message("studio.log_ends_at", served=text, moment=f"{spec.ends_at:%Y-%m-%d %H:%M}")
    return message("studio.log_overridden", served=text) if spec.bypassed_checks else text
