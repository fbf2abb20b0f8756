from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("returns", "0002_feed")]
    operations = [
        migrations.AddIndex(
            "returned",
            models.Index(fields=["list_id", "request"], name="returned_by_send"),
        ),
    ]
