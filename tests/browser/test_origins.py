"""Issue 18, 5: what a page of another origin can do to a studio in somebody's real browser: nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

TRIES = """async (studio) => {
  const own = { 'X-Studio': 'page', 'Content-Type': 'application/json' };
  const words = JSON.stringify({ text: '[block]\\npwned' });
  const form = new FormData();
  form.append('files', new Blob(['x'.repeat(1000)]), 'evil.png');
  const tries = {
    write: () => fetch(`${studio}/api/v1/moderation/word-list`, { method: 'PUT', headers: own, body: words }),
    read: () => fetch(`${studio}/config`),
    call: () => fetch(`${studio}/gradio_api/run/predict`, { method: 'POST', headers: own, body: '{"data":[]}' }),
  };
  const found = {};
  for (const [name, tried] of Object.entries(tries)) {
    found[name] = await tried().then((answer) => `status ${answer.status}`, () => 'blocked');
  }
  await fetch(`${studio}/gradio_api/upload`, { method: 'POST', body: form, mode: 'no-cors' });
  found.image = await new Promise((done) => {
    const picture = new Image();
    picture.onload = () => done('shown');
    picture.onerror = () => done('blocked');
    picture.src = `${studio}/api/v1/base-images/mia.png`;
  });
  return found;
}"""


class Page(BaseHTTPRequestHandler):
    """An empty page; what it does is told by the test. /link leads to where its query says."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        address = self.path.partition("?")[2]
        self.wfile.write(f'<!doctype html><a href="{address}">link</a>'.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=["localhost", "127.0.0.1"])
def elsewhere(request: pytest.FixtureRequest) -> Iterator[str]:
    """Another site, and another port of the same: of the same site, but of another origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{request.param}:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_page_of_another_origin_reads_writes_and_uploads_nothing(
    browser: Browser, server: Server, elsewhere: str
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        answers: dict[str, int] = {}
        page.on("response", lambda r: answers.update({r.url.removeprefix(server.url): r.status}))
        page.goto(f"{elsewhere}/?{server.url}/history")
        assert page.evaluate(TRIES, server.url) == {
            "write": "blocked",
            "read": "blocked",
            "call": "blocked",
            "image": "blocked",
        }
        assert answers["/gradio_api/upload"] == 403
        assert not (server.home / "words" / "own.txt").exists()
        # A link is another thing: it opens the page.
        page.get_by_role("link", name="link").click()
        expect(page.locator("nav a[aria-current=page]")).to_have_attribute("href", "/history")
