"""Take a time out of entries that nobody read: their change has it."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

DROP = 'ALTER TABLE "entry" DROP COLUMN "updated_at"'
ADD = 'ALTER TABLE "entry" ADD COLUMN "updated_at" bigint NOT NULL DEFAULT 0'


def drop_column(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop it, and where there are no entries yet, leave no trace of it either.

    To PostgreSQL a dropped column is one that is empty from then on: every new row
    would be a word longer for it.
    """
    if editor.connection.vendor == "sqlite" or _has_entries(editor):
        editor.execute(DROP)
        return
    editor.execute('DROP TABLE "entry"')
    editor.create_model(apps.get_model("lists", "Entry"))


def add_column(_apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    editor.execute(ADD)


def _has_entries(editor: BaseDatabaseSchemaEditor) -> bool:
    with editor.connection.cursor() as cursor:
        cursor.execute('SELECT 1 FROM "entry" LIMIT 1')
        return cursor.fetchone() is not None


class Migration(migrations.Migration):
    dependencies = [("lists", "0003_renewal")]
    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(model_name="entry", name="updated_at")
            ]
        ),
        migrations.RunPython(drop_column, add_column),
    ]
