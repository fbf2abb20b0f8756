"""What is asked with the ticket of an import or a restore, of one's own or of none."""

from typing import TYPE_CHECKING

from listkeep.wire import messages as m
from listkeep.wire.messages import restores as r

from .edge import PLANTED

if TYPE_CHECKING:
    from .edge_stage import Stage


def seal(stage: "Stage", name: str) -> m.SealRows:
    return m.SealRows(
        ticket=stage.ticket if name == "ben" else "i_nothingnothi",
        addresses=[PLANTED],
        fields=["[]"],
        facets=['["pro"]'],
    )


def gone(stage: "Stage", name: str) -> m.FindGone:
    ticket = stage.ticket if name == "ben" else "i_nothingnothi"
    return m.FindGone(ticket=ticket, tokens=stage.rows.tokens(0))


def finish(stage: "Stage", name: str) -> m.FinishImport:
    ticket = stage.ticket if name == "ben" else "i_nothingnothi"
    return m.FinishImport(ticket=ticket, committed=True)


def reseal(stage: "Stage", name: str) -> r.ResealRows:
    ticket = stage.restore if name == "ben" else "i_nothingnothi"
    return r.ResealRows(ticket=ticket, rows=stage.rows.batch(0))


def end_restore(stage: "Stage", name: str) -> r.FinishRestore:
    ticket = stage.restore if name == "ben" else "i_nothingnothi"
    return r.FinishRestore(ticket=ticket, committed=True)
