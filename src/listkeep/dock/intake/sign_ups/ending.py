"""How sign-ups end: told to the keeper, which counts rows of lists, then forgotten."""

from listkeep.core.errors import Code, RefusedError
from listkeep.dock.lists.keeper import Keeper
from listkeep.wire import messages as m

from .models import SignUp


def drop_sign_up(sign_up: SignUp, *, keeper: Keeper) -> None:
    """Forget a sign-up nothing came of.

    Raises:
        UnavailableError: The keeper does not answer; it stays.
    """
    close_ticket(sign_up.ticket, added=0, updated=0, keeper=keeper)
    SignUp.objects.filter(list_id=sign_up.list_id, ticket=sign_up.ticket).delete()


def close_ticket(ticket: str, *, added: int, updated: int, keeper: Keeper) -> None:
    """Tell the keeper what came of a sign-up; one it was told of before is fine.

    Raises:
        UnavailableError: The keeper does not answer.
    """
    is_done = bool(added or updated)
    try:
        keeper.finish_import(
            m.FinishImport(
                ticket=ticket,
                committed=is_done,
                rows=int(is_done),
                added=added,
                updated=updated,
            )
        )
    except RefusedError as error:
        if error.code is not Code.NOT_FOUND:
            raise
