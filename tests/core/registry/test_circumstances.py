from datetime import timedelta

import pytest

from listkeep.core.registry.circumstances import circumstances_of
from listkeep.core.registry.facts import RequestFacts
from tests.core.registry.scribe import ACME, NEWS, NOON, PRINTER, Scribe, meet
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


def test_only_an_export_looks_at_earlier_copies() -> None:
    scribe = Scribe.with_cast()
    first, second = scribe.ask_export(cap=100), scribe.ask_export(cap=7)
    scribe.sign("ada", first, "approve")
    scribe.write("export.intended", {"request": first.id, "list": NEWS})
    other = scribe.ask(
        "ben", "reveal", {}, tenant=ACME, list=NEWS, selection="aa", recipient=PRINTER
    )

    def recent(request: RequestFacts) -> int:
        return circumstances_of(
            scribe.registry, request, (), now=scribe.now
        ).recent_rows

    assert recent(second) == 100
    assert recent(first) == 0, "its own are charged already"
    assert recent(other) == 0


def test_it_is_known_whether_an_owner_would_go_and_a_ceiling_rise() -> None:
    scribe = Scribe.with_cast()

    def about(action: str, **subject: str) -> tuple[bool, bool]:
        request = scribe.ask("ada", action, subject, tenant=ACME)
        found = circumstances_of(scribe.registry, request, (), now=scribe.now)
        return found.about_owner, found.loosens

    assert about("person.revoke", id=meet("amir").person) == (True, False)
    assert about("person.revoke", id=meet("ben").person) == (False, False)
    everybody = {"measure": "reveals", "who": "everybody"}
    assert about("budget.set", ceiling="5", **everybody) == (False, False)
    scribe.carry_out("budget.set", scribe.registry.requests[last(scribe)])  # type: ignore[arg-type]
    assert about("budget.set", ceiling="6", **everybody) == (False, True)


def last(scribe: Scribe) -> str:
    return list(scribe.registry.requests)[-1]


def test_only_copies_of_keys_are_early_and_only_for_a_day() -> None:
    scribe = Scribe.begin()

    def is_early(action: str, about: dict[str, str]) -> bool:
        request = RequestFacts(id="r_1", terms=scribe.terms(action, about))
        return circumstances_of(scribe.registry, request, (), now=scribe.now).early

    named = {"people": "p_one"}
    assert is_early("keys.backup", named)
    assert not is_early("freeze", {"classes": "export+reveal"})
    scribe.now += timedelta(days=1)
    assert not is_early("keys.backup", named)
    assert is_early("keys.backup", {"holders": ""}), "of before there was a wait"
