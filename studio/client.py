"""A Python client of the API, for the backend of an app.

>>> with StudioClient("http://127.0.0.1:7861", api_key) as studio:
...     request = studio.create_request("first-light", "mia", doodle=png, prompt="a red dress")
...     for event in studio.stream_events(request.id): ...
...     images = studio.get_images(request.id)
"""

import base64
import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import httpx2

from studio.errors import (
    ApiError,
    CapacityError,
    InvalidInputError,
    NotFoundError,
    StudioError,
    VersionConflictError,
)
from studio.messages import Message, message, read_message
from studio.recipes.themes.preset import Slot
from studio.server.schemas import API_PREFIX, ProblemDetails, RequestResponse, Theme

DEFAULT_TIMEOUT = 30.0
"""Seconds until a call without an answer fails; streams have no timeout."""
_ERRORS: Mapping[int, type[StudioError]] = {
    401: InvalidInputError,
    403: InvalidInputError,
    404: NotFoundError,
    408: InvalidInputError,
    409: VersionConflictError,
    413: InvalidInputError,
    422: InvalidInputError,
}
"""Errors by HTTP status; any other status is an ApiError."""


class StudioClient:
    """Calls the API with the key of one client.

    Every call raises NotFoundError, CapacityError (with the seconds after which to retry),
    InvalidInputError or ApiError, with the message of the API.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        """`base_url` is such as http://127.0.0.1:7861; an operator creates the `api_key`."""
        headers = {"Authorization": f"Bearer {api_key}"}
        self._http = httpx2.Client(base_url=base_url, headers=headers, timeout=DEFAULT_TIMEOUT)

    def __enter__(self) -> "StudioClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def themes(self) -> list[Theme]:
        """The themes that are deployed on the client's channel."""
        return [Theme.model_validate(theme) for theme in self._request("GET", "/themes").json()]

    def create_request(
        self,
        theme: str,
        base_image: str,
        doodle: bytes | None = None,
        prompt: str = "",
        seed: int | None = None,
        idempotency_key: str | None = None,
    ) -> RequestResponse:
        """Requests four variants.

        Args:
            theme: slug of a deployed theme.
            base_image: id of one of its base images.
            doodle: a PNG of the base image's size.
            prompt: the user's own words.
            seed: a random one by default.
            idempotency_key: makes the call safe to repeat: a second call with the same key returns
                the first request.
        """
        body = {
            "theme": theme,
            "base_image": base_image,
            "prompt": prompt,
            "seed": seed,
            "doodle": None if doodle is None else base64.b64encode(doodle).decode(),
        }
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        response = self._request("POST", "/requests", json=body, headers=headers)
        return RequestResponse.model_validate(response.json())

    def get_request(self, request_id: str) -> RequestResponse:
        """The status of a request."""
        response = self._request("GET", f"/requests/{request_id}")
        return RequestResponse.model_validate(response.json())

    def stream_events(self, request_id: str, after: int = -1) -> Iterator[Mapping[str, Any]]:
        """The events of the four jobs until all have ended, by server-sent events.

        Args:
            request_id: the request.
            after: id of the last event that is known; -1 begins with the first.

        Each event has its sequence number as `id`. A connection that breaks raises ApiError: call
        again with the last id.
        """
        url = f"{API_PREFIX}/requests/{request_id}/events"
        headers = {"Last-Event-ID": str(after)}
        try:
            with self._http.stream("GET", url, headers=headers, timeout=None) as response:
                _raise_for_status(response)
                sequence = after
                for line in response.iter_lines():
                    field, _, value = line.partition(": ")
                    if field == "id":
                        sequence = int(value)
                    elif field == "data":
                        yield {**json.loads(value), "id": sequence}
        except httpx2.HTTPError as error:
            raise ApiError("request.api_response_invalid", reason=str(error)) from None

    def get_image(self, request_id: str, slot: Slot, format: str = "png") -> bytes:
        """A finished variant; `format` is png or webp."""
        path = f"/requests/{request_id}/variants/{slot}?format={format}"
        return self._request("GET", path).content

    def get_images(self, request_id: str) -> dict[Slot, bytes]:
        """The PNGs of all finished variants."""
        finished = [v.slot for v in self.get_request(request_id).variants if v.state == "done"]
        return {slot: self.get_image(request_id, slot) for slot in finished}

    def select_variant(self, request_id: str, slot: Slot) -> None:
        """Records which variant the user selected."""
        self._request("POST", f"/requests/{request_id}/selection", json={"slot": slot})

    def cancel(self, request_id: str) -> RequestResponse:
        """Cancels the jobs that have not ended."""
        response = self._request("DELETE", f"/requests/{request_id}")
        return RequestResponse.model_validate(response.json())

    def _request(self, method: str, path: str, **kwargs: Any) -> httpx2.Response:
        try:
            response = self._http.request(method, f"{API_PREFIX}{path}", **kwargs)
        except httpx2.HTTPError as error:
            raise ApiError("request.api_unreachable", reason=str(error)) from None
        _raise_for_status(response)
        return response


def _raise_for_status(response: httpx2.Response) -> None:
    """Raises the error that the API's problem details (RFC 9457) describe."""
    if response.is_success:
        return
    response.read()
    text = _problem_message(response.content)
    text = text or message("request.api_status", status=response.status_code)
    if response.status_code == 429:
        retry_after = int(response.headers.get("Retry-After", "1"))
        raise CapacityError(text.id, retry_after, **text.params)
    raise _ERRORS.get(response.status_code, ApiError)(text.id, **text.params)


def _problem_message(content: bytes) -> Message | None:
    try:
        problem = ProblemDetails.model_validate_json(content)
        data = {"id": problem.code or problem.detail, "params": problem.params}
        return read_message(json.dumps(data))
    except ValueError:
        return None
