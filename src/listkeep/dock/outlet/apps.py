"""Registration with Django."""

from django.apps import AppConfig


class OutletConfig(AppConfig):
    """Export runs."""

    name = "listkeep.dock.outlet"
    label = "outlet"
