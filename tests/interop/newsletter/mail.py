"""How this application's mail goes: Django's way, and all that is said is logged."""

import smtplib

from django.core.mail.backends.smtp import EmailBackend


class LoudBackend(EmailBackend):
    """Django's own, with the whole conversation in the application's log."""

    class connection_class(smtplib.SMTP):  # noqa: N801 - Django's name for it
        """Says what it hears."""

        debuglevel = 1
