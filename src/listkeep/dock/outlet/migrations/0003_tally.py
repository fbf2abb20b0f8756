"""Counts of sends beside their rows, filled from the rows there are.

Who kept a mailbox is written down from now on. Of messages from before it is known only
where the dock itself sent them, as it kept the names of the list's facets.
"""

import json
from collections import Counter

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from listkeep.dock.outlet.tallies import Kind, Row, kinds_of

_FACET = {
    "sqlite": "json_extract(facets, '$[{place:d}]')",
    "postgresql": "(facets::json ->> {place:d})",
}


def add_provider(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    # Django would make SQLite's table anew, and not as the one it is: the key is the
    # table. On both engines this touches no row.
    editor.execute(
        'ALTER TABLE "mail_delivery" ADD COLUMN "provider" varchar(200) DEFAULT \'\''
        " NOT NULL"
    )


def drop_provider(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute('ALTER TABLE "mail_delivery" DROP COLUMN "provider"')


def name_providers(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    tables = editor.connection.introspection.table_names()
    if not {"mail_merge", "entry"} <= set(tables):  # a new database
        return
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT list_id, request, facets FROM mail_merge")
        for list_id, request, facets in cursor.fetchall():
            known = json.loads(facets) if isinstance(facets, str) else facets
            names = [each.partition(":")[0] for each in known]
            if "provider" not in names:
                continue
            facet = _FACET[editor.connection.vendor].format(
                place=names.index("provider")
            )
            cursor.execute(
                f"UPDATE mail_delivery SET provider = COALESCE((SELECT {facet} FROM"  # noqa: S608 - a number of ours
                " entry WHERE entry.list_id = mail_delivery.list_id"
                " AND entry.token = mail_delivery.token), '')"
                " WHERE list_id = %s AND request = %s",
                [list_id, request],
            )


def count_rows(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    tally = apps.get_model("outlet", "MailTally")
    counts = Counter[Kind]()
    with editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT list_id, request, state, code, provider, at / 60 * 60, COUNT(*)"
            " FROM mail_delivery GROUP BY 1, 2, 3, 4, 5, 6"
        )
        for *row, messages in cursor.fetchall():
            for kind in kinds_of(Row(*row)):
                counts[kind] += messages
    tally.objects.bulk_create(
        (
            tally(part=0, messages=messages, **kind._asdict())
            for kind, messages in counts.items()
        ),
        batch_size=1000,
    )


def nothing(_apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    pass


KEY = ("list_id", "request", "minute", "state", "code", "provider", "part")


class Migration(migrations.Migration):
    dependencies = [("outlet", "0002_delivery")]
    operations = [
        migrations.CreateModel(
            name="MailTally",
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
                ("minute", models.BigIntegerField()),
                ("state", models.CharField(max_length=9)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("provider", models.CharField(blank=True, max_length=200)),
                ("part", models.PositiveSmallIntegerField()),
                ("messages", models.BigIntegerField()),
                ("gone", models.BigIntegerField(default=0)),
            ],
            options={"db_table": "mail_tally"},
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(add_provider, drop_provider)],
            state_operations=[
                migrations.AddField(
                    "maildelivery",
                    "provider",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=200
                    ),
                )
            ],
        ),
        migrations.RunPython(name_providers, nothing),
        migrations.RunPython(count_rows, nothing),
    ]
