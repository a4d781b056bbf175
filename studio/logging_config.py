"""Logging of servers and workers by structlog: text or JSON, with the request id."""

import logging
import sys

import structlog

from studio.terminal_text import printable, printable_json, printable_lines


def configure_logging(as_json: bool, level: int = logging.INFO) -> None:
    """Sends the log of the whole process to stderr.

    Servers and workers call it once at their start.

    Args:
        as_json: one JSON object a line.
        level: the lowest level that is logged.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderers: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False), _escape_json]
        if as_json
        else [_escape_text, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [*(h for h in root.handlers if type(h) is not logging.StreamHandler), handler]
    root.setLevel(level)


def _escape_json(_: object, __: str, line: structlog.typing.EventDict | str) -> str:
    """Escapes control characters in the JSON that the processor before it has rendered."""
    return printable_json(str(line))


def _escape_text(
    _: object, __: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Escapes control characters: messages contain names that others chose."""
    line["event"] = printable(str(line.get("event", "")))
    if "exception" in line:
        line["exception"] = printable_lines(str(line["exception"]))
    return line
