from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.sending import domain_key
from tests.core.registry.life import state
from tests.core.registry.scribe import ACME, NEWS, OTHER, Scribe, meet, replay
from tests.core.registry.senders import (
    DOMAIN,
    ROUTE,
    add_domain,
    add_route,
    ask_send,
    begin,
    domain_subject,
    finish,
    lease,
    revoke_domain,
    revoke_route,
    route_subject,
    send,
    send_subject,
    with_sending,
)


@pytest.fixture
def scribe() -> Scribe:
    return with_sending()


def test_what_was_enrolled_stands_in_the_registry(scribe: Scribe) -> None:
    registry = scribe.registry

    assert registry.routes[ROUTE].host == "relay.example.com"
    assert registry.domains[DOMAIN].public == {"rsa": "MIIB", "ed25519": "AAAA"}
    assert registry.domains_of(ACME, "news.example") == [registry.domains[DOMAIN]]
    assert registry.domains_of(OTHER, "news.example") == []
    assert {ROUTE, DOMAIN} <= registry.used_ids


def test_a_send_runs_from_its_intent_to_its_end(scribe: Scribe) -> None:
    request = ask_send(scribe)
    scribe.sign("ada", request, "approve")
    begin(scribe, request, "0a0b0c0d")
    known = scribe.registry.sends[request.id]
    assert (known.tag, known.tenant, known.reserved) == ("0a0b0c0d", ACME, 0)
    assert not known.ended

    lease(scribe, request, 60)
    lease(scribe, request, 40)
    assert (known.reserved, request.rows_used) == (100, 100)
    finish(scribe, request, 90)

    assert (known.completed, known.ended) == (90, True)
    assert request.done


def test_the_cap_is_spent_at_the_intent_by_who_asked(scribe: Scribe) -> None:
    request = ask_send(scribe, cap=70)
    scribe.sign("ada", request, "approve")
    spent = scribe.registry.charges.used
    ben, ada = meet("ben").person, meet("ada").person
    assert spent(ben, Measure.ROWS_SENT, now=scribe.now) == 0

    begin(scribe, request, person=ada)

    assert spent(ben, Measure.ROWS_SENT, now=scribe.now) == 70
    assert spent(ada, Measure.ROWS_SENT, now=scribe.now) == 0


def test_reading_sends_twice_leads_to_the_same_state(scribe: Scribe) -> None:
    send(scribe)
    revoke_route(scribe)
    revoke_domain(scribe)
    again = replay(scribe.bodies, scribe.registry.pinned)

    assert state(again) == state(scribe.registry)


# --- no honest keeper's -----------------------------------------------------------


def test_no_send_begins_without_a_grant(scribe: Scribe) -> None:
    with pytest.raises(VerificationError, match="without a grant"):
        begin(scribe, ask_send(scribe))  # the first of the tenant needs an owner


def test_no_send_begins_twice_or_when_it_is_over(scribe: Scribe) -> None:
    request = send(scribe)
    with pytest.raises(VerificationError):
        begin(scribe, request, "ffffffff")
    late = ask_send(scribe)
    scribe.wait(days=7)
    with pytest.raises(VerificationError):
        begin(scribe, late)


@pytest.mark.parametrize(
    "changes",
    [
        {"route": "x_otherotherot"},
        {"cap": "101"},
        {"tag": "0a0b"},
        {"tag": "0a0b0c0d0e"},
        {"tag": "no hexad"},
        {"list": "l_other"},
    ],
    ids=str,
)
def test_a_send_begins_as_it_was_signed_for(
    scribe: Scribe, changes: dict[str, str]
) -> None:
    request = ask_send(scribe)
    scribe.sign("ada", request, "approve")

    with pytest.raises(VerificationError):
        begin(scribe, request, **{"tag": "0a0b0c0d", **changes})


def test_no_two_sends_have_one_tag(scribe: Scribe) -> None:
    send(scribe)
    (tag,) = (each.tag for each in scribe.registry.sends.values())
    request = ask_send(scribe)

    with pytest.raises(VerificationError, match="another's"):
        begin(scribe, request, tag)


def test_no_row_is_leased_beyond_the_cap_or_the_end(scribe: Scribe) -> None:
    request = ask_send(scribe)
    scribe.sign("ada", request, "approve")
    begin(scribe, request)
    for rows in (0, -1, 101):
        with pytest.raises(VerificationError, match="more rows"):
            lease(scribe, request, rows)
    lease(scribe, request, 99)
    with pytest.raises(VerificationError, match="more rows"):
        lease(scribe, request, 2)
    with pytest.raises(VerificationError, match="opened more"):
        finish(scribe, request, 100)
    finish(scribe, request, 99)
    with pytest.raises(VerificationError, match="ended"):
        lease(scribe, request, 1)
    with pytest.raises(VerificationError, match="ended twice"):
        finish(scribe, request, 99)


def test_no_row_is_leased_once_somebody_denied_or_time_is_up(scribe: Scribe) -> None:
    for end in ("deny", "wait"):
        request = ask_send(scribe)
        scribe.sign("ada", request, "approve")
        begin(scribe, request)
        lease(scribe, request, 1)
        if end == "deny":
            scribe.sign("amir", request, "deny")
        else:
            scribe.wait(days=7)
        with pytest.raises(VerificationError, match="ended"):
            lease(scribe, request, 1)
        finish(scribe, request, 1)  # what has left is still said
        assert request.done is (end == "wait")


def test_a_route_is_no_matter_of_a_tenant_and_no_id_comes_back(scribe: Scribe) -> None:
    revoke_route(scribe)
    with pytest.raises(VerificationError, match="twice"):
        add_route(scribe, name="again")
    with pytest.raises(VerificationError):
        add_domain(scribe, selector="lk2")


def test_a_change_stands_under_a_request_for_it(scribe: Scribe) -> None:
    asked = scribe.ask("cleo", "route.add", route_subject(id="x_otherotherot"))
    scribe.sign("cyrus", asked, "approve")
    for event in (Event.ROUTE_REVOKED, Event.DOMAIN_ADDED, Event.DOMAIN_REVOKED):
        with pytest.raises(VerificationError, match="another request"):
            scribe.carry_out(event, asked)


def test_a_domain_has_the_keys_that_were_signed_for(scribe: Scribe) -> None:
    about = domain_subject(id="m_otherotherot", selector="lk2", algorithms="rsa")
    asked = scribe.ask("ada", "domain.add", about, tenant=ACME)
    scribe.sign("amir", asked, "approve")
    fields = {"request": asked.id, "tenant": ACME}
    for keys in ({}, {"ed25519": "AAAA"}, {"rsa": "MIIB", "ed25519": "AAAA"}):
        with pytest.raises(VerificationError):
            scribe.write(Event.DOMAIN_ADDED, {**fields, **keys})


# --- what ends with what ----------------------------------------------------------


def test_without_its_route_a_send_ends_for_good(scribe: Scribe) -> None:
    running, waiting = ask_send(scribe), ask_send(scribe)
    scribe.sign("ada", running, "approve")
    begin(scribe, running)
    done = send(scribe)
    revoke_route(scribe)

    assert running.denied
    assert waiting.denied
    assert not done.denied
    assert scribe.registry.ended_routes[ROUTE].mail_domain == "bounce.example.com"
    add_route(scribe, id="x_otherotherot")  # of the same name
    assert running.denied


def test_without_its_domain_a_send_ends_and_the_keys_are_gone(scribe: Scribe) -> None:
    running = ask_send(scribe)
    scribe.sign("ada", running, "approve")
    begin(scribe, running)
    revoke_domain(scribe)

    assert running.denied
    assert domain_key(DOMAIN) in scribe.registry.destroyed_keys


def test_a_domain_with_another_key_goes_on(scribe: Scribe) -> None:
    add_domain(scribe, id="m_otherotherot", selector="lk2")
    running = ask_send(scribe)
    revoke_domain(scribe)

    assert not running.denied
    assert [d.selector for d in scribe.registry.domains_of(ACME, "news.example")] == [
        "lk2"
    ]


def test_another_tenants_domain_is_not_revoked(scribe: Scribe) -> None:
    asked = scribe.ask("eve", "domain.revoke", {"id": DOMAIN}, tenant=OTHER)
    scribe.wait(hours=72)

    with pytest.raises(VerificationError):
        scribe.carry_out(Event.DOMAIN_REVOKED, asked)


def test_a_tenant_that_goes_takes_its_domains_and_routes_along(scribe: Scribe) -> None:
    add_route(scribe, id="x_otherotherot", name="own", tenant=ACME)
    scribe.agree(
        Event.TENANT_REVOKED,
        *("cleo", "cyrus"),
        action="tenant.revoke",
        about={"id": ACME},
    )

    assert list(scribe.registry.routes) == [ROUTE]
    assert scribe.registry.domains == {}
    assert domain_key(DOMAIN) in scribe.registry.destroyed_keys


def test_a_send_that_cannot_be_read_is_no_request(scribe: Scribe) -> None:
    with pytest.raises(VerificationError):
        ask_send(scribe, about=send_subject(links="Shop.example.com"))
    with pytest.raises(VerificationError):
        ask_send(scribe, expires=scribe.now + timedelta(days=8))
    assert NEWS in scribe.registry.lists
