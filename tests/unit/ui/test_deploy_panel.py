"""What the deployment panel shows, as HTML."""

from datetime import UTC, datetime

from studio.messages import Message
from studio.recipes.deployment import Deployment, Order
from studio.recipes.preset import PresetVersion
from studio.service.gate import Finding
from studio.ui.deploy_panel import SHOWN, findings_html, log_html, served_html
from studio.ui.texts import Texts
from tests import examples

WHEN = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_what_stops_comes_first_with_its_remedy_and_outside_text_is_escaped() -> None:
    shown = findings_html(
        [
            Finding("pass", Message(id="fine")),
            Finding("warning", Message(id="hm")),
            Finding("stop", Message(id="<b>no"), Message(id="do <i>this")),
        ],
        Texts(),
    )
    assert shown.index("&lt;b&gt;no") < shown.index("hm") < shown.index("fine")
    assert "do &lt;i&gt;this" in shown


def test_the_log_tells_versions_trials_seasons_and_force() -> None:
    orders = [
        Order(slug="spring", number=None, note="<b>bug"),
        Order(slug="spring", number=2, trial=3, trial_share=10, starts=WHEN, forced=True),
    ]
    shown = log_html(
        [Deployment(id=i, order=o, created=WHEN) for i, o in enumerate(orders)], Texts()
    )
    assert "taken down" in shown
    assert "&lt;b&gt;bug" in shown
    assert "version 2, 3 for 10 % from 2026-11-22 09:30 (forced)" in shown


def test_a_long_log_is_cut_and_an_empty_one_says_so() -> None:
    order = Order(slug="spring", number=1)
    long = [Deployment(id=i, order=order, created=WHEN) for i in range(SHOWN + 5)]
    assert log_html(long, Texts()).count("<tr><td>") == SHOWN
    assert "never deployed" in log_html([], Texts())


def test_the_panel_names_the_version_that_is_open_for_its_script() -> None:
    shown = served_html(
        PresetVersion(preset=examples.preset(), number=3, created=WHEN), [], Texts()
    )
    assert '<div data-slug="spring" data-number="3">' in shown
