"""A client of the API for Python: what an app's backend needs to turn doodles into pictures.

>>> themes = Themes("http://127.0.0.1:7861", key)
>>> asked = themes.ask("first-light", "mia", doodle=png, words="a red dress")
>>> for event in themes.events(asked.id): ...
>>> pictures = themes.pictures(asked.id)
"""

import base64
import json
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import httpx2

from studio.errors import (
    CapacityError,
    InvalidInputError,
    NotFoundError,
    ServerError,
    StudioError,
    VersionConflictError,
)
from studio.messages import message, read_message
from studio.recipes.themes.preset import Slot
from studio.server.schemas import API_PREFIX, ProblemDetails, RequestResponse, Theme

DEFAULT_TIMEOUT = 30.0


class StudioClient:
    """Calls raise NotFound, Busy, InputError (Outdated among them) or ServerError with what the API says of it."""

    def __init__(self, address: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=DEFAULT_TIMEOUT)

    def __enter__(self) -> "StudioClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._http.close()

    def themes(self) -> list[Theme]:
        """What is served now."""
        return [Theme.model_validate(each) for each in self._request("GET", "/themes").json()]

    def create_request(
        self,
        theme: str,
        base_image: str,
        doodle: bytes | None = None,
        words: str = "",
        seed: int | None = None,
        key: str | None = None,
    ) -> RequestResponse:
        """Asks for four pictures; `doodle` is a PNG of the base image's size. With an idempotency
        `key` it is safe to ask again."""
        wish = {
            "theme": theme, "base_image": base_image, "prompt": words, "seed": seed,
            "doodle": None if doodle is None else base64.b64encode(doodle).decode(),
        }  # fmt: skip
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self._request("POST", "/requests", json=wish, headers=headers)
        return RequestResponse.model_validate(answer.json())

    def get_request(self, request_id: str) -> RequestResponse:
        """A request as it stands."""
        return RequestResponse.model_validate(
            self._request("GET", f"/requests/{request_id}").json()
        )

    def stream_events(self, request_id: str, after: int = -1) -> Iterator[Mapping[str, Any]]:
        """What happens to the four jobs, until all have ended; each with its number as `id`, to go on
        after. A connection that breaks raises ServerError: go on after the last."""
        headers = {"Last-Event-ID": str(after)}
        address = f"{API_PREFIX}/requests/{request_id}/events"
        try:
            with self._http.stream("GET", address, headers=headers, timeout=None) as answer:
                _raise_for_status(answer)
                number = after
                for line in answer.iter_lines():
                    field, _, value = line.partition(": ")
                    if field == "id":
                        number = int(value)
                    elif field == "data":
                        yield {**json.loads(value), "id": number}
        except httpx2.HTTPError as error:
            raise ServerError("request.api_broken", reason=str(error)) from None

    def get_image(self, request_id: str, slot: Slot, format: str = "png") -> bytes:
        """A finished variant, as PNG or WebP."""
        address = f"/requests/{request_id}/variants/{slot}?format={format}"
        return self._request("GET", address).content

    def get_images(self, request_id: str) -> dict[Slot, bytes]:
        """Every picture that is done."""
        done = [v.slot for v in self.get_request(request_id).variants if v.state == "done"]
        return {slot: self.get_image(request_id, slot) for slot in done}

    def select_variant(self, request_id: str, slot: Slot) -> None:
        """Tells which picture the user chose."""
        self._request("POST", f"/requests/{request_id}/selection", json={"slot": slot})

    def cancel(self, request_id: str) -> RequestResponse:
        """Ends what has not ended."""
        return RequestResponse.model_validate(
            self._request("DELETE", f"/requests/{request_id}").json()
        )

    def _request(self, method: str, address: str, **more: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, f"{API_PREFIX}{address}", **more)
        except httpx2.HTTPError as error:
            raise ServerError("request.api_no_answer", reason=str(error)) from None
        _raise_for_status(answer)
        return answer


def _raise_for_status(answer: httpx2.Response) -> None:
    """Raises what the API says went wrong."""
    if answer.is_success:
        return
    answer.read()
    try:
        problem = ProblemDetails.model_validate_json(answer.content)
        told = {"id": problem.code or problem.detail, "params": problem.params}
        said = read_message(json.dumps(told))
    except ValueError:
        said = None
    said = said or message("request.api_status", status=answer.status_code)
    if answer.status_code == 429:
        raise CapacityError(said.id, int(answer.headers.get("Retry-After", "1")), **said.params)
    kinds: Mapping[int, type[StudioError]] = {
        401: InvalidInputError,
        403: InvalidInputError,
        404: NotFoundError,
        408: InvalidInputError,
        409: VersionConflictError,
        413: InvalidInputError,
        422: InvalidInputError,
    }
    raise kinds.get(answer.status_code, ServerError)(said.id, **said.params)
