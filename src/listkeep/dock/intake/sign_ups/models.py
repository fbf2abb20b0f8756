"""Sign-ups, sealed like entries and no part of the list."""

from django.db import models
from django.db.models import Q


class SignUp(models.Model):
    """One time that somebody was signed up. The same person may have several."""

    class State(models.IntegerChoices):
        """How far it has come; what is done with is removed."""

        ASKED = 0  # no mail went out yet
        MAILED = 1
        CONFIRMED = 2  # and not on the list yet

    pk = models.CompositePrimaryKey("list_id", "ticket")
    list_id = models.CharField(max_length=40)
    ticket = models.CharField(max_length=40)  # under which the keeper sealed it
    token = models.BinaryField(max_length=16)
    proof = models.BinaryField(default=b"")  # the keeper's, that it is about the token
    batch_id = models.BinaryField(max_length=12)
    position = models.PositiveIntegerField()
    sealed = models.BinaryField()
    facets = models.TextField()
    schema = models.TextField(blank=True)  # the list's facets, as `name:type`
    state = models.PositiveSmallIntegerField(choices=State)
    at = models.BigIntegerField()  # when it was asked, seconds since 1970, UTC

    class Meta:
        db_table = "sign_up"
        indexes = (
            # confirming, and finding others of the same person
            models.Index(fields=("list_id", "token"), name="sign_ups_of_somebody"),
            # the sweeps, every few seconds
            models.Index(
                fields=("list_id", "state", "at"),
                condition=Q(state__in=(0, 2)),
                name="sign_ups_that_wait",
            ),
        )


class Knocks(models.Model):
    """How many links to confirm were followed: one row, written by each of them."""

    list_id = models.CharField(max_length=40, primary_key=True, default="")
    count = models.BigIntegerField()

    class Meta:
        db_table = "sign_up_knocks"
