"""The API's OpenAPI document tells of errors as they are: problems, whatever is refused."""

from typing import Any

from fastapi import FastAPI

from studio.server.schemas import Problem

PROBLEM: dict[str, Any] = {
    "description": "A problem, as RFC 9457 has it",
    "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
}
PROBLEMS: dict[int | str, dict[str, Any]] = {"4XX": PROBLEM, "5XX": PROBLEM}
PRESET_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A preset file, as `studio themes export` writes it.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
"""The body of a route that reads it whole."""


def describe_errors(app: FastAPI) -> None:
    """Leaves out the answers that FastAPI tells of, and `app` never gives."""
    written = app.openapi

    def openapi() -> dict[str, Any]:
        document = written()
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
