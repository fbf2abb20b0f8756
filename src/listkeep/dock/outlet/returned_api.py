"""The API through which an application learns what came back, in tokens."""

from ninja import Query, Router

from listkeep.core.grants import format_time
from listkeep.core.sealing import format_token
from listkeep.dock.lists.access import Bearer, CallerRequest, enter_list
from listkeep.dock.lists.keeper import get_keeper

from . import returned_shapes as shapes
from .returns import reading
from .returns.models import Returned
from .returns.settling import decide_held

router = Router(auth=Bearer(), tags=["returned"])


@router.get(
    "/lists/{list_name}/returned",
    response=shapes.ReturnedPage,
    description="Read what came back after `cursor`: bounces, complaints, answers, "
    "and who left. Keep the `cursor` of the answer and ask again with it, whenever you "
    "like; nothing is left out. `state` is `settled` when it counted, `waiting` when "
    "it will in a moment, `held` when so much came at once that an owner has to look.",
)
def read_returned(
    request: CallerRequest, list_name: str, query: Query[shapes.ReturnedQuery]
) -> shapes.ReturnedPage:
    """Read what came back after a number, oldest first."""
    visit = enter_list(get_keeper(), request.auth, list_name=list_name, right="view")
    rows = reading.read_after(
        visit.record.id, after=query.cursor, limit=query.limit + 1
    )
    page = rows[: query.limit]
    return shapes.ReturnedPage(
        returned=list(map(_view, page)),
        cursor=page[-1].number if page else query.cursor,
        more=len(rows) > len(page),
        held=reading.count_held(visit.record.id),
    )


@router.post("/lists/{list_name}/returned/held", response=shapes.Decided)
def decide(
    request: CallerRequest, list_name: str, body: shapes.Decision
) -> shapes.Decided:
    """Have what is held count after all, or drop it."""
    visit = enter_list(
        get_keeper(), request.auth, list_name=list_name, right="administer"
    )
    decided = decide_held(visit.record.id, body.decision, who=visit.principal.id)
    return shapes.Decided(decided=decided)


def _view(row: Returned) -> shapes.ReturnedView:
    return shapes.ReturnedView(
        number=row.number,
        request=row.request,
        token=format_token(bytes(row.token)),
        outcome=row.outcome,
        code=row.code,
        how=row.how,
        at=format_time(reading.time_of(row)),
        state=Returned.State(row.state).name.lower(),
    )
