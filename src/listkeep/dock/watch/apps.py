"""Registration with Django."""

from django.apps import AppConfig


class WatchConfig(AppConfig):
    """What people outside are told, and the work done in the background."""

    name = "listkeep.dock.watch"
    label = "watch"
