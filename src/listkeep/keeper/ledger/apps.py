"""Registration with Django."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger's tables."""

    name = "listkeep.keeper.ledger"
    label = "ledger"
