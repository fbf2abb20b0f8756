"""Settings of the keeper's second process, which serves its pages on the seal origin.

The same instance, keys and ledger as the keeper's; other addresses, and nothing of
the wire among them.
"""

from pathlib import Path

from listkeep.keeper import pages

from .settings import *  # noqa: F403 - one keeper, two doors
from .settings import CONFIG

ALLOWED_HOSTS = [CONFIG.seal_origin.partition("://")[2].partition(":")[0]]
ROOT_URLCONF = "listkeep.keeper.pages.urls"
MIDDLEWARE = [
    "listkeep.keeper.pages.guard.Guard",
    "listkeep.keeper.project.problems.PageProblemMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(pages.__file__).parent / "templates"],
        "APP_DIRS": False,
    }
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024  # ten sealed rows, with room
APPEND_SLASH = False
