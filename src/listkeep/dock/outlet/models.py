"""Export runs: which grant was used, and the ciphertext that came of it."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL


class ExportRun(models.Model):
    """One run of a granted export. The file is for the recipient's eyes only."""

    class State(models.TextChoices):
        """How far it has come; ``done`` and ``failed`` are ends."""

        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    id = models.CharField(primary_key=True, max_length=40)
    request = models.CharField(max_length=40)
    list_id = models.CharField(max_length=40)
    principal = models.CharField(max_length=40)
    format = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    rows = models.BigIntegerField(default=0)  # sealed rows sent to the keeper
    size_bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=300, blank=True)
    hint = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "export_run"


class StoredTemplate(models.Model):
    """A template as it was handed over; what it is, its digest says."""

    pk = models.CompositePrimaryKey("list_id", "digest")
    list_id = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    eml = models.BinaryField()
    principal = models.CharField(max_length=40)
    stored_at = models.DateTimeField()

    class Meta:
        db_table = "mail_template"


class Deliveries(models.QuerySet["MailDelivery"]):
    """Rows of messages, and those of them that may still go out."""

    def waiting(self) -> Self:
        """Keep what is under way or deferred, and read no row of what is over.

        SQLite takes the index of these only for its condition word by word, which a
        parameter is not; and only where ``at`` bounds or orders what is read.
        """
        words = "state IN ('claimed', 'deferred')"
        return self.filter(RawSQL(words, (), models.BooleanField()))  # noqa: S611 - no input


class MailDelivery(models.Model):
    """What came of one message: to whom of a list, under which send and trigger.

    The row is there before the keeper is asked and says ``claimed``; whoever wrote it
    works on the message until ``at`` plus the longest a delivery takes. A claim that
    outlived its process says nothing about whether the message went out.
    """

    class State(models.TextChoices):
        """How far it has come; only ``delivered`` is an end for good."""

        CLAIMED = "claimed"
        DELIVERED = "delivered"
        DEFERRED = "deferred"
        FAILED = "failed"

    pk = models.CompositePrimaryKey("list_id", "request", "token", "trigger")
    list_id = models.CharField(max_length=40)
    request = models.CharField(max_length=40)
    token = models.BinaryField(max_length=16)
    trigger = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State)
    reply = models.PositiveSmallIntegerField(default=0)  # of the mail server; 0: none
    code = models.CharField(max_length=40, blank=True)  # its status, or ours
    attempts = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=32, blank=True)  # the process that works on it
    at = models.BigIntegerField()  # seconds since 1970, UTC
    # Who kept the mailbox when the message was first made; empty: nobody knows.
    provider = models.CharField(max_length=200, blank=True, default="", db_default="")

    objects = Deliveries.as_manager()

    class Meta:
        db_table = "mail_delivery"
        indexes = (
            # a mail merge of a million, each half a minute while one message waits
            models.Index(
                fields=("list_id", "request", "at"),
                condition=Q(state__in=("claimed", "deferred")),
                name="delivery_that_waits",
            ),
        )


class MailTally(models.Model):
    """How many messages of a send are of one kind; written with their rows.

    A message counts twice: by state, code and provider, under minute 0, and, once
    something came of it, by state and minute. Each process adds to a part of its own;
    the sum over the parts is what is true, one part alone may be below nought. What
    came of messages whose rows were forgotten since stays counted, and ``gone`` tells
    how many these are.
    """

    pk = models.CompositePrimaryKey(
        "list_id", "request", "minute", "state", "code", "provider", "part"
    )
    list_id = models.CharField(max_length=40)
    request = models.CharField(max_length=40)
    minute = models.BigIntegerField()  # since 1970, UTC; 0: at any time
    state = models.CharField(max_length=9)
    code = models.CharField(max_length=40, blank=True)
    provider = models.CharField(max_length=200, blank=True)
    part = models.PositiveSmallIntegerField()
    messages = models.BigIntegerField()
    gone = models.BigIntegerField(default=0)

    class Meta:
        db_table = "mail_tally"


class MailTriggerTally(models.Model):
    """How many messages of a standing send a trigger set off, by what came of them.

    As ``MailTally``: written with the rows, in a part of each process, and right over
    rows that were forgotten.
    """

    pk = models.CompositePrimaryKey("list_id", "request", "trigger", "state", "part")
    list_id = models.CharField(max_length=40)
    request = models.CharField(max_length=40)
    trigger = models.CharField(max_length=64)
    state = models.CharField(max_length=9)
    part = models.PositiveSmallIntegerField()
    messages = models.BigIntegerField()
    gone = models.BigIntegerField(default=0)

    class Meta:
        db_table = "mail_trigger_tally"


class MailPeer(models.Model):
    """What was seen of a mail server or a domain once, so that it cannot be less later.

    Names are keyed digests: whom the lists' people write with is not for a stolen
    database to tell.
    """

    name = models.CharField(primary_key=True, max_length=64)
    policy = models.TextField(blank=True)  # of MTA-STS, as it was fetched
    policy_id = models.CharField(max_length=32, blank=True)
    offers_tls = models.BooleanField(default=False)
    expires_at = models.BigIntegerField()  # seconds since 1970, UTC

    class Meta:
        db_table = "mail_peer"
