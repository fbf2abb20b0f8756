"""Logs: JSON on stderr, and nothing in them that came from outside.

What we log ourselves are events with ids and counts. Other libraries' texts are
dropped: they quote what they stumbled over, and that may be an address. What is
left of them is who said something, how loud and where. Exceptions, ours as well,
are logged by type, code and place, never by their text.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from listkeep.core.errors import ListkeepError

_FRAMES = 20
_OURS = "listkeep"

Event = MutableMapping[str, Any]

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "listkeep.dock.project.logs.make_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        _OURS: {"level": "INFO"},
        # These repeat paths, hosts and headers; `middleware.py` logs each request.
        "django": {"handlers": [], "propagate": True},
        "django.request": {"level": "CRITICAL"},
        "django.server": {"handlers": [], "level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
    },
}


def configure_structlog() -> None:
    """Send what `structlog` loggers say through the standard library's handlers."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def make_formatter() -> logging.Formatter:
    """Make the formatter of all handlers."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_SHARED, drop_foreign_text],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def describe_exception(error: BaseException) -> dict[str, Any]:
    """Say what went wrong and where, without the exception's own words."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    described: dict[str, Any] = {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{f.filename}:{f.lineno} {f.name}" for f in frames],
    }
    if isinstance(error, ListkeepError):
        described["code"] = error.code.value
    cause = error.__cause__ or (
        None if error.__suppress_context__ else error.__context__
    )
    if cause is not None and cause is not error:
        described["cause"] = describe_exception(cause)
    return described


def scrub_exception(_logger: Any, _method: str, event: Event) -> Event:
    """Put what may be said about an exception in its place."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, tuple):
        info = info[1]
    if isinstance(info, BaseException):
        event["exception"] = describe_exception(info)
    return event


def drop_foreign_text(_logger: Any, _method: str, event: Event) -> Event:
    """Keep of another library's message who, how loud and where, but no word."""
    record = event.get("_record")
    name = record.name if isinstance(record, logging.LogRecord) else ""
    if name.partition(".")[0] != _OURS:
        event["event"] = "foreign.message"
        if isinstance(record, logging.LogRecord):
            event["where"] = f"{record.module}:{record.lineno}"
    return event


_SHARED: list[Any] = [
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    scrub_exception,
]
