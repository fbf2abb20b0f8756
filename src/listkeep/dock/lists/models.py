"""Sealed entries, and what they were before: what the dock holds and cannot open."""

from django.db import models


class Entry(models.Model):
    """One address in a list: its token, its facets in the clear, the rest sealed.

    On SQLite the table is clustered by its key (see the migration), so that a list
    lies on disk in the order of its tokens: paging and merging read it in a row.
    """

    pk = models.CompositePrimaryKey("list_id", "token")
    list_id = models.CharField(max_length=40)
    token = models.BinaryField(max_length=16)
    batch_id = models.BinaryField(max_length=12)
    position = models.PositiveIntegerField()
    sealed = models.BinaryField()
    facets = models.TextField()
    status = models.PositiveSmallIntegerField()
    change = models.PositiveIntegerField(default=0, db_default=0)  # that wrote it

    class Meta:
        db_table = "entry"


class Change(models.Model):
    """One act that changed entries of a list, numbered within the list from 1.

    Times never run backwards from one number to the next. Entries from before there
    was a history were written by change 0, which has no row.
    """

    class Kind(models.TextChoices):
        """What was done."""

        IMPORT = "import"
        STATUS = "status"
        RESTORE = "restore"
        ERASE = "erase"
        RENEW = "renew"

    pk = models.CompositePrimaryKey("list_id", "number")
    list_id = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=7, choices=Kind)
    at = models.BigIntegerField()  # seconds since 1970, UTC
    who = models.CharField(max_length=40)  # id of the person or service
    source = models.CharField(max_length=40, blank=True)  # import, ticket or request
    moment = models.BigIntegerField(null=True)  # restore: what time it went back to
    added = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0)
    is_kept = models.BooleanField(default=True)  # all it replaced is still there
    is_dropped = models.BooleanField(default=False)  # and none of it is any more

    class Meta:
        db_table = "change"


class Renewal(models.Model):
    """How far a list's rows have been sealed anew under its newest key.

    Tables are walked one after the other, each again until nothing was left to do.
    """

    list_id = models.CharField(max_length=40, primary_key=True)
    key = models.PositiveIntegerField()  # the number of the newest one
    shelf = models.PositiveSmallIntegerField(default=0)
    token = models.BinaryField(max_length=16, default=b"")  # of the last row
    replaced_by = models.PositiveIntegerField(default=0)
    moved = models.BigIntegerField(default=0)  # since this shelf's beginning
    left = models.BigIntegerField(default=0)  # under older keys, when last counted
    rests_until = models.DateTimeField(null=True)  # the keeper misses rows

    class Meta:
        db_table = "renewal"


class PastEntry(models.Model):
    """An entry as it was until a change replaced or removed it, sealed as before.

    It stood from ``change`` on until before ``replaced_by``. An
    erased person has none, and the sweep drops those that were replaced long ago.
    """

    pk = models.CompositePrimaryKey("list_id", "token", "replaced_by")
    list_id = models.CharField(max_length=40)
    token = models.BinaryField(max_length=16)
    replaced_by = models.PositiveIntegerField()
    change = models.PositiveIntegerField()  # that wrote it
    batch_id = models.BinaryField(max_length=12)
    position = models.PositiveIntegerField()
    sealed = models.BinaryField()
    facets = models.TextField()
    status = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "past_entry"


class PaceOf(models.Model):
    """How much of a pace one source has used up. Without a row: nothing."""

    pk = models.CompositePrimaryKey("list_id", "source")
    list_id = models.CharField(max_length=40)  # empty: it is about no list
    source = models.CharField(max_length=100)
    free_at = models.BigIntegerField()  # milliseconds since 1970, UTC

    class Meta:
        db_table = "pace"
