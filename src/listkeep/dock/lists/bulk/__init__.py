"""What is fast only in an engine's own words: staging, merging, reading in rows.

An import collects its sealed rows in a staging file of its own, whatever the engine,
and is merged at its end in the token order of the table, in one transaction. Until
that commit the database knows nothing of it, so a dock, a server or a disk that dies
leaves the list as it was.

Two engines keep one contract (``engine.py``): SQLite and PostgreSQL. Whoever changes
rows of ``entry`` begins a change first (``history``), which locks the list.
"""

from .faults import describe_fault, translated
from .forms import Columns, StagedRow
from .merging import Merged, merge
from .reading import (
    READ_ROWS,
    Found,
    count_groups,
    count_kinds,
    count_rows,
    find_rows,
    read_rows,
)
from .staging import Staging

__all__ = [
    "READ_ROWS",
    "Columns",
    "Found",
    "Merged",
    "StagedRow",
    "Staging",
    "count_groups",
    "count_kinds",
    "count_rows",
    "describe_fault",
    "find_rows",
    "merge",
    "read_rows",
    "translated",
]
