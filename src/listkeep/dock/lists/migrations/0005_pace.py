from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lists", "0004_no_updated_at")]
    operations = [
        migrations.CreateModel(
            name="PaceOf",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "list_id",
                        "source",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("list_id", models.CharField(max_length=40)),
                ("source", models.CharField(max_length=100)),
                ("free_at", models.BigIntegerField()),
            ],
            options={"db_table": "pace"},
        ),
    ]
