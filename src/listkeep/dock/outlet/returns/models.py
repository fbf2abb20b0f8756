"""What came back, by list: tokens, outcomes and codes, and nothing anybody wrote."""

from django.db import models
from django.db.models import Q


class Returned(models.Model):
    """One thing that came back about one entry under one send.

    Numbers of a list are given in the order of commits, so that whoever reads on from
    the last number seen misses nothing. The same is written down once a day.
    """

    class How(models.TextChoices):
        """Who says so."""

        WEB = "web"  # the person, by a link only that person's mail holds
        ROUTE = "route"  # the next mail server, while it was spoken to
        RULE = "rule"  # counted here: it failed too often
        MAIL = "mail"  # a message; anybody who knows the alias could write it
        ACCEPTED = "accepted"  # a message that an owner has looked at

    class State(models.IntegerChoices):
        """Whether something is still to be done."""

        NONE = 0
        WAITING = 1
        HELD = 2  # too many at once
        SETTLED = 3
        DROPPED = 4  # an owner said that they are not true

    pk = models.CompositePrimaryKey("list_id", "number")
    list_id = models.CharField(max_length=40)
    number = models.BigIntegerField()
    request = models.CharField(max_length=40)
    token = models.BinaryField(max_length=16)
    outcome = models.CharField(max_length=12)
    code = models.CharField(max_length=12, blank=True)
    how = models.CharField(max_length=8, choices=How)
    at = models.BigIntegerField()  # seconds since 1970, UTC
    day = models.PositiveIntegerField()  # days since 1970, UTC
    state = models.PositiveSmallIntegerField(choices=State)
    is_past = models.BooleanField(default=False)  # the person came back since

    class Meta:
        db_table = "returned"
        constraints = (
            models.UniqueConstraint(
                fields=("list_id", "token", "request", "outcome", "day"),
                condition=Q(is_past=False),
                name="returned_once_a_day",
            ),
        )
        indexes = (
            # the sweep `settle-returned`, every two seconds
            models.Index(
                fields=("list_id", "state", "number"),
                condition=Q(state__in=(1, 2)),
                name="returned_that_waits",
            ),
            # how many were settled lately, before more are
            models.Index(fields=("list_id", "at"), name="returned_lately"),
            # what came back of one send, each time its page is looked at
            models.Index(fields=("list_id", "request"), name="returned_by_send"),
        )


class ReturnedCount(models.Model):
    """The last number given in a list; under no name, what was about nobody."""

    list_id = models.CharField(max_length=40, primary_key=True)
    last = models.BigIntegerField()

    class Meta:
        db_table = "returned_count"


class SoftBounces(models.Model):
    """On how many days in a row an entry's mail failed for a while."""

    pk = models.CompositePrimaryKey("list_id", "token")
    list_id = models.CharField(max_length=40)
    token = models.BinaryField(max_length=16)
    days = models.PositiveSmallIntegerField()
    first_day = models.PositiveIntegerField()
    last_day = models.PositiveIntegerField()

    class Meta:
        db_table = "soft_bounces"


class Feed(models.Model):
    """A webhook that is told what comes back to a list, and how far it was told.

    Where it is stands nowhere here; the keeper says so at each try. A batch that was
    begun keeps its end, so that trying it again sends the same bytes.
    """

    class State(models.TextChoices):
        """Whether it is told; a failed one is, once somebody sets it up anew."""

        TELLING = "telling"
        FAILED = "failed"

    list_id = models.CharField(max_length=40, primary_key=True)
    contact = models.CharField(max_length=40)
    told = models.BigIntegerField(default=0)  # the number that was told last
    begun = models.BigIntegerField(default=0)  # the last of a batch that is being told
    state = models.CharField(max_length=8, choices=State, default=State.TELLING)
    attempts = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=20, blank=True)  # of the newest try
    next_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "returned_feed"
