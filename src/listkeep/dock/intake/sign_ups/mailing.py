"""Ask by mail whether a sign-up is meant: at most once a day, and nobody who is there.

The message goes the way of all mail: under a standing send somebody signed for, to a
row the keeper opens and counts. How, is a courier's business; without one they wait.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, Protocol

from listkeep.dock.lists import queries as entries
from listkeep.dock.lists.keeper import Keeper
from listkeep.dock.lists.statuses import SUBSCRIBED

from .ending import drop_sign_up
from .models import SignUp

NOT_AGAIN_FOR: Final = timedelta(days=1)
_AT_ONCE: Final = 500


class Carried(Enum):
    """What became of one message."""

    SENT = auto()
    LATER = auto()  # nothing is known against it
    NEVER = auto()  # it was refused for good


class Courier(Protocol):
    """Takes the question to somebody, with a link to `/c/<alias>/<proof>`."""

    def ask(self, sign_up: SignUp) -> Carried:
        """Send the message of one sign-up, to its own sealed row."""


class NoCourier:
    """There is no way yet: everything waits."""

    def ask(self, sign_up: SignUp) -> Carried:  # noqa: ARG002
        """Leave it for later."""
        return Carried.LATER


def mail_sign_ups(
    courier: Courier,
    *,
    keeper: Keeper,
    clock: Callable[[], datetime],
    keep_on: Callable[[], bool],
) -> int:
    """Ask whoever was not asked yet. Gives how many messages went out.

    Raises:
        UnavailableError: The keeper or the database does not answer.
    """
    sent = 0
    waiting = SignUp.objects.filter(state=SignUp.State.ASKED).order_by("at")
    for sign_up in list(waiting[:_AT_ONCE]):
        if not keep_on():
            break
        if not _is_to_be_asked(sign_up, now=clock()):
            drop_sign_up(sign_up, keeper=keeper)
            continue
        carried = courier.ask(sign_up)
        if carried is Carried.NEVER:
            drop_sign_up(sign_up, keeper=keeper)
        elif carried is Carried.SENT:
            sign_up.state = SignUp.State.MAILED
            sign_up.save(update_fields=["state"])
            sent += 1
    return sent


def count_unasked() -> int:
    """Count who waits for a message."""
    return SignUp.objects.filter(state=SignUp.State.ASKED).count()


def _is_to_be_asked(sign_up: SignUp, *, now: datetime) -> bool:
    token = bytes(sign_up.token)
    entry = entries.find_entry(sign_up.list_id, token)
    if entry is not None and entry.status == SUBSCRIBED:
        return False
    since = int((now - NOT_AGAIN_FOR).timestamp())
    others = SignUp.objects.filter(list_id=sign_up.list_id, token=token, at__gt=since)
    return not others.exclude(state=SignUp.State.ASKED).exists()
