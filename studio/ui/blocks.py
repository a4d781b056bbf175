"""Gradio's Blocks with the studio's errors, and session states that need little memory."""

import html
from copy import copy
from datetime import datetime, timedelta
from typing import Any

import gradio as gr
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder

from studio.errors import StudioError
from studio.server.page_errors import (
    GRADIO_INPUT_ERRORS,
    UNEXPECTED,
    UNREADABLE,
    log_unexpected,
    redacted_message,
)
from studio.server.problems import status_of
from studio.ui.texts import Texts

UPLOAD_RETENTION_SECONDS = 3600
"""Age after which an upload is deleted; handlers read uploads at once."""
_UPLOAD_PURGE_SECONDS = 60
"""How often Gradio deletes old uploads."""
CLOSED_SESSION_TTL = timedelta(hours=1)
"""How long after its last use the state of a closed page is dropped."""
MAX_SESSIONS = 2_000
"""Pages whose states are held at once; the least recently used one is dropped first."""


class StudioBlocks(gr.Blocks):  # type: ignore[misc]
    """Blocks whose handlers' errors are one line in the log and one in the answer.

    Gradio itself prints a traceback of any exception, answers 500 with its text, and reports missing
    inputs by printing every component. Here a StudioError answers with its message and status, values
    that no handler accepts with 400, and any other exception with 500 and no details.
    """

    def __init__(self, texts: Texts, **options: Any) -> None:
        self._texts = texts
        retention = (_UPLOAD_PURGE_SECONDS, UPLOAD_RETENTION_SECONDS)
        super().__init__(delete_cache=retention, **options)

    async def process_api(self, block_fn: Any, *inputs: Any, **options: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await super().process_api(block_fn, *inputs, **options)
        except (StopIteration, StopAsyncIteration):
            raise
        except gr.Error as error:  # Gradio raises it for numbers out of range and the like.
            raise _error(error.message, 400, options.get("request")) from None
        except StudioError as error:
            text = self._texts.of(redacted_message(error))
            raise _error(text, status_of(error), options.get("request")) from None
        except Exception as error:
            handler_name = getattr(block_fn, "api_name", None) or block_fn
            log_unexpected(_cause(error), f"handler {handler_name}")
            if isinstance(error, GRADIO_INPUT_ERRORS):
                raise _error(self._texts.of(UNREADABLE), 400, options.get("request")) from None
            raise _error(self._texts.of(UNEXPECTED), 500, options.get("request")) from None
        return answer


def _cause(error: Exception) -> Exception:
    """The error of a handler that Gradio wrapped into one whose text lists all components."""
    return error.__cause__ if isinstance(error.__cause__, Exception) else error


def _error(message: str, status: int, request: gr.Request | None) -> Exception:
    """The error that Gradio shows as a toast. `UnexpectedErrorMiddleware` gives the answer `status`."""
    if isinstance(request, gr.Request) and request.request is not None:
        request.request.scope["studio.status"] = status
    error: Exception = gr.Error(html.escape(message), print_exception=False)
    return error


class _SlimSessionState(SessionState):  # type: ignore[misc]
    """A page's state without a copy of the configuration of all components (about 2 MB a page).

    Gradio needs the copy for deep links, which the studio does not have.
    """

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values: dict[int, dict[str, Any]] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = CLOSED_SESSION_TTL.total_seconds()

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class SlimStateHolder(StateHolder):  # type: ignore[misc]
    """The states of all pages. A closed page's state is dropped CLOSED_SESSION_TTL after its last use."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()
        self.set_blocks(blocks)
        self.capacity = MAX_SESSIONS

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = _SlimSessionState(self.blocks)
        return super().__getitem__(session_id)

    def delete_all_expired_state(self) -> None:
        """Drops states of closed pages. Gradio calls this every second."""
        limit = datetime.now() - CLOSED_SESSION_TTL
        for session_id, used in list(self.time_last_used.items()):
            state = self.session_data.get(session_id)
            if state is not None and state.is_closed and used < limit:
                self.session_data.pop(session_id, None)
                self.time_last_used.pop(session_id, None)


def use_slim_states(app: App, blocks: gr.Blocks) -> None:
    """Has Gradio hold little memory for each page that is opened."""
    app.state_holder = SlimStateHolder(blocks)
