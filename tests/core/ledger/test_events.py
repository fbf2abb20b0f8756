import re

from listkeep.core.ledger.events import Event

# Ledgers outside hold these. An event may be added here, never taken away.
PUBLISHED = """
    genesis.sealed tenant.added tenant.revoked person.added person.revoked
    service.added service.revoked recipient.added recipient.revoked
    releases.frozen releases.unfrozen session.started session.ended
    request.made request.approved request.denied statement.refused
    list.created list.extended import.started rows.reserved import.finished
    import.abandoned entries.suppressed address.looked-up
    reveal.intended reveal.completed export.intended export.completed release.refused
    sign-in.refused
    enrolment.opened enrolment.completed person.confirmed passkey.added
    passkey.replaced recovery.chosen
    ledger.recovered
"""


def test_no_published_event_was_taken_away() -> None:
    assert set(PUBLISHED.split()) - {event.value for event in Event} == set()


def test_events_are_a_noun_and_what_was_done_to_it() -> None:
    for event in Event:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*", event.value)
        assert event.name == event.value.upper().replace(".", "_").replace("-", "_")


def test_what_is_intended_is_later_completed() -> None:
    nouns = {event.partition(".")[0] for event in Event if event.endswith(".intended")}

    assert nouns
    assert {f"{noun}.completed" for noun in nouns} <= {event.value for event in Event}
