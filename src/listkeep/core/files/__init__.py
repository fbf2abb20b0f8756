"""Audience files: strange bytes in, batches of entries out, and files written.

``open_audience`` reads CSV with any usual delimiter, TSV, JSON Lines and
Mailchimp's exports as a stream in constant memory; ``write_csv`` and
``write_jsonl`` write. A file that is not a list is refused whole with an error
that says what to do; a bad row is a line number and a ``RejectReason``, never
its text.
"""

from .audience import BATCH_ROWS, Audience, Format, open_audience, read_columns
from .values import Batch, Record, Rejected, RejectReason
from .writers import disarm_formula, write_csv, write_jsonl

__all__ = [
    "BATCH_ROWS",
    "Audience",
    "Batch",
    "Format",
    "Record",
    "RejectReason",
    "Rejected",
    "disarm_formula",
    "open_audience",
    "read_columns",
    "write_csv",
    "write_jsonl",
]
