"""The API's OpenAPI document: error responses described as the problems that they are."""

from typing import Any

from fastapi import FastAPI

from studio.server.schemas import ProblemDetails

PROBLEM: dict[str, Any] = {
    "description": "A problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": ProblemDetails.model_json_schema()}},
}
PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {"4XX": PROBLEM, "5XX": PROBLEM}
THEME_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A theme file, as `studio themes export` writes it.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
"""`openapi_extra` of a route that reads the raw body, of which FastAPI knows nothing."""
PNG_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A PNG.",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    }
}
"""The same for a route that takes an image."""


def describe_errors(app: FastAPI) -> None:
    """Removes FastAPI's own 422 responses from the document: `app` never sends them."""
    build_document = app.openapi

    def openapi() -> dict[str, Any]:
        document = build_document()
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
