"""`studio ui|api|worker`: the long-running processes.

`run` and `serve` are the former names of `ui` and `api`: hidden, deprecated aliases.
"""

from typing import Annotated

import typer

from studio.cli.output import load_settings, print_line

Host = Annotated[str | None, typer.Option(help="Address to listen on; default: 127.0.0.1.")]
UiPort = Annotated[int | None, typer.Option(help="Port to listen on; default: 7860.")]
ApiPort = Annotated[int | None, typer.Option(help="Port to listen on; default: 7861.")]
SignIn = Annotated[
    bool | None, typer.Option("--sign-in", help="Require sign-in on loopback as well.")
]
NoSignIn = Annotated[
    bool | None,
    typer.Option("--no-sign-in", help="Allow access without sign-in, from any address."),
]


def ui(
    host: Host = None, port: UiPort = None, sign_in: SignIn = None, no_sign_in: NoSignIn = None
) -> None:
    """Start the web UI (sign-in required unless bound to loopback)."""
    settings = load_settings(host=host, port=port, sign_in=sign_in, no_sign_in=no_sign_in)
    from studio.ui.server import serve as serve_ui

    serve_ui(settings)


def api(host: Host = None, port: ApiPort = None) -> None:
    """Start the HTTP API for deployed themes."""
    settings = load_settings(host=host, api_port=port)
    from studio.server.api_server import serve as serve_api

    serve_api(settings)


def worker() -> None:
    """Start a render worker for the queue at STUDIO_BROKER_URL."""
    settings = load_settings()
    from studio.worker.celery_worker import run_worker

    run_worker(settings)


def run(
    host: Host = None, port: UiPort = None, sign_in: SignIn = None, no_sign_in: NoSignIn = None
) -> None:
    """Deprecated: use `studio ui`."""
    print_line("`studio run` is deprecated: use `studio ui`", err=True)
    ui(host, port, sign_in, no_sign_in)


def serve(host: Host = None, port: ApiPort = None) -> None:
    """Deprecated: use `studio api`."""
    print_line("`studio serve` is deprecated: use `studio api`", err=True)
    api(host, port)
