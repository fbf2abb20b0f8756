"""The table of sealed entries."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# WITHOUT ROWID: the key is the table, not an index beside it. That halves the
# writes of an import and keeps neighbors in token order together.
SQLITE = """
CREATE TABLE "entry" (
    "list_id" varchar(40) NOT NULL,
    "token" blob NOT NULL,
    "batch_id" blob NOT NULL,
    "position" integer NOT NULL,
    "sealed" blob NOT NULL,
    "facets" text NOT NULL,
    "status" smallint NOT NULL,
    "updated_at" bigint NOT NULL,
    PRIMARY KEY ("list_id", "token")
) WITHOUT ROWID
"""


def create_table(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(SQLITE)
    else:
        editor.create_model(apps.get_model("lists", "Entry"))


def drop_table(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute('DROP TABLE "entry"')


CREATE_ENTRY = migrations.CreateModel(
    name="Entry",
    fields=[
        (
            "pk",
            models.CompositePrimaryKey(
                "list_id",
                "token",
                blank=True,
                editable=False,
                primary_key=True,
                serialize=False,
            ),
        ),
        ("list_id", models.CharField(max_length=40)),
        ("token", models.BinaryField(max_length=16)),
        ("batch_id", models.BinaryField(max_length=12)),
        ("position", models.PositiveIntegerField()),
        ("sealed", models.BinaryField()),
        ("facets", models.TextField()),
        ("status", models.PositiveSmallIntegerField()),
        ("updated_at", models.BigIntegerField()),
    ],
    options={"db_table": "entry"},
)


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[CREATE_ENTRY]),
        migrations.RunPython(create_table, drop_table),
    ]
