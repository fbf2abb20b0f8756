"""Registration with Django."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Imports and the lines they turned away."""

    name = "listkeep.dock.intake"
    label = "intake"
