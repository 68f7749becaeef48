"""Structured logs: one JSON line per event, ids and never contents.

An exception is written as its class and the places it passed, without its text: driver errors quote
the values of the row that failed.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog

Event = MutableMapping[str, Any]


def configure(level: str, log_format: str) -> None:
    """Send our logs and those of the libraries to standard error; ``log_format`` is json or text. Call once.

    Ours are written as bytes, past the standard library: there is a line for every request.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_texts,
    ]
    is_json = log_format == "json"
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=_as_json)
        if is_json
        else structlog.dev.ConsoleRenderer(colors=False, sort_keys=False)
    )
    structlog.configure(
        processors=[*shared, last],
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer)
        if is_json
        else structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _as_text(last)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    # They write addresses with ids and queries in them, and who sends mail to whom.
    for name in ("uvicorn.access", "httpx", "httpcore", "mail.log"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _as_json(event: Any, **_options: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)


def _as_text(last: structlog.typing.Processor) -> structlog.typing.Processor:
    """The standard library's handlers take text."""

    def render(logger: Any, method: str, event: Event) -> str:
        line = last(logger, method, event)
        return line.decode() if isinstance(line, bytes) else str(line)

    return render


def without_texts(_logger: Any, _method: str, event: Event) -> Event:
    """Replace ``exc_info`` by the exception's class and its frames."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["frames"] = frames(error)
    return event


def frames(error: BaseException) -> list[str]:
    """Where the exception and its causes passed: file:line function, innermost last."""
    places = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)]
    return [*frames(error.__cause__), type(error.__cause__).__name__, *places] if error.__cause__ else places
