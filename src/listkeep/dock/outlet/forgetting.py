"""Have the registers of mail say nothing of somebody who is erased.

Rows stay, since sends are counted by them, under a token of nobody: one for each row,
so that not even that two of them were about the same person can be seen.
"""

import secrets
from typing import Final

from listkeep.core.sealing import TOKEN_BYTES

from .models import MailDelivery
from .returns.models import Returned, SoftBounces

_OPEN: Final = (Returned.State.WAITING, Returned.State.HELD)


def forget_mail(list_id: str, token: bytes) -> int:
    """Make what a list's mail register has of somebody nobody's, within a transaction.

    What waits to be settled is over: there is nobody left to suppress. Gives how many
    rows there were.
    """
    about = {"list_id": list_id, "token": token}
    SoftBounces.objects.filter(**about).delete()
    Returned.objects.filter(**about, state__in=_OPEN).update(
        state=Returned.State.DROPPED
    )
    changed = 0
    for number in Returned.objects.filter(**about).values_list("number", flat=True):
        thing = Returned.objects.filter(**about, number=number)
        changed += thing.update(token=_nobody())
    sent = MailDelivery.objects.filter(**about)
    for request, trigger in sent.values_list("request", "trigger"):
        row = MailDelivery.objects.filter(**about, request=request, trigger=trigger)
        changed += row.update(token=_nobody())
    return changed


def _nobody() -> bytes:
    return secrets.token_bytes(TOKEN_BYTES)
