"""One way to log: lines for people, or objects for machines, each with the request it is about."""

import logging
import sys

import structlog

from studio.terminal_text import printable, printable_json, printable_lines


def configure_logging(as_json: bool, level: int = logging.INFO) -> None:
    """To be called once by whatever process serves or draws; everything's lines go to stderr."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    rendered: list[structlog.typing.Processor] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False), _shown_json]
        if as_json
        else [_shown, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [*(h for h in root.handlers if type(h) is not logging.StreamHandler), handler]
    root.setLevel(level)


def _shown_json(_: object, __: str, line: structlog.typing.EventDict | str) -> str:
    """What the renderer before it has made of an event."""
    return printable_json(str(line))


def _shown(_: object, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Names that others gave may stand in a message, and the log on a terminal: it obeys none of them."""
    line["event"] = printable(str(line.get("event", "")))
    if "exception" in line:
        line["exception"] = printable_lines(str(line["exception"]))
    return line
