"""Registration with Django."""

from django.apps import AppConfig


class SignUpsConfig(AppConfig):
    """The table of sign-ups."""

    name = "listkeep.dock.intake.sign_ups"
    label = "sign_ups"
