"""What somebody has spent, and may: the same counts that decide."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

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
_DAILY: Final = (
    *_HOURLY,
    Measure.ROWS_ADDED,
    Measure.ROWS_CHANGED,
    Measure.ROWS_SENT,
)
_COPIES: Final = 1_000  # rows; above, a custodian has to agree


class _Budget(NamedTuple):
    """One ceiling, and who spends up to it."""

    payer: str
    measure: Measure
    ceiling: int
    window: timedelta
    agency: str = ""


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
    return tuple(
        b.BudgetRow(
            measure=each.measure.value,
            used=min(
                registry.charges.used(
                    each.payer, each.measure, now=now, window=each.window
                ),
                each.ceiling,
            ),
            ceiling=each.ceiling,
            days=each.window.days,
            hourly=each.measure in _HOURLY and not each.agency,
            by_day=tuple(
                registry.charges.used_by_day(
                    each.payer, each.measure, now=now, days=RECENT.days
                )
            ),
            agency=each.agency,
        )
        for each in _budgets_of(registry, person)
    )


def _budgets_of(registry: Registry, person: Person) -> Iterator[_Budget]:
    """List what a person pays from: the own budgets, and those of the agency."""
    for measure in _DAILY:
        yield _Budget(person.id, measure, registry.ceiling(person.id, measure), _DAY)
    yield _Budget(person.id, Measure.ROWS_EXPORTED, _COPIES, RECENT)
    agency = registry.agencies.get(person.company)
    if agency is not None:
        for name in sorted(agency.ceilings):
            measure = Measure(name)
            ceiling = registry.ceiling(agency.id, measure)
            yield _Budget(agency.id, measure, ceiling, _DAY, agency.name)
