"""Somebody wants a tenant's readers to get a mail of theirs, signed as it has to be.

What opens rows is not here: these try to have a send granted that nobody looked at.
"""

from dataclasses import replace

import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import ListkeepError
from listkeep.core.grants import Terms
from listkeep.core.registry.charges import Measure
from listkeep.keeper.gate.models import Draft
from tests.keeper.agreements import add_agency
from tests.keeper.instance import ACME, OTHER, refusal
from tests.keeper.sending import (
    DOMAIN,
    add_domain,
    add_route,
    ask_send,
    phish,
    revoke_domain,
    revoke_route,
    send_facts,
    send_subject,
    sent,
    standing_subject,
    with_sending,
)
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(world: World) -> Rows:
    """Acme has sent once: its sender, links, route and Ben's passkey are known."""
    rows = with_sending(world)
    sent(world, rows, ask_send(world, rows))
    return rows


def test_the_stage_is_set_so_that_ben_sends_alone(world: World, rows: Rows) -> None:
    assert ask_send(world, rows).state == "granted"


# --- one marketer, with a stolen passkey or an own plan ---------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "Your bank <news@news.example>"},
        {"from": "News <news.@news.example>"},
        {"reply_to": "collect@evil.example"},
        {"links": "evil.example"},
        {"links": "evil.example shop.example.com"},
        {"links": "login.shop.example.com"},
        {"links": "example.com"},
        {"links": "xn--shp-1na.example.com"},
        {"tracking": "evil.example"},
        {"tracking": "shop.example.com"},  # known for links, never for readers
    ],
    ids=str,
)
def test_whatever_is_otherwise_waits_for_an_owner(
    world: World, rows: Rows, changes: dict[str, str]
) -> None:
    code = view = None
    try:
        view = ask_send(world, rows, subject=send_subject(**changes))
    except ListkeepError as error:
        code = error.code.value

    assert code == "request-invalid" or (view is not None and view.state == "waiting")


@pytest.mark.parametrize(
    "domain",
    [
        *("Shop.example.com", "SHOP.EXAMPLE.COM", "shop.example.com."),
        *("shop。example.com", "sh\u043ep.example.com", "shop.example.com:443"),
        *("shop.example.com/", "https://shop.example.com", "shop%2eexample.com"),
        *("shop.example.com\u200b", "shop.example.com shop.example.com"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("field", ["links", "tracking"])
def test_no_second_spelling_passes_for_what_is_known(
    world: World, rows: Rows, field: str, domain: str
) -> None:
    subject = send_subject(**{field: domain})
    code = refusal(world.draft, "ben", "send", subject, **send_facts(rows))

    assert code == "request-invalid"


@pytest.mark.parametrize(
    "sender",
    [
        *("n@News.example", "n@news.example.", "n@sub.news.example", "n@example"),
        *("n@news.example.evil.example", "n@evil.example <n@news.example>"),
        *("n@news.example, n@evil.example", "News <n@news.example> <n@evil.example>"),
        *("n@n\u0435ws.example", "n@xn--nws-mdd.example", "\u202en@news.example"),
    ],
    ids=ascii,
)
def test_no_sender_is_of_a_domain_that_is_not_the_tenants(
    world: World, rows: Rows, sender: str
) -> None:
    subject = send_subject(**{"from": sender})
    code = refusal(world.draft, "ben", "send", subject, **send_facts(rows))

    assert code in ("request-invalid", "not-found")


def test_nobody_climbs_from_few_rows_to_all_in_an_hour(
    world: World, rows: Rows
) -> None:
    """Ten times the largest campaign, step by step; the steps only Ben signed wait."""
    step = ask_send(world, rows, cap=30)
    assert step.state == "granted"
    sent(world, rows, step, "0a0b0c0e", by_owner=False)

    assert ask_send(world, rows, cap=31).state == "waiting"
    world.wait(hours=23, minutes=59)
    assert ask_send(world, rows, cap=31).state == "waiting"
    world.wait(minutes=1)
    assert ask_send(world, rows, cap=300).state == "granted"


def test_a_standing_grant_is_no_way_around_the_owner(world: World, rows: Rows) -> None:
    view = ask_send(world, rows, subject=standing_subject())

    assert view.missing == ("the approval of another owner of the tenant",)


def test_a_standing_grant_does_not_last_91_days(world: World, rows: Rows) -> None:
    for days in (91, 90.0001):
        facts = send_facts(rows, valid_seconds=int(days * 86_400) + 1)
        code = refusal(world.draft, "ben", "send", standing_subject(), **facts)
        assert code == "request-invalid"


# --- signatures for something else ------------------------------------------------


def test_an_approval_does_not_count_for_other_terms(world: World, rows: Rows) -> None:
    good = ask_send(world, rows, subject=send_subject(title="New sender"), cap=31)
    evil = ask_send(world, rows, subject=phish())
    approval = world.statement("ada", good, "approve")

    assert refusal(world.submit, evil, approval) == "signature-invalid"
    assert world.show("ben", evil).state == "waiting"
    world.submit(good, approval)
    assert refusal(world.submit, good, approval) == "not-waiting"


def test_terms_that_were_changed_after_the_draft_are_nobodys(
    world: World, rows: Rows
) -> None:
    view = world.draft("ben", "send", send_subject(), **send_facts(rows))
    for changes in (
        {"subject": encode({**send_subject(links="evil.example")}).decode()},
        {"cap": 3000},
        {"recipient": "x_evilevilevil"},
        {"selection": 'plan = "pro"'},
    ):
        row = Draft.objects.get(id=view.id)
        terms = replace(Terms.parse(bytes(row.terms)), **changes)
        Draft.objects.filter(id=view.id).update(terms=terms.format())
        assert refusal(world.sign, "ben", view, "request") == "not-found"
        Draft.objects.filter(id=view.id).update(terms=view.terms)
    assert world.sign("ben", view, "request").state == "granted"


# --- a marketer and an agency -----------------------------------------------------


def test_a_marketer_and_an_agency_are_no_owner(world: World, rows: Rows) -> None:
    add_agency(world, "agnes", "aron", rows_sent=1000)
    for asks, others in (("agnes", ("ben", "aron")), ("ben", ("agnes", "ivan"))):
        view = ask_send(world, rows, asks, subject=phish())
        for name in others:
            assert refusal(world.sign, name, view, "approve") in (
                *("not-permitted", "not-found"),
            )
        assert world.show(asks, view).state == "waiting"


def test_an_agent_who_never_sent_has_an_owner_look(world: World, rows: Rows) -> None:
    add_agency(world, "agnes", rows_sent=1000)

    assert ask_send(world, rows, "agnes").state == "waiting"


def test_an_agency_sends_no_more_than_its_people_may_together(
    world: World, rows: Rows
) -> None:
    add_agency(world, "agnes", "aron", rows_sent=3)
    spend = world.registry.require_budget
    agnes, aron = world.meet("agnes").person, world.meet("aron").person

    spend(agnes, Measure.ROWS_SENT, now=world.now, amount=3)
    assert (
        refusal(spend, agnes, Measure.ROWS_SENT, now=world.now, amount=4)
        == "budget-spent"
    )
    view = ask_send(world, rows, "agnes")
    sent(world, rows, view, "0a0b0c0e")
    assert (
        refusal(
            world.registry.require_budget,
            *(aron, Measure.ROWS_SENT),
            now=world.now,
            amount=1,
        )
        == "budget-spent"
    )


def test_an_agency_that_was_let_in_for_other_work_sends_nothing(
    world: World, rows: Rows
) -> None:
    assert rows.list_id
    add_agency(world, "agnes")

    code = refusal(
        world.registry.require_budget,
        *(world.meet("agnes").person, Measure.ROWS_SENT),
        now=world.now,
        amount=1,
    )
    assert code == "budget-spent"


# --- what was revoked -------------------------------------------------------------


@pytest.mark.parametrize("what", ["route", "domain", "owner denies", "who asked left"])
def test_what_was_taken_away_ends_a_send_and_what_comes_back_does_not_revive_it(
    world: World, rows: Rows, what: str
) -> None:
    view = ask_send(world, rows)
    assert view.state == "granted"
    match what:
        case "route":
            revoke_route(world)
            add_route(world, id="x_otherotherot")
        case "domain":
            revoke_domain(world)
            add_domain(world, id="m_otherotherot", selector="lk2")
        case "owner denies":
            world.sign("ada", view, "deny")
        case _:
            subject = {"id": world.meet("ben").person}
            world.ask("ada", "person.revoke", subject)

    assert world.show("ada", view).state == "denied"


def test_other_tenants_learn_nothing(world: World, rows: Rows) -> None:
    view = ask_send(world, rows, subject=phish())

    assert refusal(world.show, "eve", view) == "not-found"
    assert refusal(world.sign, "eve", view, "approve") in ("not-permitted", "not-found")
    code = refusal(world.draft, "eve", "send", send_subject(), **send_facts(rows))
    assert code == "not-found"
    assert world.registry.domains[DOMAIN].tenant == ACME != OTHER
