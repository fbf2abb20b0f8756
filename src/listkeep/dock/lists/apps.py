"""Registration with Django."""

from django.apps import AppConfig


class ListsConfig(AppConfig):
    """The table of sealed entries."""

    name = "listkeep.dock.lists"
    label = "lists"
