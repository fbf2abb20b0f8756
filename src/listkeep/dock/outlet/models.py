"""Export runs: which grant was used, and the ciphertext that came of it."""

from django.db import models


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
