from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("gate", "0004_draft_person")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="policy",
            field=models.TextField(default=""),
        ),
    ]
