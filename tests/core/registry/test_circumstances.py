from datetime import timedelta

import pytest

from listkeep.core.registry.circumstances import circumstances_of
from listkeep.core.registry.facts import RequestFacts
from tests.core.registry.scribe import NOON, Scribe
from tests.core.registry.senders import ask_send, send, standing_subject, with_sending


@pytest.fixture
def scribe() -> Scribe:
    return with_sending()


def test_a_sends_circumstances_are_told(scribe: Scribe) -> None:
    first = ask_send(scribe)
    of_first = circumstances_of(scribe.registry, first, first.signed, now=scribe.now)
    assert (of_first.unusual, of_first.standing, of_first.hour) == (True, False, 12)

    send(scribe)
    usual = ask_send(scribe)
    of_usual = circumstances_of(scribe.registry, usual, usual.signed, now=scribe.now)
    assert not of_usual.unusual
    later = ask_send(scribe, about=standing_subject())
    assert circumstances_of(
        scribe.registry, later, later.signed, now=scribe.now
    ).standing


def test_the_hour_is_the_one_in_which_it_was_asked_for(scribe: Scribe) -> None:
    scribe.now = NOON + timedelta(hours=9, minutes=59)
    send(scribe)
    by_day = ask_send(scribe)
    scribe.now = NOON + timedelta(hours=10)
    by_night = ask_send(scribe)
    scribe.now = NOON + timedelta(hours=21)
    decide = scribe.registry.decide

    assert decide(by_day, now=scribe.now).granted
    assert not decide(by_night, now=scribe.now).granted
    scribe.sign("ada", by_night, "approve")
    assert decide(by_night, now=scribe.now).granted


def test_other_requests_are_never_unusual_or_standing(scribe: Scribe) -> None:
    export = scribe.ask_export()
    found = circumstances_of(scribe.registry, export, export.signed, now=scribe.now)

    assert (found.unusual, found.standing) == (False, False)
    draft = RequestFacts(id="r_draft", terms=export.terms)
    assert circumstances_of(scribe.registry, draft, (), now=scribe.now).hour == 12


def test_a_marketer_alone_sends_what_is_usual_and_no_more(scribe: Scribe) -> None:
    send(scribe)
    decide = scribe.registry.decide

    assert decide(ask_send(scribe), now=scribe.now).granted
    for about in (standing_subject(), None):
        cap = 100 if about else 1001
        request = ask_send(scribe, about=about, cap=cap)
        outcome = decide(request, now=scribe.now)
        assert outcome.missing == ("the approval of another owner of the tenant",)
