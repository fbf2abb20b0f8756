"""Remove the rows of lists that were shredded: nobody can open them any more.

Their keys are gone, so this is tidying up, done some rows at a time.
"""

from collections.abc import Callable, Iterable

from django.db import connection, transaction

from . import bulk
from .history import lock_list
from .models import Change, Entry, PastEntry, Renewal
from .shelves import PAGE_ROWS, SHELVES

_TABLES = (Change, Renewal)


def remove_lists(lists: Iterable[str], *, keep_on: Callable[[], bool]) -> int:
    """Remove what is left of these lists; tell how many rows there were."""
    removed = 0
    for list_id in filter(has_rows, lists):
        while keep_on() and (rows := _remove_page(list_id)):
            removed += rows
    return removed


def has_rows(list_id: str) -> bool:
    """Tell whether anything of a list is left."""
    tables = (Entry, PastEntry, *_TABLES)
    return any(table.objects.filter(list_id=list_id).exists() for table in tables)


def _remove_page(list_id: str) -> int:
    """Remove the first tokens of each table; then what is about the list as a whole."""
    removed = 0
    with bulk.translated(), transaction.atomic():
        lock_list(list_id)
        for shelf in SHELVES:
            sql = (
                f"DELETE FROM {shelf.table} WHERE list_id = %s AND token <= ("  # noqa: S608
                f"SELECT token FROM (SELECT token FROM {shelf.table}"
                f" WHERE list_id = %s ORDER BY token LIMIT {PAGE_ROWS}) AS page"
                " ORDER BY token DESC LIMIT 1)"
            )
            with connection.cursor() as cursor:
                cursor.execute(sql, [list_id, list_id])
                removed += cursor.rowcount
        if not removed:
            for table in _TABLES:
                removed += table.objects.filter(list_id=list_id).delete()[0]
    return removed
