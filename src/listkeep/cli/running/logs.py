"""Logs of the serving processes: JSON on stderr, without a word from outside.

Our own loggers speak in ids and counts. Of what other libraries say only the place
is kept, and of exceptions the kind and the lines they passed: their texts quote what
was being worked on, and that may be an address.
"""

import logging
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

_OURS = "listkeep"
_FRAMES = 20

Event = MutableMapping[str, Any]

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "listkeep.cli.running.logs.make_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        _OURS: {"level": "INFO"},
        "_granian": {"level": "WARNING"},
        "granian.access": {"level": "CRITICAL"},
        # It repeats paths and bodies; the edges say by themselves what failed.
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
    },
}


def make_formatter() -> logging.Formatter:
    """Make the formatter of all handlers."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            drop_foreign_text,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )


def drop_foreign_text(_logger: Any, _method: str, event: Event) -> Event:
    """Keep our own words, and of all others who spoke, how loud and where."""
    record = event.get("_record")
    event.pop("exc_info", None)
    event.pop("stack_info", None)
    if isinstance(record, logging.LogRecord):
        if record.exc_info and record.exc_info[1]:
            event["exception"] = _describe(record.exc_info[1])
        # The renderer would otherwise print the traceback with its texts.
        record.exc_info = record.exc_text = record.stack_info = None
        if record.name.partition(".")[0] != _OURS:
            event["event"] = "foreign.message"
            event["where"] = f"{record.module}:{record.lineno}"
    return event


def _describe(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {
        "error": f"{type(error).__module__}.{type(error).__qualname__}",
        "frames": [f"{f.filename}:{f.lineno} {f.name}" for f in frames],
    }
