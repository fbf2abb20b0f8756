"""A disk that is full, as SQLite's file sees it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper


@contextmanager
def nearly_full_disk(*, spare_pages: int) -> Iterator[None]:
    """Let the database grow by a few pages and no more.

    Pages that earlier tests left free are filled first: they would be room as well.
    """
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE ballast (filling BLOB)")
        filling = _read(cursor, "freelist_count") * _read(cursor, "page_size")
        cursor.execute("INSERT INTO ballast VALUES (zeroblob(%s))", [filling])
        most = _read(cursor, "page_count") + spare_pages
        _read(cursor, f"max_page_count = {most}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            _read(cursor, "max_page_count = 1073741823")
            cursor.execute("DROP TABLE ballast")


def _read(cursor: CursorWrapper, pragma: str) -> int:
    cursor.execute(f"PRAGMA {pragma}")
    [[value]] = cursor.fetchall()
    return int(value)
