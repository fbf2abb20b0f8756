"""Counts of standing sends by what set messages off, filled from the rows there are."""

from django.db import migrations, models

_COUNT = """
INSERT INTO mail_trigger_tally
    (list_id, request, trigger, state, part, messages, gone)
SELECT list_id, request, trigger, state, 0, COUNT(*), 0 FROM mail_delivery
    WHERE trigger <> '' GROUP BY list_id, request, trigger, state
"""
KEY = ("list_id", "request", "trigger", "state", "part")


class Migration(migrations.Migration):
    dependencies = [("outlet", "0004_delivery_that_waits")]
    operations = [
        migrations.CreateModel(
            name="MailTriggerTally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        *KEY,
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("list_id", models.CharField(max_length=40)),
                ("request", models.CharField(max_length=40)),
                ("trigger", models.CharField(max_length=64)),
                ("state", models.CharField(max_length=9)),
                ("part", models.PositiveSmallIntegerField()),
                ("messages", models.BigIntegerField()),
                ("gone", models.BigIntegerField(default=0)),
            ],
            options={"db_table": "mail_trigger_tally"},
        ),
        migrations.RunSQL(_COUNT, migrations.RunSQL.noop),
    ]
