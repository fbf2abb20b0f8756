"""Tables of the ledger. They are an index over hashes, never evidence by themselves."""

from django.db import models


class Entry(models.Model):
    """One entry: the canonical bytes that were hashed."""

    index = models.BigIntegerField(primary_key=True)
    body = models.BinaryField()


class Node(models.Model):
    """The hash of one complete subtree (level 0: a leaf), for proofs."""

    pk = models.CompositePrimaryKey("level", "index")
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()


class Head(models.Model):
    """The single row every append locks: size, frontier, signed checkpoint."""

    SINGLE = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLE)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=b"")
    checkpoint = models.BinaryField(default=b"")

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(id=1), name="one_head"),
        )


class ListHead(models.Model):
    """The newest entry about one list."""

    list_id = models.CharField(primary_key=True, max_length=40)
    sequence = models.BigIntegerField()
    digest = models.CharField(max_length=64)
