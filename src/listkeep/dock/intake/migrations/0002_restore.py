"""Ways back to an earlier time of a list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Restore",
            fields=[
                (
                    "id",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("list_id", models.CharField(max_length=40)),
                ("principal", models.CharField(max_length=40)),
                ("ticket", models.CharField(max_length=40)),
                ("request", models.CharField(blank=True, max_length=40)),
                ("at", models.BigIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("latest", models.PositiveIntegerField()),
                ("changes", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("total", models.BigIntegerField()),
                ("rows", models.BigIntegerField(default=0)),
                ("refused", models.BigIntegerField(default=0)),
                ("added", models.BigIntegerField(default=0)),
                ("updated", models.BigIntegerField(default=0)),
                ("removed", models.BigIntegerField(default=0)),
                ("family", models.CharField(blank=True, max_length=20)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("message", models.CharField(blank=True, max_length=300)),
                ("hint", models.CharField(blank=True, max_length=300)),
                ("is_reported", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "restore",
            },
        ),
    ]
