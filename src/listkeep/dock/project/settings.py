"""Settings of the dock: plain values, fed by `dock.toml` (see `config.py`).

They can be imported where there is no instance: defaults apply, nothing is made.
"""

import secrets

from listkeep.looks import WORDS
from listkeep.wire.config import instance_home, read_config

from . import logs
from .config import FILE_NAME, DockConfig
from .database import database_settings

LISTKEEP_HOME = instance_home()
LISTKEEP_CONFIG = read_config(LISTKEEP_HOME / FILE_NAME, DockConfig)
LISTKEEP_KEEPER_SOCKET = LISTKEEP_HOME / LISTKEEP_CONFIG.keeper_socket
LISTKEEP_DROP_ORIGIN = LISTKEEP_CONFIG.drop_origin
LISTKEEP_SEAL_ORIGIN = LISTKEEP_CONFIG.seal_origin
LISTKEEP_APP_ORIGIN = LISTKEEP_CONFIG.app_origin
LISTKEEP_SERVICE_KEY_FILE = LISTKEEP_HOME / LISTKEEP_CONFIG.service_key_file

DEBUG = False
SECRET_KEY = secrets.token_urlsafe(50)  # nothing is signed that outlives a process
# No link is made from the Host header, and a bearer does not follow a rebound name.
ALLOWED_HOSTS = ["*"]

INSTALLED_APPS = [
    "ninja",
    "listkeep.dock.lists",
    "listkeep.dock.intake",
    "listkeep.dock.intake.sign_ups",
    "listkeep.dock.outlet",
    "listkeep.dock.outlet.merging",
    "listkeep.dock.outlet.returns",
    "listkeep.dock.pages",
    "listkeep.dock.watch",
]
MIDDLEWARE = [
    "listkeep.dock.project.middleware.guard",
    "listkeep.dock.project.middleware.speak",
    "django.middleware.security.SecurityMiddleware",
]
ROOT_URLCONF = "listkeep.dock.project.urls"
WSGI_APPLICATION = "listkeep.dock.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"builtins": ["django.templatetags.i18n", "listkeep.looks.said"]},
    }
]
STATIC_URL = "/v1/docs/assets/"
APPEND_SLASH = False

DATABASES = {"default": database_settings(LISTKEEP_CONFIG.database, home=LISTKEEP_HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# JSON only. Files go another way (intake/api.py), streamed and of any size.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"  # that of the source
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [WORDS]

LOGGING = logs.LOGGING
logs.configure_structlog()
