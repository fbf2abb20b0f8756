import pytest

from listkeep.core.ledger.events import Event
from listkeep.core.registry.told import SILENT, TOLD, Telling


@pytest.mark.parametrize("event", Event, ids=lambda event: event.value)
def test_each_event_is_told_or_silent_for_a_reason(event: Event) -> None:
    assert (event in TOLD) != bool(SILENT.get(event)), (
        f"say in core/registry/told.py what becomes of {event.value}"
    )


def test_nothing_that_changes_authority_is_silent() -> None:
    silent = {event for event in SILENT if event.endswith((".added", ".revoked"))}

    assert not silent


def test_each_way_of_telling_has_its_events() -> None:
    assert set(TOLD.values()) == set(Telling)
