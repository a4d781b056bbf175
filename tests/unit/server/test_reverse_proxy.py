"""Issue 18, 7: the proxy configurations of docs/how-to/reverse-proxy.md, run in front of a real studio."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from studio.app import create_app_container
from studio.server.api_routers import CLIENT_ROUTERS, OPERATOR_ROUTERS
from studio.settings import Settings
from tests.fake_renderer import FakeRenderer
from tests.unit.server.test_authorization import operations
from tests.waiting import LONG, until

DOCS = Path(__file__).parents[3] / "docs" / "how-to" / "reverse-proxy.md"
PASSWORD = "correct horse battery"
Client = Callable[[], httpx.Client]


def spare_port() -> int:
    with socket.socket() as free_port:
        free_port.bind(("127.0.0.1", 0))
        return int(free_port.getsockname()[1])


def example(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert match is not None
    return match[1]


def installed(program: str) -> str:
    """Where `program` is; its test is skipped by name where it is not installed."""
    match = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if match is None:
        if os.environ.get("CI") and program == "nginx":
            pytest.fail("nginx is not installed: `make services` installs it")
        pytest.skip(f"the example for {program} is not run: apt-get install {program}")
    return match


@pytest.fixture(scope="module")
def studio_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """`studio ui` on loopback, with a user, that trusts the proxies of this machine."""
    home = tmp_path_factory.mktemp("proxied") / "home"
    create_app_container(Settings(data_dir=home), FakeRenderer).stores.users.set_password(
        "ada", PASSWORD
    )
    port = spare_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}
    running = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "ui", "--port", str(port)],
        env=own | {"STUDIO_DATA_DIR": str(home), "STUDIO_TRUSTED_PROXIES": "127.0.0.1"},
    )
    wait_for(port, running)
    yield port
    running.send_signal(signal.SIGINT)
    running.wait(LONG)


@pytest.fixture(params=["nginx", "caddy"])
def https(request: pytest.FixtureRequest, studio_port: int, tmp_path: Path) -> Iterator[Client]:
    """Clients of a proxy that runs the documents' example, on another port and with a certificate
    of the test's."""
    program = installed(request.param)
    port = spare_port()
    key, certificate = tmp_path / "studio.key", tmp_path / "studio.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=studio.example", "-addext", "subjectAltName=DNS:studio.example",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    command = {"nginx": nginx, "caddy": caddy}[request.param](
        program, tmp_path, port, key, certificate, studio_port
    )
    running = subprocess.Popen(command, env=os.environ | {"HOME": str(tmp_path)})
    wait_for(port, running)
    trusted = ssl.create_default_context(cafile=str(certificate))

    def client() -> httpx.Client:
        transport = _Here(verify=trusted)
        url = f"https://studio.example:{port}"
        return httpx.Client(base_url=url, transport=transport, timeout=LONG)

    yield client
    running.terminate()
    running.wait(LONG)


class _Here(httpx.HTTPTransport):
    """Reaches studio.example on this machine, whatever a name server says."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        proxy = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1"),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": "studio.example"},
        )
        return super().handle_request(proxy)


def nginx(
    program: str, directory: Path, port: int, key: Path, certificate: Path, studio: int
) -> list[str]:
    server = (
        example("nginx")
        .replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        .replace("/etc/ssl/studio.example.pem", str(certificate))
        .replace("/etc/ssl/studio.example.key", str(key))
        .replace("127.0.0.1:7860", f"127.0.0.1:{studio}")
    )
    bodies = "".join(
        f"{kind}_temp_path {directory}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(
        f"{user}daemon off;\npid {directory}/nginx.pid;\nerror_log stderr warn;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{bodies}{server}}}\n"
    )
    return [program, "-c", str(directory / "nginx.conf"), "-e", "stderr"]


def caddy(
    program: str, directory: Path, port: int, key: Path, certificate: Path, studio: int
) -> list[str]:
    site = (
        example("caddy")
        .replace("studio.example {", f"studio.example:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}")
        .replace("127.0.0.1:7860", f"127.0.0.1:{studio}")
    )  # fmt: skip
    quiet = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
    (directory / "Caddyfile").write_text(quiet + site)
    return [program, "run", "--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"]


def wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    def answers() -> bool:
        assert running.poll() is None, "it ended"
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", port)) == 0

    until(answers)


# Issue 19, 4.
@pytest.mark.parametrize(
    ("program", "before"), [("nginx", "location ~ "), ("caddy", "path_regexp ")]
)
def test_documented_proxies_send_generation_requests_alone_to_the_api(
    program: str, before: str
) -> None:
    [pattern] = re.findall(rf"{before}(\S+)", example(program))
    clients = [path for _, path, _ in operations(CLIENT_ROUTERS)]
    operators = [path for _, path, _ in operations(OPERATOR_ROUTERS)]
    assert [path for path in clients if not re.search(pattern, path)] == []
    to_the_api = {path.rpartition("/")[2] for path in operators if re.search(pattern, path)}
    assert to_the_api == {"health", "ready", "withdraw", "release"}  # By key.


def test_documented_proxy_configurations_allow_sign_in(https: Client) -> None:
    with https() as browser:
        own = {"Origin": str(browser.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        assert browser.get("/api/v1/moderation/decisions").status_code == 401
        assert browser.get("/", headers={"accept": "text/html"}).headers["location"] == "/sign-in"
        form = {"name": "ada", "password": PASSWORD}
        answer = browser.post("/sign-in", data=form, headers=own)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert all("; Secure" in each for each in answer.headers.get_list("set-cookie"))
        assert browser.get("/api/v1/moderation/decisions").status_code == 200
        words = browser.post("/api/v1/moderation/check-text", json={"text": "a cat"}, headers=own | {"X-Studio": "x"})  # fmt: skip
        assert words.status_code == 200
        config = browser.get("/config").json()
        assert config["root"] == str(browser.base_url).rstrip("/")
        foreign = {"Origin": "https://evil.example", "X-Studio": "x"}
        assert (
            browser.put(
                "/api/v1/moderation/word-list", json={"text": ""}, headers=foreign
            ).status_code
            == 403
        )
        assert browser.post("/sign-in/out", headers=own).status_code == 303
        assert browser.get("/api/v1/moderation/decisions").status_code == 401


def test_client_cannot_forge_its_address(https: Client) -> None:
    with https() as browser:
        codes = [
            browser.post(
                "/sign-in",
                data={"name": f"nobody {number}", "password": "wrong"},
                headers={"X-Forwarded-For": f"203.0.113.{number}"},
            ).status_code
            for number in range(12)
        ]
    assert codes[-2:] == [429, 429]
