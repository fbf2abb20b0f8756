"""Templates, what came of each message, and what is known of other mail servers."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# WITHOUT ROWID: the key is the table, not an index beside it.
SQLITE = """
CREATE TABLE "mail_delivery" (
    "list_id" varchar(40) NOT NULL,
    "request" varchar(40) NOT NULL,
    "token" blob NOT NULL,
    "trigger" varchar(64) NOT NULL,
    "state" varchar(9) NOT NULL,
    "reply" smallint unsigned NOT NULL,
    "code" varchar(40) NOT NULL,
    "attempts" integer unsigned NOT NULL,
    "holder" varchar(32) NOT NULL,
    "at" bigint NOT NULL,
    PRIMARY KEY ("list_id", "request", "token", "trigger")
) WITHOUT ROWID
"""


def create_table(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute(SQLITE)
    else:
        editor.create_model(apps.get_model("outlet", "MailDelivery"))


def drop_table(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute('DROP TABLE "mail_delivery"')


def key(*names: str) -> models.CompositePrimaryKey:
    return models.CompositePrimaryKey(
        *names, blank=True, editable=False, primary_key=True, serialize=False
    )


CREATE_DELIVERY = migrations.CreateModel(
    name="MailDelivery",
    fields=[
        ("pk", key("list_id", "request", "token", "trigger")),
        ("list_id", models.CharField(max_length=40)),
        ("request", models.CharField(max_length=40)),
        ("token", models.BinaryField(max_length=16)),
        ("trigger", models.CharField(max_length=64)),
        (
            "state",
            models.CharField(
                choices=[
                    ("claimed", "Claimed"),
                    ("delivered", "Delivered"),
                    ("deferred", "Deferred"),
                    ("failed", "Failed"),
                ],
                max_length=9,
            ),
        ),
        ("reply", models.PositiveSmallIntegerField(default=0)),
        ("code", models.CharField(blank=True, max_length=40)),
        ("attempts", models.PositiveIntegerField(default=0)),
        ("holder", models.CharField(blank=True, max_length=32)),
        ("at", models.BigIntegerField()),
    ],
    options={"db_table": "mail_delivery"},
)


class Migration(migrations.Migration):
    dependencies = [("outlet", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="StoredTemplate",
            fields=[
                ("pk", key("list_id", "digest")),
                ("list_id", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64)),
                ("eml", models.BinaryField()),
                ("principal", models.CharField(max_length=40)),
                ("stored_at", models.DateTimeField()),
            ],
            options={"db_table": "mail_template"},
        ),
        migrations.SeparateDatabaseAndState(state_operations=[CREATE_DELIVERY]),
        migrations.RunPython(create_table, drop_table),
        migrations.CreateModel(
            name="MailPeer",
            fields=[
                (
                    "name",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                ("policy", models.TextField(blank=True)),
                ("policy_id", models.CharField(blank=True, max_length=32)),
                ("offers_tls", models.BooleanField(default=False)),
                ("expires_at", models.BigIntegerField()),
            ],
            options={"db_table": "mail_peer"},
        ),
    ]
