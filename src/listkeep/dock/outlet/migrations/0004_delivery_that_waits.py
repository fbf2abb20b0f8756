from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("outlet", "0003_tally")]
    operations = [
        migrations.AddIndex(
            "maildelivery",
            models.Index(
                condition=models.Q(("state__in", ("claimed", "deferred"))),
                fields=["list_id", "request", "at"],
                name="delivery_that_waits",
            ),
        ),
    ]
