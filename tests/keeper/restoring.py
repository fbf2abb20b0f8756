"""Lists that are taken back and people who are erased, as the dock asks for it."""

from listkeep.core.errors import VerificationError
from listkeep.core.grants import format_time
from listkeep.core.ledger.events import Event
from listkeep.core.registry.custody import HANDLERS
from listkeep.keeper.gate.custody import erasures
from listkeep.keeper.release import restores
from listkeep.wire import messages as m
from listkeep.wire.messages import erasures as e
from listkeep.wire.messages import restores as r

from .world import Rows, World


def start(
    world: World,
    name: str,
    of: Rows,
    *,
    rows: int,
    moment: str = "",
    request: str | None = None,
) -> str:
    message = r.StartRestore(
        caller=world.caller(name),
        list=of.list_id,
        moment=moment or format_time(world.now),
        rows=rows,
        request=request,
    )
    return restores.start_restore(
        world.gate, message, carrier=world.service("dock"), now=world.now
    ).ticket


def reseal(world: World, ticket: str, batch: m.RowBatch) -> m.SealedRows:
    message = r.ResealRows(ticket=ticket, rows=batch)
    return restores.reseal_restored_rows(world.gate, message, now=world.now)


def finish(world: World, ticket: str, *, committed: bool = True, **counts: int) -> None:
    counts = {"rows": 3, "added": 1, "removed": 2, **counts}
    message = r.FinishRestore(ticket=ticket, committed=committed, **counts)
    restores.finish_restore(world.gate, message, now=world.now)


def ask_restore(
    world: World, name: str, *, cap: int, moment: str = "", list_name: str = "news"
) -> m.RequestView:
    subject = {"moment": moment or format_time(world.now)}
    return world.ask(name, "list.restore", subject, list=list_name, cap=cap)


def ask_erasure(
    world: World, rows: Rows, position: int, *, keep: str = "yes", by: str = "ada"
) -> m.RequestView:
    subject = {"keep": keep}
    return world.ask(by, "entry.erase", subject, selection=rows.token(position))


def erase(
    world: World,
    view: m.RequestView,
    token: bytes,
    *lists: str,
    by: str = "ada",
    removed: bool = False,
) -> None:
    message = e.EraseEntry(
        session=world.session(by, "dock"),
        request=view.id,
        token=token,
        lists=tuple(e.ErasedFrom(list=name, removed=removed) for name in lists),
    )
    erasures.erase_entry(
        world.gate, message, carrier=world.service("dock"), now=world.now
    )


def planted(world: World, event: str, list_id: str, fields: dict[str, str]) -> str:
    """Apply an entry nobody decided; tell how the replay takes it."""
    whole = {
        "list": list_id,
        "ticket": "i_plantedplan",
        "principal": world.meet("ben").person,
        "moment": format_time(world.now),
        "check": "",
        **fields,
    }
    try:
        HANDLERS[Event(event)](world.registry, whole, world.now)
    except VerificationError as error:
        return error.code.value
    return "it was believed"
