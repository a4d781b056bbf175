"""How the panels' handlers are bound to components: options of events, and types of inputs and outputs."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from studio.recipes.generation.job import GenerationRequest

ComponentUpdates = dict[gr.components.Component, Any]
"""Values by component: what a handler with a set of inputs receives, and what it returns."""
Components = set[gr.components.Component]
"""Inputs or outputs of a handler that takes and returns ComponentUpdates."""
RequestReader = Callable[[ComponentUpdates], GenerationRequest]
"""Makes a request from the page's values; raises StudioError for invalid ones."""

UNQUEUED: Mapping[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "queue": False,
}
"""For handlers with one answer. They bypass the queue: its event stream, which closes after an answer, now
and then loses the next one (one click in fifteen right after the page opened)."""
STREAMED: Mapping[str, Any] = {
    "concurrency_limit": 8,
    "show_progress": "hidden",
    "api_visibility": "private",
}
"""For generators that stream a run's events, through the queue."""
