from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("lists", "0002_history")]
    operations = [
        migrations.CreateModel(
            name="Renewal",
            fields=[
                (
                    "list_id",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("key", models.PositiveIntegerField()),
                ("shelf", models.PositiveSmallIntegerField(default=0)),
                ("token", models.BinaryField(default=b"", max_length=16)),
                ("replaced_by", models.PositiveIntegerField(default=0)),
                ("moved", models.BigIntegerField(default=0)),
                ("left", models.BigIntegerField(default=0)),
                ("rests_until", models.DateTimeField(null=True)),
            ],
            options={"db_table": "renewal"},
        ),
    ]
