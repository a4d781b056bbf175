"""The Gradio component that shows the results of runs."""

from typing import Any

import gradio as gr

from studio.ui.browser_calls import on_load
from studio.ui.result_cards import RunJson


class ResultGrid(gr.HTML):  # type: ignore[misc]
    """The cards of a run, with the runs before (`studio/web/results`). Python sets its value alone.

    The value is the whole run each time; Gradio sends what changed of it.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            value=None,
            html_template="<result-grid></result-grid>",
            js_on_load=on_load("results/index.js", "mountResults"),
            apply_default_css=False,
            **options,
        )

    def preprocess(self, payload: Any) -> None:
        """Nothing of what the browser shows comes back."""

    def postprocess(self, value: RunJson | None) -> RunJson | None:
        return value
