from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sign_ups", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="signup",
            name="proof",
            field=models.BinaryField(default=b""),
        ),
    ]
