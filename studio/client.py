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

from studio.api.wire import PREFIX, Problem, RequestShown, Theme
from studio.errors import Busy, InputError, NotFound, Outdated, ServerError, StudioError
from studio.messages import message, read_message
from studio.recipes.preset import Letter

SECONDS = 30.0


class Themes:
    """Calls raise NotFound, Busy, InputError (Outdated among them) or ServerError with what the API says of it."""

    def __init__(self, address: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self._http = httpx2.Client(base_url=address, headers=headers, timeout=SECONDS)

    def __enter__(self) -> "Themes":
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
        return [Theme.model_validate(each) for each in self._call("GET", "/themes").json()]

    def ask(
        self,
        theme: str,
        base_image: str,
        doodle: bytes | None = None,
        words: str = "",
        seed: int | None = None,
        key: str | None = None,
    ) -> RequestShown:
        """Asks for four pictures; `doodle` is a PNG of the base image's size. With an idempotency
        `key` it is safe to ask again."""
        wish = {
            "theme": theme, "base_image": base_image, "words": words, "seed": seed,
            "doodle": None if doodle is None else base64.b64encode(doodle).decode(),
        }  # fmt: skip
        headers = {} if key is None else {"Idempotency-Key": key}
        answer = self._call("POST", "/requests", json=wish, headers=headers)
        return RequestShown.model_validate(answer.json())

    def asked(self, request_id: str) -> RequestShown:
        """A request as it stands."""
        return RequestShown.model_validate(self._call("GET", f"/requests/{request_id}").json())

    def events(self, request_id: str, after: int = -1) -> Iterator[Mapping[str, Any]]:
        """What happens to the four jobs, until all have ended; each with its number as `id`, to go on
        after. A connection that breaks raises ServerError: go on after the last."""
        headers = {"Last-Event-ID": str(after)}
        address = f"{PREFIX}/requests/{request_id}/events"
        try:
            with self._http.stream("GET", address, headers=headers, timeout=None) as answer:
                _check(answer)
                number = after
                for line in answer.iter_lines():
                    field, _, value = line.partition(": ")
                    if field == "id":
                        number = int(value)
                    elif field == "data":
                        yield {**json.loads(value), "id": number}
        except httpx2.HTTPError as error:
            raise ServerError("request.api_broken", reason=str(error)) from None

    def picture(self, request_id: str, letter: Letter, format: str = "png") -> bytes:
        """A finished variant, as PNG or WebP."""
        address = f"/requests/{request_id}/variants/{letter}?format={format}"
        return self._call("GET", address).content

    def pictures(self, request_id: str) -> dict[Letter, bytes]:
        """Every picture that is done."""
        done = [v.letter for v in self.asked(request_id).variants if v.state == "done"]
        return {letter: self.picture(request_id, letter) for letter in done}

    def pick(self, request_id: str, letter: Letter) -> None:
        """Tells which picture the user chose."""
        self._call("POST", f"/requests/{request_id}/pick", json={"letter": letter})

    def cancel(self, request_id: str) -> RequestShown:
        """Ends what has not ended."""
        return RequestShown.model_validate(self._call("DELETE", f"/requests/{request_id}").json())

    def _call(self, method: str, address: str, **more: Any) -> httpx2.Response:
        try:
            answer = self._http.request(method, f"{PREFIX}{address}", **more)
        except httpx2.HTTPError as error:
            raise ServerError("request.api_no_answer", reason=str(error)) from None
        _check(answer)
        return answer


def _check(answer: httpx2.Response) -> None:
    """Raises what the API says went wrong."""
    if answer.is_success:
        return
    answer.read()
    try:
        problem = Problem.model_validate_json(answer.content)
        told = {"id": problem.code or problem.detail, "params": problem.params}
        said = read_message(json.dumps(told))
    except ValueError:
        said = None
    said = said or message("request.api_status", status=answer.status_code)
    if answer.status_code == 429:
        raise Busy(said.id, int(answer.headers.get("Retry-After", "1")), **said.params)
    kinds: Mapping[int, type[StudioError]] = {
        401: InputError,
        403: InputError,
        404: NotFound,
        408: InputError,
        409: Outdated,
        413: InputError,
        422: InputError,
    }
    raise kinds.get(answer.status_code, ServerError)(said.id, **said.params)
