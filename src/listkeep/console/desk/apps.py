"""The desk as a Django application."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """It has templates and no tables."""

    name = "listkeep.console.desk"
    label = "desk"
