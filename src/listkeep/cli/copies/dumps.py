"""Put a dump of PostgreSQL back without doing whatever it says.

A dump is a program: it can make functions and triggers, load extensions, and copy from
the output of commands, as whoever restores it. So its script is read here, statement by
statement, before anything is touched. What makes plain tables, their rows, indexes and
constraints is carried out, by us and in one transaction; one statement more, and
nothing is.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from listkeep.core.errors import MalformedError, UnavailableError

_NAME = r'"?[a-z_][a-z0-9_]*"?'
_TABLE = rf"public\.{_NAME}"
_NAMES = rf"{_NAME}(?:, {_NAME})*"
_TYPE = (
    r"(?:bigint|integer|smallint|boolean|text|bytea|jsonb|uuid|date|double precision"
    r"|character varying(?:\(\d+\))?|timestamp with time zone)"
)
_VALUE = rf"(?:-?\d+|true|false|'[^']*'(?:::{_TYPE})?)"
_EXPRESSION = r"\((?:[\w\s\"<>=+*,.:()\[\]-]|'[^']*')+\)"
_COLUMN = rf"    {_NAME} {_TYPE}(?: DEFAULT {_VALUE})?(?: NOT NULL)?"
_CHECK = rf"    CONSTRAINT {_NAME} CHECK {_EXPRESSION}"
_PART = rf"(?:{_COLUMN}|{_CHECK})"
_ORDERED = rf"{_NAME}(?: varchar_pattern_ops| text_pattern_ops)?(?: DESC| ASC)?"
_KEY = rf"(?:PRIMARY KEY|UNIQUE) \({_NAMES}\)"
_REFERENCE = (
    rf"FOREIGN KEY \({_NAMES}\) REFERENCES {_TABLE}\({_NAMES}\)"
    r"(?: ON DELETE [A-Z ]+?)?(?: DEFERRABLE INITIALLY DEFERRED)?"
)
_IDENTITY = (
    rf"ALTER TABLE {_TABLE} ALTER COLUMN {_NAME} ADD GENERATED "
    rf"(?:BY DEFAULT|ALWAYS) AS IDENTITY \(\n    SEQUENCE NAME {_TABLE}\n"
    r"    START WITH \d+\n    INCREMENT BY \d+\n    NO MINVALUE\n    NO MAXVALUE\n"
    r"    CACHE \d+\n\);"
)
_CONSTRAINT = (
    rf"ALTER TABLE ONLY {_TABLE}\n    ADD CONSTRAINT {_NAME} (?:{_KEY}|{_REFERENCE});"
)
_INDEX = (
    rf"CREATE (?:UNIQUE )?INDEX {_NAME} ON {_TABLE} USING btree "
    rf"\({_ORDERED}(?:, {_ORDERED})*\)(?: WHERE {_EXPRESSION})?;"
)
_STORAGE = rf"ALTER TABLE ONLY {_TABLE} ALTER COLUMN {_NAME} SET STORAGE [A-Z]+;"
_TABLE_MADE = rf"CREATE TABLE (?P<table>{_TABLE}) \(\n{_PART}(?:,\n{_PART})*\n\);"
_NUMBER = rf"SELECT pg_catalog\.setval\('{_TABLE}', \d+, (?:true|false)\);"
_MADE = tuple(
    map(re.compile, (_TABLE_MADE, _IDENTITY, _CONSTRAINT, _STORAGE, _INDEX, _NUMBER))
)
# What only concerns the session that would have run the script; ours is its own.
_SESSION = re.compile(
    r"SET client_encoding = 'UTF8';"
    r"|SET (?!client_encoding|role|session)[a-z_]+ = "
    r"(?:\d+|on|off|true|false|content|heap|warning|'');"
    r"|SELECT pg_catalog\.set_config\('search_path', '', false\);"
)
_COPY = re.compile(rf"COPY ({_TABLE}) \(({_NAMES})\) FROM stdin;\n".encode())
_QUIET = re.compile(rb"\s*(?:--.*)?\n|\\(?:un)?restrict [A-Za-z0-9]+\n")
_CALL = re.compile(r'([A-Za-z_"][\w"]*)\s*\(')
_NO_CALLS = frozenset({"AND", "OR", "NOT", "ANY", "ALL", "CHECK", "WHERE", "varying"})
_END = b"\\.\n"
_LONGEST = 1 << 20
_CHUNK_BYTES = 1 << 20


class _Statement(NamedTuple):
    """Something to do; of rows, ``text`` is what they are copied into."""

    text: str
    table: str = ""  # that it makes
    is_copy: bool = False


def check_dump(dump: Path) -> None:
    """Make sure that a dump holds plain tables and nothing else.

    Raises:
        MalformedError: It would do something else, or is no dump.
        UnavailableError: PostgreSQL's tools are not here.
    """
    with _script(dump) as lines:
        for statement in _statements(lines):
            if statement.is_copy:
                for _ in _rows(lines):
                    pass


def put_dump(url: str, dump: Path) -> None:
    """Replace the tables of a database by those of a dump: all of it or nothing.

    Raises:
        MalformedError: The dump would do something else.
        UnavailableError: The tools or the server are not there, or it does not fit.
    """
    import psycopg  # noqa: PLC0415 - an extra

    try:
        # Closed also where a commit fails: what was put off is checked only then.
        with (
            closing(psycopg.connect(url, connect_timeout=10)) as connection,
            connection,
        ):
            connection.execute("SET client_encoding = 'UTF8'")
            with _script(dump) as lines:
                for statement in _statements(lines):
                    if statement.table:
                        drop = f"DROP TABLE IF EXISTS {statement.table} CASCADE"
                        connection.execute(drop.encode())
                    if not statement.is_copy:
                        connection.execute(statement.text.encode())
                        continue
                    with connection.cursor().copy(statement.text.encode()) as copy:
                        for rows in _rows(lines):
                            copy.write(rows)
    except psycopg.Error as error:  # which may quote rows
        raise UnavailableError(
            "the copy could not be put into PostgreSQL",
            hint="does it run, may this user make tables there, and is there room?",
        ) from error


@contextmanager
def _script(dump: Path) -> Iterator[IO[bytes]]:
    """Have PostgreSQL's own program write a dump as a script, which nobody runs."""
    from .databases import find_tool  # noqa: PLC0415 - which needs this module

    command = [
        *(str(find_tool("pg_restore")), "--no-owner", "--no-privileges"),
        *("--file=-", str(dump)),
    ]
    with subprocess.Popen(  # noqa: S603 - a fixed name
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise UnavailableError(
            f"pg_restore failed with status {process.returncode}",
            hint="is it as new as the program that made the copy, and the file whole?",
        )


def _statements(lines: IO[bytes]) -> Iterator[_Statement]:
    """Read statement by statement; whoever gets rows to copy takes them first."""
    waiting = b""
    while line := lines.readline(_LONGEST):
        if not waiting and _QUIET.fullmatch(line):
            continue
        if not waiting and (copy := _COPY.fullmatch(line)):
            table, names = (part.decode() for part in copy.groups())
            yield _Statement(f"COPY {table} ({names}) FROM STDIN", is_copy=True)
            continue
        waiting += line
        if len(waiting) > _LONGEST:
            raise _refused()
        if line.endswith(b";\n"):
            if found := _read(waiting.decode(errors="replace").rstrip("\n")):
                yield found
            waiting = b""
    if waiting:
        raise _refused()


def _read(text: str) -> _Statement | None:
    """Take a statement for one that may be done, or for one that need not be.

    Raises:
        MalformedError: It is neither.
    """
    if _SESSION.fullmatch(text):
        return None
    for form in _MADE:
        found = form.fullmatch(text)
        if found:
            _require_no_call(text)
            return _Statement(text, found.groupdict().get("table") or "")
    raise _refused()


def _require_no_call(text: str) -> None:
    """Refuse conditions that call a function: it would run for whoever writes a row."""
    for condition in re.findall(r"(?:CHECK|WHERE) (\(.*)", text):
        bare = re.sub(r"'[^']*'", "''", condition)
        if any(word not in _NO_CALLS for word in _CALL.findall(bare)):
            raise _refused()


def _rows(lines: IO[bytes]) -> Iterator[bytes]:
    """Read rows up to their end, a good many at once."""
    waiting: list[bytes] = []
    size, is_whole = 0, True
    for line in lines:
        if is_whole and line == _END:
            yield b"".join(waiting)
            return
        is_whole = line.endswith(b"\n")
        waiting.append(line)
        size += len(line)
        if size >= _CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    raise _refused()


def _refused() -> MalformedError:
    return MalformedError(
        "the copy of a PostgreSQL database would do more than fill tables",
        hint="it was changed, or made by a newer version; `listkeep backup` makes one",
    )
