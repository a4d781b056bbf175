"""The Gradio page and its server."""

from studio.ui.gradio_sandbox import set_environment

set_environment()
