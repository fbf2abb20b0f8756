"""What may be told about imports, restores and a list's history, and to whom."""

from typing import NamedTuple

from listkeep.dock.lists.access import not_found
from listkeep.dock.lists.models import Change

from .models import Import, RejectedLine, Restore

_ROUNDED_BELOW = 1_000
_ROUNDED_TO = 10


class Counts(NamedTuple):
    """New and replaced entries, as far as the caller may know them."""

    added: int | None
    updated: int | None
    rounded: bool


class Told(NamedTuple):
    """A change of a list, with its counts as far as people may know them."""

    change: Change
    added: int
    updated: int
    rounded: bool


def read_changes(list_id: str, *, before: int | None, limit: int) -> list[Told]:
    """Read a list's changes, newest first; numbers of small imports are rounded."""
    found = Change.objects.filter(list_id=list_id).order_by("-number")
    if before is not None:
        found = found.filter(number__lt=before)
    return list(map(_tell, found[:limit]))


def get_restore(restore_id: str) -> Restore:
    """Get a restore by its id.

    Raises:
        RefusedError: There is none.
    """
    restore = Restore.objects.filter(pk=restore_id).first()
    if restore is None:
        raise not_found("restore")
    return restore


def get_import(import_id: str) -> Import:
    """Get an import by its id.

    Raises:
        RefusedError: There is none.
    """
    source = Import.objects.filter(pk=import_id).first()
    if source is None:
        raise not_found("import")
    return source


def find_imports(principal: str, *, limit: int = 20) -> list[Import]:
    """Find somebody's newest imports."""
    found = Import.objects.filter(principal=principal)
    return list(found.order_by("-created_at", "id")[:limit])


def count_changes(source: Import, *, is_person: bool) -> Counts:
    """Tell how many entries are new, without telling whether one address was known.

    Who can add rows and learn which were new can test guesses. Services therefore
    learn nothing, and persons round numbers while a file is small.
    """
    if not is_person:
        return Counts(None, None, rounded=False)
    if source.rows + source.rejected >= _ROUNDED_BELOW:
        return Counts(source.added, source.updated, rounded=False)
    return Counts(_round(source.added), _round(source.updated), rounded=True)


def read_rejects(source: Import, *, after: int, limit: int) -> list[RejectedLine]:
    """Read the next lines that were turned away."""
    found = RejectedLine.objects.filter(source=source, id__gt=after)
    return list(found.order_by("id")[:limit])


def _tell(change: Change) -> Told:
    is_small = change.added + change.updated < _ROUNDED_BELOW
    if change.kind == Change.Kind.IMPORT and is_small:
        return Told(change, _round(change.added), _round(change.updated), rounded=True)
    return Told(change, change.added, change.updated, rounded=False)


def _round(count: int) -> int:
    return (count + _ROUNDED_TO // 2) // _ROUNDED_TO * _ROUNDED_TO
