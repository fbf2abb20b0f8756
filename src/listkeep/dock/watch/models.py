"""How far the ledger was followed, what was told to whom, what is wrong, who sweeps.

No row says where a contact is or what it is told: both come from the keeper at each
try. A row that was planted or changed here gets nobody a destination. Whether an
incident is open the keeper says too; here stands what people make of it.
"""

from django.db import models
from django.db.models import Q

NOTICES, DAYS, EPOCH = "notices", "days", "epoch"  # what is followed


class Cursor(models.Model):
    """How far something was followed: the ledger, days, losses of its end."""

    name = models.CharField(primary_key=True, max_length=20)
    position = models.BigIntegerField()

    class Meta:
        db_table = "watch_cursor"


class Notice(models.Model):
    """A ledger entry that people are told of: its place and kind, and no more."""

    index = models.BigIntegerField(primary_key=True)
    event = models.CharField(max_length=40)
    severity = models.CharField(max_length=8)
    at = models.CharField(max_length=20)

    class Meta:
        db_table = "notice"


class Delivery(models.Model):
    """One contact and one thing it is to be told. The id is the receiver's to keep."""

    class State(models.TextChoices):
        """How far it has come; ``sent`` and ``failed`` are ends."""

        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"

    id = models.CharField(primary_key=True, max_length=40)
    contact = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    kind = models.CharField(max_length=8)
    about = models.CharField(max_length=20)  # index of an entry, or a day
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    urgency = models.PositiveSmallIntegerField(default=2)  # 0 is told first
    attempts = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=20, blank=True)  # of the newest try
    next_at = models.DateTimeField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "delivery"
        constraints = (
            models.UniqueConstraint(
                fields=("contact", "about"), name="told_once_of_each"
            ),
        )
        indexes = (
            # `listkeep serve worker` asks for these every few seconds.
            models.Index(
                fields=("next_at",),
                condition=Q(state="waiting"),
                name="deliveries_that_wait",
            ),
        )


class SweepState(models.Model):
    """When a sweep ran last, how that went, and when it runs next."""

    name = models.CharField(primary_key=True, max_length=40)
    last_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, blank=True)  # ok, or an error's code
    done = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)  # in a row
    next_at = models.DateTimeField()

    class Meta:
        db_table = "sweep_state"


class Lease(models.Model):
    """The single row that says which worker sweeps, and until when."""

    SINGLE = "worker"

    name = models.CharField(primary_key=True, max_length=20, default=SINGLE)
    holder = models.CharField(max_length=40, blank=True)
    until = models.DateTimeField()

    class Meta:
        db_table = "worker_lease"
        constraints = (
            models.CheckConstraint(condition=Q(name="worker"), name="one_lease"),
        )


class Incident(models.Model):
    """What was found wrong, how often, and whether somebody looks into it."""

    class State(models.TextChoices):
        """``closed`` is an end; whether it is one the keeper says."""

        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        CLOSED = "closed"

    id = models.CharField(primary_key=True, max_length=40)
    kind = models.CharField(max_length=40)
    tenant = models.CharField(max_length=40, blank=True)
    list_id = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    found = models.BigIntegerField(default=0)  # the most rows found at once
    times = models.BigIntegerField(default=1)  # how often something was found
    opened_at = models.DateTimeField()
    found_at = models.DateTimeField()  # the last time

    class Meta:
        db_table = "incident"


class IncidentLine(models.Model):
    """One line of an incident's story. Nothing here can be an address."""

    id = models.BigAutoField(primary_key=True)
    incident = models.ForeignKey(Incident, models.CASCADE, related_name="lines")
    at = models.DateTimeField()
    who = models.CharField(max_length=40, blank=True)  # empty: Listkeep itself
    what = models.CharField(max_length=12)  # opened, found, noted or closed
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "incident_line"


class ScrubPass(models.Model):
    """How far a pass over one list has come; only the keeper can write a bookmark."""

    list_id = models.CharField(primary_key=True, max_length=40)
    bookmark = models.BinaryField()
    doubted_at = models.DateTimeField(null=True)  # something looked wrong; look again

    class Meta:
        db_table = "scrub_pass"
