"""What the deployment panel shows, as HTML."""

from datetime import UTC, datetime

from studio.messages import Message
from studio.recipes.themes.deployment import Deployment, DeploymentSpec
from studio.recipes.themes.preset import ThemeVersion
from studio.services.themes.check_result import CheckResult
from studio.ui.deploy_panel import (
    MAX_LOG_ROWS,
    render_check_results,
    render_deployment_log,
    render_deployments,
)
from studio.ui.texts import Texts
from tests import examples

WHEN = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_what_stops_comes_first_with_its_remedy_and_outside_text_is_escaped() -> None:
    shown = render_check_results(
        [
            CheckResult("pass", Message(id="fine")),
            CheckResult("warning", Message(id="hm")),
            CheckResult("error", Message(id="<b>no"), Message(id="do <i>this")),
        ],
        Texts(),
    )
    assert shown.index("&lt;b&gt;no") < shown.index("hm") < shown.index("fine")
    assert "do &lt;i&gt;this" in shown


def test_the_log_tells_versions_trials_seasons_and_force() -> None:
    orders = [
        DeploymentSpec(slug="spring", version=None, note="<b>bug"),
        DeploymentSpec(
            slug="spring",
            version=2,
            canary_version=3,
            canary_percent=10,
            starts_at=WHEN,
            bypassed_checks=True,
        ),
    ]
    shown = render_deployment_log(
        [Deployment(id=i, spec=o, created_at=WHEN) for i, o in enumerate(orders)], Texts()
    )
    assert "Undeployed" in shown
    assert "&lt;b&gt;bug" in shown
    assert "Version 2, canary: version 3 (10%) from 2026-11-22 09:30 (checks bypassed)" in shown


def test_a_long_log_is_cut_and_an_empty_one_says_so() -> None:
    order = DeploymentSpec(slug="spring", version=1)
    long = [Deployment(id=i, spec=order, created_at=WHEN) for i in range(MAX_LOG_ROWS + 5)]
    assert render_deployment_log(long, Texts()).count("<tr><td>") == MAX_LOG_ROWS
    assert "Not deployed to this channel yet." in render_deployment_log([], Texts())


def test_the_panel_names_the_version_that_is_open_for_its_script() -> None:
    shown = render_deployments(
        ThemeVersion(preset=examples.preset(), version=3, created_at=WHEN), [], Texts()
    )
    assert '<div data-slug="spring" data-number="3">' in shown
