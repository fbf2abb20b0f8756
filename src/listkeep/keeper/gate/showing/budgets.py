"""What somebody has spent, and may: the same counts that decide."""

from datetime import datetime, timedelta
from typing import Final

from listkeep.core.grants import RIGHTS, Right
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.circumstances import RECENT
from listkeep.core.registry.facts import Person
from listkeep.core.registry.state import Registry
from listkeep.keeper.gate.sign_in.sessions import resolve_session
from listkeep.keeper.gate.turns import Gate
from listkeep.wire.messages import budgets as b

_DAY: Final = timedelta(days=1)
_HOURLY: Final = (Measure.REVEALS, Measure.LOOK_UPS)
_DAILY: Final = (*_HOURLY, Measure.ROWS_ADDED, Measure.ROWS_CHANGED)
_COPIES: Final = 1_000  # rows; above, a custodian has to agree


def show_budgets(
    gate: Gate, message: b.ShowBudgets, *, service: str, now: datetime
) -> b.BudgetRows:
    """Show who asks the own budgets, and nobody else's.

    Raises:
        RefusedError: Nobody is signed in.
    """
    with gate.view(now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=service, now=now
        )
        return b.BudgetRows(rows=budgets_of(registry, person, now=now))


def budgets_of(
    registry: Registry, person: Person, *, now: datetime
) -> tuple[b.BudgetRow, ...]:
    """Tell what a person has used of each budget; who may open nothing has none."""
    if Right.REVEAL not in RIGHTS.get(person.role, ()):
        return ()
    daily = [(each, registry.ceiling(person.id, each), _DAY) for each in _DAILY]
    return tuple(
        b.BudgetRow(
            measure=measure.value,
            used=min(
                registry.charges.used(person.id, measure, now=now, window=window),
                ceiling,
            ),
            ceiling=ceiling,
            days=window.days,
            hourly=measure in _HOURLY,
            by_day=tuple(
                registry.charges.used_by_day(
                    person.id, measure, now=now, days=RECENT.days
                )
            ),
        )
        for measure, ceiling, window in (
            *daily,
            (Measure.ROWS_EXPORTED, _COPIES, RECENT),
        )
    )
