"""Registration with Django."""

from django.apps import AppConfig


class GateConfig(AppConfig):
    """The gate's tables."""

    name = "listkeep.keeper.gate"
    label = "gate"
