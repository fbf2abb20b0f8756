"""Settings of the console: plain values, fed by `console.toml` (see `config.py`).

They can be imported where there is no instance: defaults apply, nothing is made.
"""

import secrets

from listkeep.looks import WORDS
from listkeep.wire.config import instance_home, read_config

from .config import FILE_NAME, ConsoleConfig

LISTKEEP_HOME = instance_home()
LISTKEEP_CONFIG = read_config(LISTKEEP_HOME / FILE_NAME, ConsoleConfig)
LISTKEEP_KEEPER_SOCKET = LISTKEEP_HOME / LISTKEEP_CONFIG.keeper_socket
LISTKEEP_SERVICE_KEY_FILE = LISTKEEP_HOME / LISTKEEP_CONFIG.service_key_file
LISTKEEP_DOCK = LISTKEEP_CONFIG.dock
LISTKEEP_APP_ORIGIN = LISTKEEP_CONFIG.app_origin
LISTKEEP_DROP_ORIGIN = LISTKEEP_CONFIG.drop_origin
LISTKEEP_SEAL_ORIGIN = LISTKEEP_CONFIG.seal_origin
LISTKEEP_TIMEOUT_SECONDS = LISTKEEP_CONFIG.timeout_seconds

DEBUG = False
SECRET_KEY = secrets.token_urlsafe(50)  # nothing is signed that outlives a process
# No link is made from the Host header, and the doors compare it.
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["listkeep.console.desk"]
MIDDLEWARE = [
    "django.middleware.locale.LocaleMiddleware",
    "listkeep.console.project.middleware.guard",
]
ROOT_URLCONF = "listkeep.console.project.urls"
WSGI_APPLICATION = "listkeep.console.project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "listkeep.looks.said",
                "listkeep.console.desk.templatetags.words",
            ]
        },
    }
]
APPEND_SLASH = False
DATABASES: dict[str, object] = {}  # it keeps nothing
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
FILE_UPLOAD_HANDLERS: list[str] = []  # files go to the dock

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"  # that of the source
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [WORDS]
LOGGING_CONFIG = None  # the serve command sets up logging
