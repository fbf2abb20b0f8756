"""What may be told about imports, restores and a list's history, and to whom."""

from typing import Final, NamedTuple

from listkeep.dock.lists.access import not_found
from listkeep.dock.lists.growth import ROUNDED_BELOW, ROUNDED_TO, TELLING
from listkeep.dock.lists.models import Change
from listkeep.dock.lists.moments import Moment, Preview

from .models import Import, RejectedLine, Restore

_LARGE: Final = 1_000  # rows of a restore whose time says something of others


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
    removed: int
    rounded: bool


class Seen(NamedTuple):
    """What taking a list back would change, as far as people may know it."""

    come_back: int
    change: int
    go: int
    stay_suppressed: int
    facets: dict[str, int]
    rows: int  # at most
    rounded: bool


class Done(NamedTuple):
    """What taking a list back has changed, as far as people may know it."""

    rows: int
    total: int
    added: int
    updated: int
    removed: int
    refused: int
    rounded: bool


def read_changes(list_id: str, *, before: int | None, limit: int) -> list[Told]:
    """Read a list's changes, newest first; numbers of small ones are rounded."""
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


def find_begun(
    principal: str, list_id: str, moment: Moment, *, request: str
) -> Restore | None:
    """Find the same way back that somebody began, and that has not ended yet."""
    ends = (Restore.State.DONE, Restore.State.FAILED)
    found = Restore.objects.filter(
        principal=principal, list_id=list_id, request=request, **moment._asdict()
    )
    return found.exclude(state__in=ends).order_by("created_at").first()


def find_change(restore: Restore) -> Change | None:
    """Find the change that a restore has made, which can be taken back as well."""
    return (
        Change.objects.filter(
            list_id=restore.list_id,
            kind=Change.Kind.RESTORE,
            source=restore.request or restore.ticket,
            number__gt=restore.latest,
        )
        .order_by("number")
        .first()
    )


def expect_seconds(list_id: str, rows: int) -> int | None:
    """Expect how long going back takes, by the last large one of the same list.

    None where there was none. Small ones say nothing of large ones, nor do they tell
    of single addresses by their time.
    """
    last = (
        Restore.objects.filter(
            list_id=list_id, state=Restore.State.DONE, rows__gte=_LARGE
        )
        .order_by("-changed_at")
        .first()
    )
    if last is None:
        return None
    took = (last.changed_at - last.created_at).total_seconds()
    return max(1, round(took * rows / last.rows))


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
    if source.rows + source.rejected >= ROUNDED_BELOW:
        return Counts(source.added, source.updated, rounded=False)
    return Counts(_round(source.added), _round(source.updated), rounded=True)


def read_rejects(source: Import, *, after: int, limit: int) -> list[RejectedLine]:
    """Read the next lines that were turned away."""
    found = RejectedLine.objects.filter(source=source, id__gt=after)
    return list(found.order_by("id")[:limit])


def tell_preview(found: Preview) -> Seen:
    """Tell what would change, without telling whether one address was known.

    Whoever imports a row and looks at undoing it would learn by that whether it was
    new. So what is true of imports is true here; a request may have a few rows more.
    """
    counts = (found.come_back, found.change, found.go, found.stay_suppressed)
    is_small = sum(counts) < ROUNDED_BELOW
    show = _round if is_small else int
    return Seen(
        come_back=show(found.come_back),
        change=show(found.change),
        go=show(found.go),
        stay_suppressed=show(found.stay_suppressed),
        facets={name: show(count) for name, count in found.facets.items()},
        rows=_round_up(found.rows) if is_small else found.rows,
        rounded=is_small,
    )


def tell_restore(restore: Restore) -> Done:
    """Tell how far a restore has come, by the same rule."""
    is_small = restore.total + restore.removed < ROUNDED_BELOW
    show = _round if is_small else int
    return Done(
        rows=show(restore.rows),
        total=show(restore.total),
        added=show(restore.added),
        updated=show(restore.updated),
        removed=show(restore.removed),
        refused=show(restore.refused),
        rounded=is_small,
    )


def _tell(change: Change) -> Told:
    rows = change.added + change.updated + change.removed
    is_small = change.kind in TELLING and rows < ROUNDED_BELOW
    show = _round if is_small else int
    return Told(
        change,
        added=show(change.added),
        updated=show(change.updated),
        removed=show(change.removed),
        rounded=is_small,
    )


def _round(count: int) -> int:
    return (count + ROUNDED_TO // 2) // ROUNDED_TO * ROUNDED_TO


def _round_up(count: int) -> int:
    return max(ROUNDED_TO, -(-count // ROUNDED_TO) * ROUNDED_TO)
