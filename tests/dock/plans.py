"""How the database goes about what it is asked, as it was asked: with its parameters.

With words in their place a plan may be another: SQLite takes a partial index only for a
condition it can read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

Asked = tuple[str, Any]


@contextmanager
def asked() -> Iterator[list[Asked]]:
    """Note each question that reads rows."""
    found = list[Asked]()

    def note(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if sql.startswith("SELECT"):
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def plan_of(question: Asked) -> str:
    """Say how the database would answer, once it knows how many rows there are."""
    sql, params = question
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE")
            cursor.execute(f"EXPLAIN {sql}", params)
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())
