"""Confirm a sign-up: whoever has the link, without an answer that tells anything."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from listkeep.dock.lists import bulk

from .models import SignUp

GOOD_FOR: Final = timedelta(days=7)
_KNOCK = """
INSERT INTO sign_up_knocks (list_id, count) VALUES ('', 1)
ON CONFLICT (list_id) DO UPDATE SET count = sign_up_knocks.count + 1
"""


def confirm(list_id: str, token: bytes, *, now: datetime) -> None:
    """Note that somebody means it, if they were asked by mail in the last days.

    Of a link that means nothing the list is empty: the same statements are run, and
    the disk is written to all the same.

    Raises:
        UnavailableError: The disk is full, or the database does not answer.
    """
    since = int((now - GOOD_FOR).timestamp())
    with bulk.translated(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_KNOCK)
        SignUp.objects.filter(
            list_id=list_id, token=token, state=SignUp.State.MAILED, at__gt=since
        ).update(state=SignUp.State.CONFIRMED)
