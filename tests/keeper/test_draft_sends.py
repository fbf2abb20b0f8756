from datetime import timedelta

import pytest

from listkeep.core.grants import Terms
from listkeep.keeper.gate.decisions.requests import carry_out_due
from listkeep.wire import messages as m
from tests.keeper.instance import ACME, OTHER, refusal
from tests.keeper.sending import (
    DOMAIN,
    ROUTE,
    add_domain,
    add_route,
    ask_send,
    revoke_domain,
    revoke_route,
    send_facts,
    send_subject,
    standing_subject,
    with_sending,
)
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    return with_sending(world)


def draft(
    world: World,
    rows: Rows,
    name: str = "ben",
    *,
    subject: dict[str, str] | None = None,
    **facts: object,
) -> m.RequestView:
    about = send_subject() if subject is None else subject
    return world.draft(name, "send", about, **send_facts(rows, **facts))


def test_the_terms_say_everything_in_its_one_spelling(world: World, rows: Rows) -> None:
    view = draft(world, rows, selection='plan="pro"', valid_seconds=7 * 86_400)
    terms = Terms.parse(view.terms)

    assert terms.recipient == ROUTE
    assert terms.selection == 'plan = "pro"'
    assert terms.expires - terms.not_before == timedelta(days=7)
    subject = terms.subject_fields()
    assert subject == {**send_subject(), "mail_domain": "bounce.example.com"}


def test_the_first_send_waits_for_an_owner_beside_the_requester(
    world: World, rows: Rows
) -> None:
    view = ask_send(world, rows)
    assert view.state == "waiting"
    assert view.missing == ("the approval of another owner of the tenant",)

    assert world.sign("ada", view, "approve").state == "granted"


def test_an_owner_does_not_approve_the_own_send(world: World, rows: Rows) -> None:
    view = ask_send(world, rows, "ada")

    assert view.missing == ("the approval of another owner of the tenant",)
    assert refusal(world.sign, "ada", view, "approve") == "self-approval"
    assert world.sign("amir", view, "approve").state == "granted"


def test_an_only_owner_sends_anything_after_72_hours(world: World, rows: Rows) -> None:
    world.ask("ada", "person.revoke", {"id": world.meet("amir").person})
    world.wait(hours=24)
    carry_out_due(world.gate, now=world.now)
    assert world.meet("amir").person not in world.registry.people
    view = ask_send(world, rows, "ada", valid_seconds=7 * 86_400)
    world.wait(hours=71, minutes=59)
    assert world.show("ada", view).state == "waiting"
    world.wait(minutes=1)

    assert world.show("ada", view).state == "granted"


@pytest.mark.parametrize("name", ["sam", "cleo", "eve"])
def test_others_do_not_ask_for_a_send_of_a_tenants_list(
    world: World, rows: Rows, name: str
) -> None:
    assert refusal(draft, world, rows, name) == "not-found"


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"cap": 0}, "request-invalid"),
        ({"recipient": "pigeon"}, "not-found"),
        ({"recipient": ""}, "not-found"),
        ({"recipient": "warehouse"}, "not-found"),
        ({"selection": "plan ="}, "segment-invalid"),
        ({"selection": 'city = "Berlin"'}, "segment-invalid"),
        ({"list": "other"}, "not-found"),
        ({"valid_seconds": 7 * 86_400 + 1}, "request-invalid"),
    ],
    ids=str,
)
def test_what_cannot_be_sent_is_not_drafted(
    world: World, rows: Rows, facts: dict[str, object], code: str
) -> None:
    assert refusal(draft, world, rows, **facts) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"from": "n@example.org"}, "not-found"),
        ({"from": "n@sub.news.example"}, "not-found"),
        ({"from": "n@xnews.example"}, "not-found"),
        ({"from": "n@News.example"}, "request-invalid"),
        ({"from": "n@news.example."}, "request-invalid"),
        ({"from": ""}, "request-invalid"),
        ({"fields": "first"}, "request-invalid"),  # the list has no such field
        ({"fields": "plan"}, "request-invalid"),  # a facet is no sealed field
        ({"mail_domain": "evil.example"}, "request-invalid"),
        ({"links": "Shop.example.com"}, "request-invalid"),
        ({"kind": "standing"}, "request-invalid"),
        ({"pace": "fast"}, "request-invalid"),
        ({"bcc": "n@evil.example"}, "request-invalid"),
    ],
    ids=str,
)
def test_a_subject_that_says_too_much_or_too_little_is_not_drafted(
    world: World, rows: Rows, changes: dict[str, str], code: str
) -> None:
    assert refusal(draft, world, rows, subject=send_subject(**changes)) == code


def test_a_send_without_any_subject_is_not_drafted(world: World, rows: Rows) -> None:
    code = refusal(world.draft, "ben", "send", None, **send_facts(rows))
    assert code == "request-invalid"


def test_sealed_fields_that_may_be_filled_in_are_named(world: World) -> None:
    add_route(world)
    add_domain(world)
    found = world.create_list("club", fields=("first", "last"))
    rows = Rows(found.id, [], [])

    view = draft(world, rows, subject=send_subject(fields="first last"))
    assert Terms.parse(view.terms).subject_fields()["fields"] == "first last"


def test_a_standing_send_is_an_owners_matter_and_lasts_90_days(
    world: World, rows: Rows
) -> None:
    days = 90 * 86_400
    view = ask_send(world, rows, subject=standing_subject(), valid_seconds=days)
    terms = Terms.parse(view.terms)

    assert terms.expires - terms.not_before == timedelta(days=90)
    assert view.state == "waiting"
    assert world.sign("ada", view, "approve").state == "granted"


def test_a_route_of_another_tenant_is_none(world: World, rows: Rows) -> None:
    add_route(world, id="x_evesevesevex", name="hers", tenant=OTHER)

    for name in ("hers", "x_evesevesevex"):
        assert refusal(draft, world, rows, recipient=name) == "not-found"


def test_a_tenants_own_route_comes_before_everybodys_of_that_name(
    world: World, rows: Rows
) -> None:
    add_route(world, id="x_ownownownown", tenant=ACME)

    terms = Terms.parse(draft(world, rows).terms)
    assert terms.recipient == "x_ownownownown"


@pytest.mark.parametrize("what", ["route", "domain"])
def test_what_a_send_relies_on_ends_it_at_once(
    world: World, rows: Rows, what: str
) -> None:
    drafted = draft(world, rows)
    waiting = ask_send(world, rows)
    granted = world.sign("ada", ask_send(world, rows), "approve")
    assert granted.state == "granted"
    (revoke_route if what == "route" else revoke_domain)(world)

    assert world.show("ben", granted).state == "denied"
    assert world.show("ben", waiting).state == "denied"
    assert refusal(world.sign, "ben", drafted, "request") == "facts-changed"
    assert refusal(world.sign, "ada", waiting, "approve") == "not-waiting"


def test_a_further_key_of_the_domain_ends_nothing(world: World, rows: Rows) -> None:
    waiting = ask_send(world, rows)
    add_domain(world, id="m_otherotherot", selector="lk2")
    revoke_domain(world, DOMAIN)

    assert world.sign("ada", waiting, "approve").state == "granted"
