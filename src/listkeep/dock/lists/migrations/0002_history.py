"""The tables of a list's history: its changes, and entries as they were before."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# WITHOUT ROWID for the reasons of the table of entries: a list's history lies in the
# order of its tokens, as its entries do, and the two are read side by side.
SQLITE = (
    """
CREATE TABLE "change" (
    "list_id" varchar(40) NOT NULL,
    "number" integer NOT NULL,
    "kind" varchar(7) NOT NULL,
    "at" bigint NOT NULL,
    "who" varchar(40) NOT NULL,
    "source" varchar(40) NOT NULL,
    "moment" bigint NULL,
    "added" bigint NOT NULL,
    "updated" bigint NOT NULL,
    "removed" bigint NOT NULL,
    "is_kept" bool NOT NULL,
    "is_dropped" bool NOT NULL,
    PRIMARY KEY ("list_id", "number")
) WITHOUT ROWID
""",
    """
CREATE TABLE "past_entry" (
    "list_id" varchar(40) NOT NULL,
    "token" blob NOT NULL,
    "replaced_by" integer NOT NULL,
    "change" integer NOT NULL,
    "batch_id" blob NOT NULL,
    "position" integer NOT NULL,
    "sealed" blob NOT NULL,
    "facets" text NOT NULL,
    "status" smallint NOT NULL,
    PRIMARY KEY ("list_id", "token", "replaced_by")
) WITHOUT ROWID
""",
)
# Django would make the table anew, with a rowid. Rows from before history began were
# written by change 0.
ADD_CHANGE = 'ALTER TABLE "entry" ADD COLUMN "change" integer NOT NULL DEFAULT 0'


def create_tables(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            editor.execute(statement)
    else:
        for name in ("Change", "PastEntry"):
            editor.create_model(apps.get_model("lists", name))
    editor.execute(ADD_CHANGE)


def drop_tables(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute('ALTER TABLE "entry" DROP COLUMN "change"')
    editor.execute('DROP TABLE "past_entry"')
    editor.execute('DROP TABLE "change"')


def _key(*columns: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(
        *columns, blank=True, editable=False, primary_key=True, serialize=False
    )


STATE = [
    migrations.CreateModel(
        name="Change",
        fields=[
            ("pk", _key("list_id", "number")),
            ("list_id", models.CharField(max_length=40)),
            ("number", models.PositiveIntegerField()),
            (
                "kind",
                models.CharField(
                    choices=[
                        ("import", "Import"),
                        ("status", "Status"),
                        ("restore", "Restore"),
                        ("erase", "Erase"),
                        ("renew", "Renew"),
                    ],
                    max_length=7,
                ),
            ),
            ("at", models.BigIntegerField()),
            ("who", models.CharField(max_length=40)),
            ("source", models.CharField(blank=True, max_length=40)),
            ("moment", models.BigIntegerField(null=True)),
            ("added", models.BigIntegerField(default=0)),
            ("updated", models.BigIntegerField(default=0)),
            ("removed", models.BigIntegerField(default=0)),
            ("is_kept", models.BooleanField(default=True)),
            ("is_dropped", models.BooleanField(default=False)),
        ],
        options={"db_table": "change"},
    ),
    migrations.CreateModel(
        name="PastEntry",
        fields=[
            ("pk", _key("list_id", "token", "replaced_by")),
            ("list_id", models.CharField(max_length=40)),
            ("token", models.BinaryField(max_length=16)),
            ("replaced_by", models.PositiveIntegerField()),
            ("change", models.PositiveIntegerField()),
            ("batch_id", models.BinaryField(max_length=12)),
            ("position", models.PositiveIntegerField()),
            ("sealed", models.BinaryField()),
            ("facets", models.TextField()),
            ("status", models.PositiveSmallIntegerField()),
        ],
        options={"db_table": "past_entry"},
    ),
    migrations.AddField(
        model_name="entry",
        name="change",
        field=models.PositiveIntegerField(db_default=0, default=0),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("lists", "0001_initial")]
    operations = [
        migrations.SeparateDatabaseAndState(state_operations=STATE),
        migrations.RunPython(create_tables, drop_tables),
    ]
