"""Imports and restores: what was asked, and how far it came.

Counts and names only, and of imports the lines that were turned away.
"""

from django.db import models
from django.db.models import Q

from listkeep.dock.lists.moments import Moment


class Import(models.Model):
    """One file on its way into a list. Counts and names only, nothing of its rows."""

    class State(models.TextChoices):
        """How far it has come; ``done`` and ``failed`` are ends."""

        WAITING = "waiting"
        RECEIVING = "receiving"
        MERGING = "merging"
        DONE = "done"
        FAILED = "failed"

    RUNNING = (State.RECEIVING, State.MERGING)

    id = models.CharField(primary_key=True, max_length=40)
    list_id = models.CharField(max_length=40)
    principal = models.CharField(max_length=40)  # who began it, and only they go on
    ticket = models.CharField(max_length=40)  # the keeper's permission to seal
    max_rows = models.BigIntegerField()
    expected_sha256 = models.CharField(max_length=64, blank=True)
    format = models.CharField(max_length=8)
    mapping = models.JSONField(default=dict)

    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    size_bytes = models.BigIntegerField(default=0)
    received_bytes = models.BigIntegerField(default=0)
    rows = models.BigIntegerField(default=0)  # accepted so far
    rejected = models.BigIntegerField(default=0)
    added = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    family = models.CharField(max_length=20, blank=True)  # of the error, if it failed
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=300, blank=True)
    hint = models.CharField(max_length=300, blank=True)
    is_reported = models.BooleanField(default=False)  # the keeper knows the end
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "import"
        constraints = (
            models.UniqueConstraint(
                fields=("list_id",),
                condition=Q(state__in=("receiving", "merging")),
                name="one_running_import_per_list",
            ),
        )


class RejectedLine(models.Model):
    """A line that was turned away: its number and why, never its text."""

    id = models.BigAutoField(primary_key=True)
    source = models.ForeignKey(Import, models.CASCADE)
    line = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=200)

    class Meta:
        db_table = "rejected_line"


class Restore(models.Model):
    """One way back to an earlier time of a list."""

    class State(models.TextChoices):
        """How far it has come; ``done`` and ``failed`` are ends."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.CharField(primary_key=True, max_length=40)
    list_id = models.CharField(max_length=40)
    principal = models.CharField(max_length=40)  # who began it, and only they go on
    ticket = models.CharField(max_length=40)  # the keeper's permission to seal
    request = models.CharField(max_length=40, blank=True)
    at = models.BigIntegerField()  # the moment, in seconds since 1970
    number = models.PositiveIntegerField()
    latest = models.PositiveIntegerField()
    changes = models.PositiveIntegerField()

    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    total = models.BigIntegerField()  # rows to be sealed anew
    rows = models.BigIntegerField(default=0)  # sealed anew so far
    refused = models.BigIntegerField(default=0)  # erased, or their key is gone
    added = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0)
    family = models.CharField(max_length=20, blank=True)  # of the error, if it failed
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=300, blank=True)
    hint = models.CharField(max_length=300, blank=True)
    is_reported = models.BooleanField(default=False)  # the keeper knows the end
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "restore"

    @property
    def moment(self) -> Moment:
        """Where in the list's history it goes back to."""
        return Moment(self.at, self.number, self.latest, self.changes)
