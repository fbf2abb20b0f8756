"""Who gets the newsletter, and what became of each letter."""

from django.db import models


class Subscriber(models.Model):
    """Somebody who signed up, as far as this application knows them."""

    email: "models.EmailField[str, str]" = models.EmailField(unique=True)
    points: "models.IntegerField[int, int]" = models.IntegerField(default=0)


class Letter(models.Model):
    """A letter to a subscriber, and what the mail server said last."""

    subscriber: "models.ForeignKey[Subscriber, Subscriber]" = models.ForeignKey(
        Subscriber, models.CASCADE
    )
    is_sent: "models.BooleanField[bool, bool]" = models.BooleanField(default=False)
    is_over: "models.BooleanField[bool, bool]" = models.BooleanField(default=False)
    said: "models.TextField[str, str]" = models.TextField(blank=True)
