from dataclasses import replace
from datetime import timedelta

from listkeep.core.registry.facts import Ticket
from listkeep.core.registry.tickets import LONGEST_IMPORT, running_imports
from tests.core.registry.scribe import ACME, NEWS, OTHER, Scribe


def test_an_import_runs_for_half_a_day_at_most_and_a_restore_is_none() -> None:
    scribe = Scribe.with_cast()
    registry, now = scribe.registry, scribe.now
    ticket = Ticket(
        id="i_1", list_id=NEWS, principal="", request="", max_rows=1, started_at=now
    )
    registry.tickets = {"i_1": ticket}

    def running(tenant: str, after: timedelta) -> int:
        return len(running_imports(registry, tenant=tenant, now=now + after))

    assert running(ACME, LONGEST_IMPORT - timedelta(seconds=1)) == 1
    assert running(ACME, LONGEST_IMPORT) == running(OTHER, timedelta()) == 0
    registry.tickets = {"i_1": replace(ticket, moment="2026-01-05T12:00:00Z")}
    assert running(ACME, timedelta()) == 0
