"""Runs of the mail merge: how far each has come."""

from django.db import models


class MailMerge(models.Model):
    """One campaign that the dock sends by itself."""

    class State(models.TextChoices):
        """How far it is; ``done`` and ``stopped`` are ends."""

        RUNNING = "running"
        PAUSED = "paused"
        DONE = "done"
        STOPPED = "stopped"

    pk = models.CompositePrimaryKey("list_id", "request")
    list_id = models.CharField(max_length=40)
    request = models.CharField(max_length=40)
    principal = models.CharField(max_length=40)
    facets = models.JSONField()  # of the list, as its schema names them
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    cursor = models.BinaryField(max_length=16, default=b"")  # all before it were tried
    is_through = models.BooleanField(default=False)  # only what was deferred is left
    stalls = models.PositiveSmallIntegerField(default=0)  # pages that got nowhere
    code = models.CharField(max_length=40, blank=True)  # why it waits, or stopped
    next_at = models.BigIntegerField(default=0)  # seconds since 1970, UTC
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "mail_merge"
