"""Registration with Django."""

from django.apps import AppConfig


class MergingConfig(AppConfig):
    """Runs of the mail merge."""

    name = "listkeep.dock.outlet.merging"
    label = "merging"
