"""The Gradio page as a browser uses it, without one."""

from typing import Any

from fastapi.testclient import TestClient


class Browser:
    """Does with the server what the page in a browser does: keeps every component's value, sends those
    that a handler takes, and shows what it returns."""

    def __init__(self, app: Any) -> None:
        self.meets(app)
        config = self._client.get("/config").json()
        self._functions = config["dependencies"]
        self._ids = {each["props"].get("elem_id"): each["id"] for each in config["components"]}
        self.values = {each["id"]: each["props"].get("value") for each in config["components"]}
        self._hidden = {each["id"] for each in config["components"] if each["type"] == "state"}

    def meets(self, app: Any) -> None:
        """Another server at the same address, as after a restart."""
        self._client = TestClient(app, base_url="http://127.0.0.1:7860")

    def happens(self, event: str, elem_id: str = "") -> None:
        """An event of a component, and what follows from it; "load" is the page's own."""
        number = next(
            number
            for number, each in enumerate(self._functions)
            if any(name == event and (not elem_id or of == self._ids[elem_id]) for of, name in each["targets"])
        )  # fmt: skip
        self._call(number)

    def _call(self, number: int) -> None:
        function = self._functions[number]
        if function["backend_fn"]:
            # The server alone knows a state's value.
            data = [
                None if each in self._hidden else self.values[each] for each in function["inputs"]
            ]
            body = {"data": data, "fn_index": number, "session_hash": "page"}
            answer = self._client.post("/gradio_api/run/predict", json=body)
            assert answer.status_code == 200, answer.text
            for each, value in zip(function["outputs"], answer.json()["data"], strict=True):
                self._show(each, value)
        for then, each in enumerate(self._functions):
            if each["trigger_after"] == number:
                self._call(then)

    def _show(self, component: int, value: Any) -> None:
        if not isinstance(value, dict) or value.get("__type__") != "update":
            self.values[component] = value
        elif "value" in value:
            self.values[component] = value["value"]

    def types(self, elem_id: str, text: str) -> None:
        self.values[self._ids[elem_id]] = text

    def shows(self, elem_id: str) -> Any:
        return self.values[self._ids[elem_id]]
