"""The table of sealed entries: what the dock holds and cannot open."""

from django.db import models

from listkeep.core.segments import Status

# A status is stored as its place here. Later ones are worse, and an entry only
# ever gets worse, so the larger number wins wherever two meet.
STATUSES = (
    Status.SUBSCRIBED,
    Status.UNSUBSCRIBED,
    Status.BOUNCED,
    Status.COMPLAINED,
    Status.ERASED,
)
STATUS_CODES: dict[str, int] = {status: code for code, status in enumerate(STATUSES)}
SUBSCRIBED = STATUS_CODES[Status.SUBSCRIBED]
ERASED = STATUS_CODES[Status.ERASED]


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
    updated_at = models.BigIntegerField()  # seconds since 1970, UTC

    class Meta:
        db_table = "entry"
