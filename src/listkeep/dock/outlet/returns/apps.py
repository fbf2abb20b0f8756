"""Registration with Django."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """Tables of what came back."""

    name = "listkeep.dock.outlet.returns"
    label = "returns"
