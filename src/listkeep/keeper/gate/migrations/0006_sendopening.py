from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gate", "0005_draft_policy")]

    operations = [
        migrations.CreateModel(
            name="SendOpening",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "send",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("send", models.BigIntegerField()),
                ("key", models.BinaryField(max_length=16)),
            ],
        ),
    ]
