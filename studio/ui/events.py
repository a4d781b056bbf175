"""What every panel's handlers share: how they are tied to components, and what they return."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

ComponentUpdates = dict[gr.components.Component, Any]
Components = set[gr.components.Component]

UNQUEUED: Mapping[str, Any] = {
    "show_progress": "hidden", "api_visibility": "private", "queue": False,
}  # fmt: skip
"""Past the queue: its event stream, closing after one answer, now and then loses the next."""
STREAMED: Mapping[str, Any] = {
    "concurrency_limit": 8, "show_progress": "hidden", "api_visibility": "private",
}  # fmt: skip
"""For what streams a run's events: through the queue."""
