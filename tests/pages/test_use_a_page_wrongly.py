"""What is tried on the keeper's own pages, and what becomes of it.

Whatever reached the keeper as a statement left its reason in the ledger.
"""

import hashlib
import html
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import expect

from listkeep.core.grants import SignIn, Terms
from tests.pages.forging import statement_of
from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]


def test_a_sign_in_is_posted_as_an_approval(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in_by_passkey()
    (body,) = [body for url, body in ada.posts if url.endswith("/sign-in")]
    ada.open(view.id)

    told = ada.post(f"/requests/{view.id}/sign", {**body, "rows": "850"})

    assert told["code"] == house.refusal(view.id) == "message-invalid"
    assert house.state(view.id) == "waiting"


def test_a_sign_in_signature_is_put_under_an_approval(
    house: House, visit: Visit
) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in_by_passkey()
    (body,) = [body for url, body in ada.posts if url.endswith("/sign-in")]
    ada.open(view.id)
    statement = statement_of(ada, view, "approve").format().decode()

    told = ada.post(
        f"/requests/{view.id}/sign", {**body, "statement": statement, "rows": "850"}
    )

    assert told["code"] == house.refusal(view.id) == "signature-invalid"


def test_a_link_promises_a_sign_in_and_means_an_approval(
    house: House, visit: Visit
) -> None:
    view = house.ask_export()
    ada = visit("ada")
    page = ada.page
    page.goto(f"{house.origin}/sign-in?next=/requests/{view.id}")
    page.get_by_role("button", name="Use my passkey").click()
    expect(page.get_by_text("Waiting for me")).to_be_visible()
    assert page.url == f"{house.origin}/"

    ada.go_elsewhere("http://app.localhost")
    page.evaluate(
        "(place) => location.assign(place)", f"{house.origin}/requests/{view.id}"
    )
    expect(page.get_by_text("Waiting for me")).to_be_visible()
    assert page.url == f"{house.origin}/"
    page.goto(f"{house.origin}/requests/{view.id}")
    expect(page.get_by_text("Waiting for me")).to_be_visible()
    assert page.locator("#request").count() == 0


def test_the_bytes_are_changed_after_signing(house: House, visit: Visit) -> None:
    small, large = house.ask_export(cap=850), house.ask_export(cap=990)
    ada = visit("ada").sign_in().open(small.id)
    other = Terms.parse(large.terms).digest()

    def swap(route: object, request: object) -> None:
        body = request.post_data.replace(  # type: ignore[attr-defined]
            hashlib.sha256(small.terms).hexdigest(), other
        ).replace('"rows":"850"', '"rows":"990"')
        place = request.url.replace(small.id, large.id)  # type: ignore[attr-defined]
        route.continue_(url=place, post_data=body)  # type: ignore[attr-defined]

    ada.page.route("**/sign", swap)
    ada.approve("850")

    expect(ada.alert()).to_contain_text("not valid for these terms")
    assert house.refusal(large.id) == "signature-invalid"
    assert {house.state(small.id), house.state(large.id)} == {"waiting"}


def test_the_page_shows_something_else_than_the_terms(
    house: House, visit: Visit
) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in().open(view.id)
    for term, words in {
        "cap": "10",
        "list": "l_otherotherot",
        "recipient": "c_otherotherot",
        "purpose": "something harmless",
        "expires": "2026-01-01 00:00 UTC",
        "action": "reveal",
    }.items():
        shown = ada.page.locator(f'[data-term="{term}"]')
        before = shown.inner_text()
        shown.evaluate("(e, words) => { e.textContent = words; }", words)

        ada.approve("850")

        expect(ada.alert()).to_contain_text("shows something else")
        ada.alert().evaluate("(e) => { e.firstChild.textContent = ''; }")
        shown.evaluate("(e, words) => { e.textContent = words; }", before)
    assert not [url for url, _ in ada.posts if url.endswith("/sign")]
    assert house.state(view.id) == "waiting"


def test_the_page_hides_a_part_of_the_terms(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in().open(view.id)
    ada.page.locator('[data-term="recipient"]').evaluate("(e) => e.remove()")

    ada.approve("850")

    expect(ada.alert()).to_contain_text("hides a part")


def test_other_bytes_are_shown_as_this_request(house: House, visit: Visit) -> None:
    view, other = house.ask_export(), house.ask_export(cap=3)
    ada = visit("ada").sign_in().open(view.id)
    ada.page.locator("#terms").evaluate(
        "(e, text) => e.textContent = text", other.terms.decode()
    )

    ada.approve("3")

    expect(ada.alert()).to_contain_text("not the terms of this request")


def test_keeper_and_page_disagree_on_the_digest(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in().open(view.id)
    ada.page.locator('[data-decision="approve"]').evaluate(
        """(e) => {
            e.dataset.challenges = e.dataset.challenges.replace(/[0-9a-f]{64}/, "f");
        }"""
    )

    ada.approve("850")

    expect(ada.alert()).to_contain_text("do not agree")


def test_an_approval_is_used_for_another_request(house: House, visit: Visit) -> None:
    first, second = house.ask_export(), house.ask_export()
    ada = visit("ada").sign_in().open(first.id)
    ada.approve("850")
    expect(ada.state()).to_have_text("granted")
    (body,) = [body for url, body in ada.posts if url.endswith("/sign")]

    told = ada.post(f"/requests/{second.id}/sign", body)

    assert told["code"] == house.refusal(second.id) == "signature-invalid"
    assert house.state(second.id) == "waiting"
    assert ada.post(f"/requests/{first.id}/sign", body)["code"] == "not-waiting"


def test_the_requester_approves_as_well(house: House, visit: Visit) -> None:
    view = house.ask_export("ada")
    ada = visit("ada").sign_in().open(view.id)
    assert ada.page.locator('[data-decision="approve"]').count() == 0
    statement = statement_of(ada, view, "approve")

    signed = ada.ask_passkey(statement.challenge())
    body = {**signed, "statement": statement.format().decode(), "rows": "850"}
    told = ada.post(f"/requests/{view.id}/sign", body)

    assert told["code"] == house.refusal(view.id) == "self-approval"
    assert house.state(view.id) == "waiting"


def test_the_count_is_left_out_of_what_is_posted(house: House, visit: Visit) -> None:
    view = house.ask_export()
    ada = visit("ada").sign_in().open(view.id)
    statement = statement_of(ada, view, "approve")
    signed = ada.ask_passkey(statement.challenge())

    told = ada.post(
        f"/requests/{view.id}/sign",
        {**signed, "statement": statement.format().decode(), "rows": "85"},
    )

    assert told["code"] == house.refusal(view.id) == "count-differs"
    assert house.state(view.id) == "waiting"


def test_an_old_sign_in_is_used_again(house: House, visit: Visit) -> None:
    ben = visit("ben").sign_in_by_passkey()
    (body,) = [body for url, body in ben.posts if url.endswith("/sign-in")]
    ben.page.get_by_role("button", name="Sign out").click()
    expect(ben.page.get_by_role("button", name="Use my passkey")).to_be_visible()

    told = ben.post("/sign-in", body)

    assert told["code"] == "replayed"
    assert house.recorded("sign-in.refused")[-1]["code"] == "replayed"


def test_a_session_asks_without_the_pages_own_form(house: House, visit: Visit) -> None:
    ben = visit("ben").sign_in()
    ben.page.evaluate("() => { document.body.dataset.form = '' }")

    told = ben.post("/me/sessions/end", {"session": ""})

    assert told["code"] == "not-permitted"


def test_another_origin_posts_with_the_session_in_the_jar(
    house: House, visit: Visit
) -> None:
    ben = visit("ben").sign_in()
    place = f"{house.origin}/sign-out"
    page = ben.go_elsewhere(
        "http://app.localhost", f'<form method="post" action="{place}"></form>'
    )

    with page.expect_response(place) as answered:
        page.evaluate("() => document.forms[0].submit()")
    page.wait_for_url(place)

    assert answered.value.status == 403
    page.goto(house.origin)
    expect(page.get_by_text("Waiting for me")).to_be_visible()


def test_a_script_that_was_changed_on_its_way_does_not_run(visit: Visit) -> None:
    ada = visit("ada")
    ada.page.route(
        "**/static/seal.js",
        lambda route: route.fulfill(
            body="document.title = 'mine'", content_type="text/javascript"
        ),
    )
    ada.page.goto(ada.house.origin)

    expect(ada.page.get_by_role("button", name="Use my passkey")).to_be_visible()
    assert ada.page.title() == "Sign in · Listkeep"
    assert any("integrity" in words for words in ada.complaints)
    ada.complaints.clear()


def test_markup_in_a_purpose_is_text(house: House, visit: Visit) -> None:
    planted = "<img src=x onerror=document.title='mine'>"
    view = house.ask_export(purpose=planted)
    ada = visit("ada").sign_in().open(view.id)

    expect(ada.page.locator('[data-term="purpose"]')).to_have_text(planted)
    assert "mine" not in ada.page.title()


def test_a_sign_in_for_another_service_is_put_on_the_page(
    house: House, visit: Visit
) -> None:
    ada = visit("ada")
    ada.page.goto(house.origin)
    button = ada.page.locator("#sign-in")
    text = html.unescape(button.get_attribute("data-statement") or "")
    other = re.sub('"service":"keeper"', '"service":"s_dockdockdock"', text)
    assert SignIn.parse(other.encode()).service != "keeper"
    button.evaluate("(e, text) => e.dataset.statement = text", other)

    button.click()

    expect(ada.alert()).to_contain_text("something else than a sign-in")
    assert not ada.posts


def test_a_request_is_signed_after_its_time(house: House, visit: Visit) -> None:
    """The last test of all: it needs a request that was made a minute ago."""
    view = house.expiring
    ends = Terms.parse(view.terms).expires
    ada = visit("ada").sign_in()
    statement = statement_of(ada, view, "approve")
    signed = ada.ask_passkey(statement.challenge())
    while datetime.now(UTC) < ends:
        time.sleep(0.1)

    told = ada.post(
        f"/requests/{view.id}/sign",
        {**signed, "statement": statement.format().decode(), "rows": "7"},
    )

    assert told["code"] == house.refusal(view.id) == "expired"
    ada.page.reload()
    expect(ada.page.locator(f'[href="/requests/{view.id}"]')).to_contain_text("expired")
