"""The settings of the newsletter, from its environment."""

import os

FOLDER = os.environ["NEWSLETTER_FOLDER"]
SECRET_KEY = "a newsletter of the tests"
INSTALLED_APPS = ["tests.interop.newsletter"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{FOLDER}/news.db"}
}
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [FOLDER]}
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["NEWSLETTER_PORT"])
EMAIL_HOST_USER = os.environ["NEWSLETTER_USER"]
EMAIL_HOST_PASSWORD = os.environ["NEWSLETTER_PASSWORD"]
EMAIL_TIMEOUT = 60
