"""When people and services were last here."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """A table more."""

    dependencies = (("gate", "0006_sendopening"),)

    operations = (
        migrations.CreateModel(
            name="LastUse",
            fields=[
                (
                    "who",
                    models.CharField(max_length=40, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
    )
