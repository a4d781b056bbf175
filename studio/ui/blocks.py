"""Gradio's Blocks and session states as the studio wants them: errors in one line, little memory."""

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

UPLOADS_KEPT = (60, 3600)
"""Every so many seconds, uploads older than so many seconds are deleted; handlers read them at once."""
KEPT = timedelta(hours=1)
"""How long the state of a page that was closed is kept after its last use."""
MOST_SESSIONS = 2_000
"""Pages whose state is kept at once."""


class StudioBlocks(gr.Blocks):  # type: ignore[misc]
    """Blocks whose handlers' errors are told in one line, as the page and callers can bear them.

    Gradio prints a traceback of whatever a handler raises, answers 500 with its text, and tells of
    missing inputs by printing every component. Here each is one line of the log, and one for whoever
    asked: an error of ours in its own words, values that fit no handler as 400.
    """

    def __init__(self, texts: Texts, **more: Any) -> None:
        self._texts = texts
        super().__init__(delete_cache=UPLOADS_KEPT, **more)

    async def process_api(self, block_fn: Any, *inputs: Any, **more: Any) -> dict[str, Any]:
        try:
            done: dict[str, Any] = await super().process_api(block_fn, *inputs, **more)
        except (StopIteration, StopAsyncIteration):
            raise
        except gr.Error as error:  # Gradio's own, of numbers beyond their bounds and the like.
            raise _error(error.message, 400, more.get("request")) from None
        except StudioError as error:
            text = self._texts.of(redacted_message(error))
            raise _error(text, status_of(error), more.get("request")) from None
        except Exception as error:
            named = getattr(block_fn, "api_name", None) or block_fn
            log_unexpected(_cause(error), f"handler {named}")
            if isinstance(error, GRADIO_INPUT_ERRORS):
                raise _error(self._texts.of(UNREADABLE), 400, more.get("request")) from None
            raise _error(self._texts.of(UNEXPECTED), 500, more.get("request")) from None
        return done


def _cause(error: Exception) -> Exception:
    """What Gradio wrapped into a text of its own, with all components in it."""
    return error.__cause__ if isinstance(error.__cause__, Exception) else error


def _error(message: str, status: int, request: gr.Request | None) -> Exception:
    """What Gradio shows as a toast; `UnexpectedErrorMiddleware` gives the answer its status."""
    if isinstance(request, gr.Request) and request.request is not None:
        request.request.scope["studio.status"] = status
    error: Exception = gr.Error(html.escape(message), print_exception=False)
    return error


class _LightSession(SessionState):  # type: ignore[misc]
    """A page's state without the second configuration of every component that Gradio keeps for deep
    links, which the studio does not have: some 2 MB each."""

    def __init__(self, blocks: gr.Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values: dict[int, dict[str, Any]] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = KEPT.total_seconds()

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class LightStates(StateHolder):  # type: ignore[misc]
    """The states of all open pages. A closed page's is dropped whole, an hour after its last use."""

    def __init__(self, blocks: gr.Blocks) -> None:
        super().__init__()
        self.set_blocks(blocks)
        self.capacity = MOST_SESSIONS

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = _LightSession(self.blocks)
        return super().__getitem__(session_id)

    def delete_all_expired_state(self) -> None:
        """Gradio calls this every second."""
        long_ago = datetime.now() - KEPT
        for session_id, used in list(self.time_last_used.items()):
            state = self.session_data.get(session_id)
            if state is not None and state.is_closed and used < long_ago:
                self.session_data.pop(session_id, None)
                self.time_last_used.pop(session_id, None)


def lighten(app: App, blocks: gr.Blocks) -> None:
    """Has Gradio keep little of each page that is opened."""
    app.state_holder = LightStates(blocks)
