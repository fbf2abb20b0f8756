"""Logs say what happened and where, and nothing that came from outside."""

import io
import json
import logging
import os
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from listkeep.core.errors import Code, UnavailableError
from listkeep.dock.lists import bulk
from listkeep.dock.project.logs import describe_exception, make_formatter
from tests.dock.conftest import Api

CANARY = "canary@example.com"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What would stand on stderr."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(make_formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    yield text
    root.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_events_are_json_with_time_and_place(stream: io.StringIO) -> None:
    structlog.get_logger("listkeep.dock.intake").warning("import.failed", id="7")

    [line] = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "import.failed",
        "id": "7",
        "level": "warning",
        "logger": "listkeep.dock.intake",
    }


def test_an_exception_is_told_without_its_words(stream: io.StringIO) -> None:
    try:
        try:
            int(CANARY)
        except ValueError as error:
            raise UnavailableError(CANARY, code=Code.DOCK_UNAVAILABLE) from error
    except UnavailableError:
        structlog.get_logger("listkeep.dock").exception("request.broken")

    [line] = lines(stream)
    assert line["exception"]["error"] == "listkeep.core.errors.UnavailableError"
    assert line["exception"]["code"] == "dock-unavailable"
    assert line["exception"]["cause"]["error"] == "builtins.ValueError"
    assert "test_logs.py" in line["exception"]["frames"][-1]
    assert "canary" not in stream.getvalue()


def test_words_of_other_libraries_are_dropped(stream: io.StringIO) -> None:
    logger = logging.getLogger("somebody.else")
    logger.error("could not read %s", CANARY)
    logger.error(CANARY, extra={"address": CANARY}, stack_info=True)
    try:
        os.environ[CANARY]
    except KeyError:
        logger.exception(CANARY)

    assert "canary" not in stream.getvalue()
    found = lines(stream)
    assert [line["event"] for line in found] == ["foreign.message"] * 3
    assert found[0]["logger"] == "somebody.else"
    assert found[0]["where"].startswith("test_logs:")
    assert found[2]["exception"]["error"] == "builtins.KeyError"


def test_a_request_is_one_line_with_its_pattern(
    ada: Api, news: str, stream: io.StringIO
) -> None:
    ada.get(f"/lists/{news}/entries/{'a' * 26}", segment=CANARY)
    ada.call("BREW", "/lists")

    requests = [line for line in lines(stream) if line["event"] == "request.answered"]
    assert requests[0]["route"] == "v1/lists/<list_name>/entries/<token>"
    assert (requests[0]["method"], requests[0]["status"]) == ("GET", 404)
    assert requests[1]["method"] == "other"
    assert not any(word in stream.getvalue() for word in ("aaaaa", "canary", "lks_"))


def test_a_chain_that_bites_its_tail_ends() -> None:
    error = ValueError()
    error.__cause__ = error

    assert describe_exception(error) == {"error": "builtins.ValueError", "frames": []}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (sqlite3.SQLITE_FULL, "disk is full"),
        (sqlite3.SQLITE_BUSY, "busy"),
        (sqlite3.SQLITE_IOERR, "does not work"),
    ],
)
def test_the_engines_errors_become_ours(code: int, message: str) -> None:
    error = sqlite3.OperationalError(CANARY)
    error.sqlite_errorcode = code

    with pytest.raises(UnavailableError, match=message) as caught, bulk.translated():
        raise error

    assert caught.value.code is Code.DOCK_UNAVAILABLE
    assert caught.value.hint


def test_a_disk_that_is_full_while_staging_is_said_so(tmp_path: Any) -> None:
    staging = bulk.Staging(tmp_path / "s.sqlite3")
    staging._database.execute("PRAGMA max_page_count = 4")
    row = (bytes(16), bytes(12), 0, bytes(100), "[]", 0)

    with pytest.raises(UnavailableError, match="disk is full"):
        staging.add([row] * 40_000)
    staging.remove()
    assert list(tmp_path.iterdir()) == []
