"""Owners let support look, on the keeper's pages; who should not, tries it as well."""

from datetime import timedelta

import pytest

from listkeep.keeper.gate.decisions import showing
from listkeep.wire import messages as m
from tests.keeper.agreements import CONSENT, add_agency, authorize, give_consent
from tests.keeper.instance import ACME, OTHER, refusal
from tests.keeper.pages.browsing import Browser, Told
from tests.keeper.world import World

WHY = {"purpose": "complaint 4711", "hours": "24"}
GIVE, WITHDRAW = "/ask/consent.give", "/ask/consent.withdraw"


def give(browser: Browser, *people: str, hours: str = "24", **more: str) -> Told:
    world = browser.world
    named = " ".join(n if n == "all" else world.meet(n).person for n in people)
    subject = {"people": named, "hours": hours, **more}
    return browser.post(GIVE, {**WHY, "subject": subject})


def sign(browser: Browser, told: Told) -> Told:
    """Sign what a form led to, on its page."""
    request = told.goes_to.removeprefix("/requests/")
    message = m.ShowRequest(session=browser.token, request=request)
    world = browser.world
    answer = showing.show_requests(world.gate, message, service="keeper", now=world.now)
    return browser.sign(answer.requests[0], "request")


def given(world: World) -> list[str]:
    return [entry["event"] for entry in world.entries() if "consent" in entry["event"]]


def test_an_owner_lets_support_look_for_a_day_and_reads_so_before_signing(
    served: World, ada: Browser
) -> None:
    rows = served.list_with_rows(1)

    told = give(ada, "sam")

    page = ada.get(told.goes_to).plain
    assert "Let support look" in page
    assert "who may look sam" in page
    assert "may look until 2026-" in page
    assert "They open, change and take nothing" in page
    assert given(served) == []
    assert sign(ada, told).status == 200
    assert authorize(served, "sam", rows.list_id).tenant == ACME
    served.wait(days=1)
    assert refusal(authorize, served, "sam", rows.list_id) == "not-found"


def test_all_of_support_is_said_in_words_and_means_the_operators_own(
    served: World, ada: Browser
) -> None:
    rows = served.list_with_rows(1)
    told = give(ada, "all", hours="1")

    assert "who may look all of the operator's own support" in ada.get(
        told.goes_to
    ).plain.replace("&#x27;", "'")
    sign(ada, told)
    assert authorize(served, "sam", rows.list_id).tenant == ACME


def test_a_subcontractors_people_say_for_whom_they_work(served: World) -> None:
    add_agency(served, "steve", by=("cleo", "cyrus"), role="support")

    form = Browser(served, "ada").get(GIVE).plain

    assert "steve, of studio" in form
    assert " sam " in form


def test_consents_in_force_stand_in_the_owners_inbox_and_nowhere_else(
    served: World, ada: Browser
) -> None:
    assert "Support may look" not in ada.get("/").plain
    give_consent(served, "sam", days=2)

    for name in ("ada", "amir"):
        page = Browser(served, name).get("/")
        assert "Support may look at your lists sam, until 2026-" in page.plain
        assert f'href="{WITHDRAW}"' in page.text
    for name in ("ben", "eve", "sam", "cleo"):
        assert "Support may look" not in Browser(served, name).get("/").plain
    served.wait(days=2)
    assert "Support may look" not in Browser(served, "ada").get("/").plain


def test_any_owner_ends_it_at_once_and_reads_what_ends(served: World) -> None:
    rows = served.list_with_rows(1)
    give_consent(served, "sam", by="ada")
    authorize(served, "sam", rows.list_id)
    amir = Browser(served, "amir")
    assert f'value="{CONSENT}"' in amir.get(WITHDRAW).text

    told = amir.post(WITHDRAW, {**WHY, "subject": {"id": CONSENT}})
    page = amir.get(told.goes_to).plain
    assert "what ends sam, until 2026-" in page
    assert "It ends the moment you sign" in page
    sign(amir, told)

    assert refusal(authorize, served, "sam", rows.list_id) == "not-found"
    assert CONSENT not in amir.get(WITHDRAW).text
    assert "Let support look no more" in amir.get(told.goes_to).plain


def test_support_that_comes_back_leaves_a_trace_in_the_owners_list(
    served: World,
) -> None:
    rows = served.list_with_rows(1)
    give_consent(served, "sam")
    served.ask("amir", "consent.withdraw", {"id": CONSENT})

    assert refusal(authorize, served, "sam", rows.list_id) == "not-found"

    refused = served.newest("release.refused")
    assert refused["what"] == "support"
    assert refused["person"] == served.meet("sam").person
    assert (refused["list"], refused["code"]) == (rows.list_id, "not-found")


def test_support_cannot_tell_by_the_ledger_which_names_there_are(
    served: World,
) -> None:
    served.list_with_rows(1, "news")
    grown = []
    for name in ("news", "nothing-of-this-name"):
        before = len(served.entries())
        assert refusal(authorize, served, "sam", name) == "not-found"
        grown.append(len(served.entries()) - before)

    assert grown == [1, 1]


# --- who should not --------------------------------------------------------------


@pytest.mark.parametrize("name", ["sam", "ben", "cleo"])
def test_who_is_no_owner_asks_for_consent(served: World, name: str) -> None:
    """Support for itself, a marketer, a custodian: none is offered it, none gets it."""
    give_consent(served, "sam")
    browser = Browser(served, name)
    menu = browser.get("/ask").text

    assert GIVE not in menu
    assert WITHDRAW not in menu
    assert give(browser, "sam").code in ("not-permitted", "not-found")
    assert "sam</label>" not in browser.get(GIVE).text
    withdrawn = browser.post(WITHDRAW, {**WHY, "subject": {"id": CONSENT}})
    assert withdrawn.code in ("not-permitted", "not-found")
    assert given(served) == ["consent.given"]


@pytest.mark.parametrize("name", ["sam", "cleo"])
def test_the_operator_gives_it_in_the_owners_name(served: World, name: str) -> None:
    browser = Browser(served, name)
    people = {"people": "all", "hours": "24"}

    for tenant in ("acme", ACME):
        told = browser.post(GIVE, {**WHY, "tenant": tenant, "subject": people})
        assert told.code in ("not-permitted", "not-found")
    assert given(served) == []


def test_a_custodian_signs_what_an_owner_wrote(served: World, ada: Browser) -> None:
    draft = give(ada, "sam")
    request = draft.goes_to.removeprefix("/requests/")
    message = m.ShowRequest(session=ada.token, request=request)
    (view,) = showing.show_requests(
        served.gate, message, service="keeper", now=served.now
    ).requests

    assert Browser(served, "cleo").sign(view, "request").status == 403
    assert given(served) == []


@pytest.mark.parametrize("hours", ["721", "2160", "9" * 21, "0", "-1", "", "٣", "1e2"])
def test_a_consent_for_more_than_30_days(
    served: World, ada: Browser, hours: str
) -> None:
    assert give(ada, "sam", hours=hours).code == "request-invalid"


def test_thirty_days_to_the_second_are_the_most(served: World, ada: Browser) -> None:
    rows = served.list_with_rows(1)
    sign(ada, give(ada, "all", hours="720"))

    until = next(iter(served.registry.consents.values())).until
    assert until - served.now <= timedelta(days=30)
    assert authorize(served, "sam", rows.list_id).tenant == ACME


def test_an_end_is_slipped_in_beside_the_form(served: World, ada: Browser) -> None:
    for field, value in (("until", "2099-01-01T00:00:00Z"), ("id", CONSENT)):
        assert give(ada, "sam", **{field: value}).status == 400


@pytest.mark.parametrize("people", [(), ("all", "sam"), ("ben",), ("cleo",), ("ada",)])
def test_nobody_everybody_at_once_or_somebody_else_is_named(
    served: World, ada: Browser, people: tuple[str, ...]
) -> None:
    assert give(ada, *people).status in (400, 403, 404)


def test_another_tenants_owner_gives_or_ends_it(served: World) -> None:
    rows = served.list_with_rows(1)
    give_consent(served, "sam")
    eve = Browser(served, "eve")

    sign(eve, give(eve, "sam"))
    assert {row.tenant for row in served.registry.consents.values()} == {ACME, OTHER}
    assert CONSENT not in eve.get(WITHDRAW).text
    told = eve.post(WITHDRAW, {**WHY, "subject": {"id": CONSENT}})
    assert told.code == "not-found"
    tried = {**WHY, "tenant": "acme", "subject": {"people": "all", "hours": "1"}}
    assert eve.post(GIVE, tried).code == "not-found"
    served.ask("ada", "consent.withdraw", {"id": CONSENT})
    assert refusal(authorize, served, "sam", rows.list_id) == "not-found"
