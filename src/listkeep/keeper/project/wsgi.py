"""The keeper as a WSGI application. Opening it reads and verifies the ledger."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "listkeep.keeper.project.settings")
application = get_wsgi_application()
