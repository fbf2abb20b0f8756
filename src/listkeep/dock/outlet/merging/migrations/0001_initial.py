"""Runs of the mail merge."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Make their table."""

    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="MailMerge",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "list_id",
                        "request",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("list_id", models.CharField(max_length=40)),
                ("request", models.CharField(max_length=40)),
                ("principal", models.CharField(max_length=40)),
                ("facets", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                        ],
                        default="running",
                        max_length=7,
                    ),
                ),
                ("cursor", models.BinaryField(default=b"", max_length=16)),
                ("is_through", models.BooleanField(default=False)),
                ("stalls", models.PositiveSmallIntegerField(default=0)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("next_at", models.BigIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={"db_table": "mail_merge"},
        ),
    ]
