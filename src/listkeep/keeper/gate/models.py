"""Tables of the gate. None of them gives authority; the ledger does.

A draft is only bytes waiting for a signature. A session's row is bound by a MAC to
a key that is not in the database. Suppressions are counted and summed in the
ledger, so that a missing or planted one is noticed before rows leave. An enrolment's
row is bound by a MAC to its id; whether it is open, the ledger says. What a send opened
is remembered under keyed hashes; a row that is missing costs its send one of its cap.
"""

from django.db import models


class Draft(models.Model):
    """Terms the keeper wrote that nobody has signed yet."""

    id = models.CharField(primary_key=True, max_length=40)
    terms = models.BinaryField()
    person = models.CharField(max_length=40, default="")  # bound by the nonce's MAC
    policy = models.TextField(default="")  # the text that ``policy.set`` names
    expires_at = models.DateTimeField()


class Session(models.Model):
    """A signed-in person, carried by one service."""

    id = models.CharField(primary_key=True, max_length=40)
    verifier = models.BinaryField()
    person = models.CharField(max_length=40)
    service = models.CharField(max_length=40)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    seen_at = models.DateTimeField()


class SignInCode(models.Model):
    """A signed sign-in on its way through a browser; it signs nobody in by itself."""

    id = models.CharField(primary_key=True, max_length=40)
    verifier = models.BinaryField()
    person = models.CharField(max_length=40)
    credential = models.CharField(max_length=400)
    client = models.CharField(max_length=40)
    service = models.CharField(max_length=40)
    challenge = models.CharField(max_length=43)
    nonce = models.CharField(max_length=120)
    counter = models.BigIntegerField()
    expires_at = models.DateTimeField()


class LastUse(models.Model):
    """When a person or service was last here, to the hour. Nothing is decided by it."""

    who = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()


class Suppression(models.Model):
    """An address of a list that may not be sent to or exported."""

    pk = models.CompositePrimaryKey("list_id", "token")
    list_id = models.CharField(max_length=40)
    token = models.BinaryField(max_length=16)
    reason = models.CharField(max_length=16)


class SendOpening(models.Model):
    """A row that a send has opened; the key says which, to whoever has the seal."""

    pk = models.CompositePrimaryKey("send", "key")
    send = models.BigIntegerField()  # its tag
    key = models.BinaryField(max_length=16)


class Enrolment(models.Model):
    """An invitation, and the passkeys that were made over its link so far."""

    id = models.CharField(primary_key=True, max_length=40)
    action = models.CharField(max_length=40)
    person = models.CharField(max_length=40, db_index=True)
    inviter = models.CharField(max_length=40)
    tenant = models.CharField(max_length=40)
    tenant_name = models.CharField(max_length=40)
    role = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    team = models.CharField(max_length=100)
    keys = models.TextField()
    expires_at = models.DateTimeField()
    verifier = models.BinaryField()
    mac = models.BinaryField()
