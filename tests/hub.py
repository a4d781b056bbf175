"""A fake model hub on loopback: the part of the HTTP API that huggingface_hub needs for downloads."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = "c0ffee" * 6 + "beef"


@dataclass
class FakeHub:
    """Repositories by name, with their files by path. `breaks_after` cuts each response after so many bytes."""

    repos: dict[str, dict[str, bytes]]
    endpoint: str = ""
    breaks_after: int | None = None
    served: list[str] = field(default_factory=list)


def sibling(path: str, data: bytes) -> dict[str, object]:
    """A file in the hub's listing; weights are in LFS, which has their hash."""
    entry: dict[str, object] = {"rfilename": path, "size": len(data)}
    if path.endswith(".safetensors"):
        sha256 = hashlib.sha256(data).hexdigest()
        entry["lfs"] = {"size": len(data), "sha256": sha256, "pointerSize": 134}
    return entry


class Handler(BaseHTTPRequestHandler):
    """Answers for the hub of a subclass."""

    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/"):
            self.model_info("/".join(path.split("/")[3:5]))
            return
        owner, name, _, _, *rest = path.strip("/").split("/")
        content = self.hub.repos.get(f"{owner}/{name}", {}).get("/".join(rest))
        if content is None:
            self.reply(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        if with_body:
            self.hub.served.append(f"{'/'.join(rest)}@{start}")
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
        }
        self.reply(206 if start else 200, content[start:], headers, with_body)

    def model_info(self, repo: str) -> None:
        files = self.hub.repos.get(repo)
        if files is None:
            self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})
            return
        siblings = [sibling(path, data) for path, data in files.items()]
        body = {"id": repo, "modelId": repo, "sha": COMMIT, "siblings": siblings, "tags": []}
        self.reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def reply(
        self, code: int, body: bytes, headers: dict[str, str], with_body: bool = True
    ) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            limit = self.hub.breaks_after if "ETag" in headers else None
            self.wfile.write(body[:limit])
            if limit is not None and limit < len(body):
                self.close_connection = True


@contextmanager
def model_hub(repos: dict[str, dict[str, bytes]]) -> Iterator[FakeHub]:
    hub = FakeHub(repos)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HubHandler", (Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
