"""The Gradio page and the server of it."""
