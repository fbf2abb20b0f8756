"""Where browsers find this dock."""

from django.conf import settings


def public_origin() -> str:
    """Tell where people outside find what is meant for them."""
    config = settings.LISTKEEP_CONFIG
    return str(config.public_origin or settings.LISTKEEP_DROP_ORIGIN)
