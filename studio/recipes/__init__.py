"""Documents and pure planning: immutable pydantic models without torch, Gradio or SQLAlchemy."""
