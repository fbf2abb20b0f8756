"""Registration with Django."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Templates; the room has no tables."""

    name = "listkeep.dock.pages"
    label = "pages"
