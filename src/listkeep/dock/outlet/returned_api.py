"""The API through which an application learns what came back, in tokens."""

from django.utils import timezone
from ninja import Query, Router

from listkeep.core.grants import format_time
from listkeep.core.sealing import format_token
from listkeep.dock.lists.access import Bearer, CallerRequest, Visit, enter_list
from listkeep.dock.lists.keeper import get_keeper

from . import returned_shapes as shapes
from .returns import feeds, reading
from .returns.models import Feed, Returned
from .returns.settling import decide_held

router = Router(auth=Bearer(), tags=["returned"])


@router.get(
    "/lists/{list_name}/returned",
    response=shapes.ReturnedPage,
    description="Read what came back after `cursor`: bounces, complaints, answers, "
    "and who left. Keep the `cursor` of the answer and ask again with it, whenever "
    "you like; nothing is left out, and what was read does not change. `state` is "
    "`settled` when it counted, `held` when so much came at once that an owner has "
    "to look. With `waiting` also what will count in a moment.",
)
def read_returned(
    request: CallerRequest, list_name: str, query: Query[shapes.ReturnedQuery]
) -> shapes.ReturnedPage:
    """Read what came back after a number, oldest first."""
    visit = enter_list(get_keeper(), request.auth, list_name=list_name, right="view")
    rows = reading.read_after(
        visit.record.id,
        after=query.cursor,
        limit=query.limit + 1,
        is_whole=query.waiting,
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
    visit = _administer(request, list_name)
    decided = decide_held(visit.record.id, body.decision, who=visit.principal.id)
    return shapes.Decided(decided=decided)


@router.get("/lists/{list_name}/returned/webhook", response=shapes.WebhookView)
def show_webhook(request: CallerRequest, list_name: str) -> shapes.WebhookView:
    """Show which webhook is told what comes back, and how that goes."""
    return _webhook(feeds.get_feed(_administer(request, list_name).record.id))


@router.put("/lists/{list_name}/returned/webhook", response=shapes.WebhookView)
def set_webhook(
    request: CallerRequest, list_name: str, body: shapes.NewWebhook
) -> shapes.WebhookView:
    """Have a webhook told what comes back, from now on; or again after it failed."""
    feed = feeds.set_feed(
        _administer(request, list_name).record.id,
        contact=body.contact,
        keeper=get_keeper(),
        now=timezone.now(),
    )
    return _webhook(feed)


@router.delete("/lists/{list_name}/returned/webhook", response=shapes.WebhookView)
def remove_webhook(request: CallerRequest, list_name: str) -> shapes.WebhookView:
    """Tell no webhook any more; shows the one that was told."""
    return _webhook(feeds.remove_feed(_administer(request, list_name).record.id))


def _administer(request: CallerRequest, list_name: str) -> Visit:
    return enter_list(
        get_keeper(), request.auth, list_name=list_name, right="administer"
    )


def _webhook(feed: Feed) -> shapes.WebhookView:
    is_telling = feed.state == Feed.State.TELLING
    return shapes.WebhookView(
        contact=feed.contact,
        state=feed.state,
        told=feed.told,
        attempts=feed.attempts,
        outcome=feed.outcome,
        next_at=format_time(feed.next_at) if is_telling and feed.attempts else None,
    )


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
