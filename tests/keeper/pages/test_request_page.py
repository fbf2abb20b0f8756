import hashlib
import html
import json
import re

import pytest

from listkeep.core.grants import SignIn, Statement, Terms
from listkeep.wire import messages as m
from tests.keeper.forgery import forge
from tests.keeper.instance import KEEPER
from tests.keeper.pages.browsing import Browser, Told, base64url, posted
from tests.keeper.world import World


@pytest.fixture
def view(served: World) -> m.RequestView:
    """Ben asked for a copy of 850 rows, and Ada has not looked yet."""
    return served.ask_export("ben", served.list_with_rows(1), 850)


def facts(told: Told) -> dict[str, str]:
    """Read what the page shows, by where it says that it stands in the terms."""
    found = re.findall(r'data-term="([^"]+)"[^>]*>([^<]*)<', told.text)
    return {name: html.unescape(text) for name, text in found}


def choices(told: Told) -> dict[str, dict[str, str]]:
    found = re.findall(
        r'data-decision="(\w+)"[^>]*data-challenges="([^"]+)"', told.text
    )
    return {name: json.loads(html.unescape(text)) for name, text in found}


def test_one_glance_says_all_there_is_to_know(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    told = ada.get(f"/requests/{view.id}")

    assert "ben (marketer) asks" in told.plain
    for words in (
        *("A copy of news", "spring campaign", "news", "850", "warehouse", "acme"),
        *("2026-01-06 12:00 UTC", "the approval of another owner", "Look twice"),
    ):
        assert words in told.plain


def test_every_field_of_the_terms_is_shown_as_it_is_signed(
    ada: Browser, view: m.RequestView
) -> None:
    shown = facts(ada.get(f"/requests/{view.id}"))
    terms = Terms.parse(view.terms)

    assert shown == {
        "purpose": terms.purpose,
        "list": terms.list,
        "cap": "850",
        "selection": "all",
        "recipient": terms.recipient,
        "tenant": terms.tenant,
        "expires": "2026-01-06 12:00 UTC",
        "not_before": "2026-01-05 12:00 UTC",
        "action": "export",
    }


def test_the_exact_bytes_stand_on_the_page(ada: Browser, view: m.RequestView) -> None:
    text = ada.get(f"/requests/{view.id}").text
    (shown,) = re.findall(r'<pre id="terms">([^<]*)</pre>', text)

    assert html.unescape(shown).encode() == view.terms


def test_the_page_is_told_which_digest_it_has_to_arrive_at(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    ada_person = served.meet("ada")

    for decision, challenges in choices(ada.get(f"/requests/{view.id}")).items():
        expected = Statement(
            keeper=KEEPER,
            person=ada_person.person,
            credential=ada_person.credential,
            decision=decision,
            request=hashlib.sha256(view.terms).hexdigest(),
        ).challenge()
        assert challenges == {ada_person.credential: expected.hex()}


def test_people_are_offered_what_is_theirs_to_say(
    served: World, view: m.RequestView
) -> None:
    offered = {
        name: set(choices(Browser(served, name).get(f"/requests/{view.id}")))
        for name in ("ben", "ivan", "ada", "amir")
    }

    assert offered == {
        "ben": {"deny"},
        "ivan": set(),
        "ada": {"approve", "deny"},
        "amir": {"approve", "deny"},
    }


def test_a_draft_is_signed_by_who_asks(served: World, ben: Browser) -> None:
    rows = served.list_with_rows(1)
    draft = served.draft(
        "ben", "export", list=rows.list_id, cap=2, recipient="warehouse"
    )

    assert set(choices(ben.get(f"/requests/{draft.id}"))) == {"request"}
    assert ben.sign(draft, "request").goes_to == f"/requests/{draft.id}"
    assert served.show("ben", draft).state == "waiting"


def test_an_approval_with_the_count_typed_grants(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    assert ada.sign(view, "approve", rows="850").goes_to == f"/requests/{view.id}"

    assert served.show("ada", view).state == "granted"
    assert "to be carried out" in ada.get(f"/requests/{view.id}").plain


@pytest.mark.parametrize("typed", ["", "85", "8500", "851", "0850", "850 ", "८५०"])
def test_an_approval_with_another_count_is_refused_and_recorded(
    served: World, ada: Browser, view: m.RequestView, typed: str
) -> None:
    told = ada.sign(view, "approve", rows=typed)

    assert told.code == "count-differs"
    assert served.show("ada", view).state == "waiting"
    entry = served.newest("statement.refused")
    assert (entry["code"], entry["request"]) == ("count-differs", view.id)
    assert entry["claimed_person"] == served.meet("ada").person


def test_a_denial_needs_no_count(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    ada.sign(view, "deny")

    assert served.show("ada", view).state == "denied"


def test_what_was_asked_can_be_withdrawn(
    served: World, ben: Browser, view: m.RequestView
) -> None:
    assert "Withdraw" in ben.get(f"/requests/{view.id}").plain
    ben.sign(view, "deny")

    assert served.show("ben", view).state == "denied"


def test_who_is_signed_in_signs_with_the_own_passkey(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    told = ada.sign(view, "approve", rows="850", by="amir")

    assert told.code == "not-permitted"
    assert served.show("ada", view).state == "waiting"
    entry = served.newest("statement.refused")
    assert entry["claimed_person"] == served.meet("ada").person


def test_a_sign_in_posted_as_an_approval_is_refused_and_recorded(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    nonce = Browser(served).get("/sign-in").text
    statement = re.findall('data-statement="([^"]*)"', nonce)[0]
    text = html.unescape(statement).encode()
    signed = served.meet("ada").sign(SignIn.parse(text))

    told = ada.post(
        f"/requests/{view.id}/sign", posted(served, "ada", signed) | {"rows": "850"}
    )

    assert told.status == 400
    assert served.newest("statement.refused")["code"] == told.code
    assert served.show("ada", view).state == "waiting"


def test_nobody_approves_an_own_request_here_either(served: World) -> None:
    view = served.ask_export("ada", served.list_with_rows(1), 5)
    ada = Browser(served, "ada")

    assert ada.sign(view, "approve", rows="5").code == "self-approval"
    assert served.newest("statement.refused")["code"] == "self-approval"


def test_a_signature_over_other_bytes_is_refused(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    other = served.ask_export("ben", served.list_with_rows(1, "more"), 1)
    body = posted(served, "ada", served.statement("ada", other, "approve"))

    told = ada.post(f"/requests/{view.id}/sign", body | {"rows": "850"})

    assert told.code == "signature-invalid"
    assert served.newest("statement.refused")["code"] == "signature-invalid"


def test_an_expired_request_is_shown_and_not_signed(
    served: World, view: m.RequestView
) -> None:
    served.wait(days=2)
    ada = Browser(served, "ada")

    assert choices(ada.get(f"/requests/{view.id}")) == {}
    assert ada.sign(view, "approve", rows="850").code == "expired"


def test_a_statement_is_taken_once(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    body = posted(served, "ada", served.statement("ada", view, "approve"))
    place = f"/requests/{view.id}/sign"
    assert ada.post(place, body | {"rows": "850"}).status == 200

    assert ada.post(place, body | {"rows": "850"}).status in (403, 409, 422)


def test_a_browser_elsewhere_signs_nothing(
    served: World, ada: Browser, view: m.RequestView
) -> None:
    person = served.meet("ada")
    statement = Statement(
        keeper=KEEPER,
        person=person.person,
        credential=person.credential,
        decision="approve",
        request=hashlib.sha256(view.terms).hexdigest(),
    )
    client = json.dumps(
        {
            "type": "webauthn.get",
            "challenge": base64url(statement.challenge()),
            "origin": "http://app.localhost:8471",
            "crossOrigin": False,
        }
    ).encode()
    body = posted(served, "ada", forge(person, statement, client=client))

    told = ada.post(f"/requests/{view.id}/sign", body | {"rows": "850"})

    assert told.code == "signature-invalid"
    assert served.newest("statement.refused")["code"] == "signature-invalid"


def test_what_is_usual_is_not_called_unusual(served: World, ada: Browser) -> None:
    rows = served.list_with_rows(3)
    served.wait(days=8)
    for _ in range(2):
        view = served.granted_export(rows, 3, selection='plan = "pro"')
        served.export("ben", view, rows.whole())
        served.wait(days=2)
    usual = served.ask_export("ben", rows, 3, selection='plan = "pro"')
    large = served.ask_export("ben", rows, 900)

    ada = Browser(served, "ada")
    assert "Look twice" not in ada.get(f"/requests/{usual.id}").plain
    said = ada.get(f"/requests/{large.id}").plain
    assert "more than 10 times any copy of this person before" in said
    assert "the whole list" in said


def test_new_people_new_recipients_and_the_night_are_mentioned(
    served: World, view: m.RequestView, ada: Browser
) -> None:
    said = ada.get(f"/requests/{view.id}").plain
    assert "the first copy for this recipient" in said
    assert "the recipient was enrolled just now" in said
    assert "this person was enrolled just now" in said
    assert "at night" not in said

    served.wait(hours=11)
    late = served.ask_export("ben", served.list_with_rows(1, "late"), 1)
    said = Browser(served, "ada").get(f"/requests/{late.id}").plain
    assert "asked for at night (23:00 UTC)" in said
    assert "enrolled 11 hours ago" in said


def test_a_burst_of_requests_is_mentioned(served: World) -> None:
    rows = served.list_with_rows(1)
    for _ in range(2):
        served.ask_export("ben", rows, 1)
        served.wait(minutes=1)
    third = served.ask_export("ben", rows, 1)

    said = Browser(served, "ada").get(f"/requests/{third.id}").plain

    assert "3 of this kind by this person within a day" in said


def test_a_change_of_authority_shows_each_word_of_its_subject(
    served: World, ada: Browser
) -> None:
    subject = {"id": served.meet("ivan").person}
    view = served.ask("amir", "person.revoke", subject)

    shown = facts(ada.get(f"/requests/{view.id}"))

    assert shown["subject.id"] == served.meet("ivan").person
    assert shown["action"] == "person.revoke"
