"""Links are made on a page, and what came of them is asked for there."""

import re

from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.decisions import showing
from listkeep.keeper.gate.models import Enrolment
from listkeep.keeper.pages.visits import COOKIE
from listkeep.wire import messages as m
from tests.fakes.authenticator import Authenticator
from tests.keeper.enrolling import enrol
from tests.keeper.instance import SEAL, refusal
from tests.keeper.pages.browsing import Browser
from tests.keeper.pages.test_ask import terms_of
from tests.keeper.pages.test_enrol_page import spelled
from tests.keeper.pages.test_sign_in_page import asked
from tests.keeper.world import World

NORA = {"name": "nora", "role": "marketer"}


def link_from(browser: Browser, **asked: str) -> str:
    return str(browser.post("/invitations", asked).json["link"])


def view_of(world: World, browser: Browser, place: str) -> m.RequestView:
    message = m.ShowRequest(
        session=browser.token, request=place.removeprefix("/requests/")
    )
    (view,) = showing.show_requests(
        world.gate, message, service="keeper", now=world.now
    ).requests
    return view


def recover(world: World, ada: Browser, device: Authenticator) -> m.RequestView:
    """Have ada ask for other passkeys for ben, who lost his."""
    ben = world.meet("ben").person
    enrol(world, link_from(ada, person=ben), device)
    enrolment = Enrolment.objects.get(person=ben).id
    told = ada.post(
        "/invitations/ask", {"enrolment": enrolment, "purpose": "lost on a train"}
    )
    view = view_of(world, ada, told.goes_to)
    assert ada.sign(view, "request").status == 200
    return view


def test_an_owner_makes_a_link_that_is_shown_once(served: World, ada: Browser) -> None:
    link = link_from(ada, **NORA)

    assert re.fullmatch(rf"{re.escape(SEAL)}/enrol#e_[a-z2-7]{{12}}\.[\w-]{{43}}", link)
    page = ada.get("/invitations")
    assert "nora" in page.plain
    assert link.rpartition(".")[2] not in page.text
    assert served.events(1) == ["enrolment.opened"]


def test_the_words_are_shown_and_the_place_is_asked_for(
    served: World, ada: Browser
) -> None:
    words = enrol(served, link_from(ada, **NORA), Authenticator())
    assert words in ada.get("/invitations").plain
    enrolment = Enrolment.objects.get(name="nora").id

    told = ada.post(
        "/invitations/ask", {"enrolment": enrolment, "purpose": "a new colleague"}
    )

    page = ada.get(told.goes_to)
    assert words in page.plain
    assert 'data-kind="words"' in page.text
    assert "read these six words aloud" in page.plain
    assert terms_of(served, ada, told.goes_to).subject_fields()["name"] == "nora"


def test_first_owners_of_a_tenant_are_asked_for_together(served: World) -> None:
    cleo = Browser(served, "cleo")
    said = [
        enrol(
            served,
            link_from(cleo, name=name, role="owner", tenant="fresh"),
            Authenticator(),
        )
        for name in ("tara", "toni")
    ]
    page = cleo.get("/invitations").plain
    assert not any(words in page for words in said)  # they are heard, and not read
    tara, toni = (Enrolment.objects.get(name=name).id for name in ("tara", "toni"))

    told = cleo.post(
        "/invitations/ask", {"enrolment": tara, "second": toni, "purpose": "contract 7"}
    )

    subject = terms_of(served, cleo, told.goes_to).subject_fields()
    assert subject["name"] == "fresh"
    assert '"tara"' in subject["owner_1"]
    assert '"toni"' in subject["owner_2"]
    assert not any(words in cleo.get(told.goes_to).plain for words in said)


def test_everybody_makes_another_passkey_for_themselves(
    served: World, ben: Browser
) -> None:
    device = Authenticator()
    link = link_from(ben, person=served.meet("ben").person)
    words = enrol(served, link, device)
    assert words in ben.get("/invitations").plain
    enrolment = Enrolment.objects.get(person=served.meet("ben").person).id

    told = ben.post("/invitations/ask", {"enrolment": enrolment, "purpose": "a spare"})

    assert "ben signs with these as well" in ben.get(told.goes_to).plain
    assert terms_of(served, ben, told.goes_to).action == "passkey.add"


def test_a_recovery_says_what_follows_and_when(served: World, ada: Browser) -> None:
    view = recover(served, ada, Authenticator())
    place, amir = f"/requests/{view.id}", Browser(served, "amir")

    page = amir.get(place).plain
    assert six_words(Enrolment.objects.get().keys) in page
    assert "24 hours after the last approval" in page
    assert "For another 72 hours ben releases and approves nothing" in page
    assert amir.sign(view, "approve").status == 200
    assert "it opens at 2026-01-06" in amir.get(place).plain

    served.wait(hours=24)
    assert served.show("ada", view).state == "done"
    assert refusal(served.login, "ben") == "credential-unknown"


def test_a_chosen_helper_who_is_no_owner_sees_what_to_approve(
    served: World, ada: Browser
) -> None:
    helpers = (served.meet(name).person for name in ("ada", "ivan"))
    chosen = {"id": served.meet("ben").person, "recovery": " ".join(helpers)}
    assert served.ask("ben", "recovery.choose", chosen).state == "done"
    view = recover(served, ada, Authenticator())

    place, offered = f"/requests/{view.id}", {}
    for name in ("ivan", "amir", "ben"):
        page = Browser(served, name).get(place).text
        offered[name] = set(re.findall('data-decision="([a-z]+)"', page))
    assert offered == {"ivan": {"approve"}, "amir": {"deny"}, "ben": {"deny"}}
    assert f'href="{place}"' in Browser(served, "ivan").get("/").text


def test_the_recovered_are_told_why_their_word_does_not_count(
    served: World, ada: Browser, nobody: Browser
) -> None:
    rows, device = served.list_with_rows(1), Authenticator()
    view = recover(served, ada, device)
    Browser(served, "amir").sign(view, "approve")
    served.wait(hours=24)
    assert served.show("ada", view).state == "done"
    served.wait(minutes=1)  # what was begun by then is over as well
    nobody.post("/sign-in", spelled(device.sign(asked(nobody)), device))
    nobody.token = nobody.client.cookies[COOKIE].value

    told = nobody.post(
        "/ask/reveal",
        {
            "purpose": "a question",
            "hours": "24",
            "list": rows.list_id,
            "tokens": rows.token(0),
        },
    )

    assert told.code == "not-permitted"
    assert "replaced within 72 hours" in told.json["error"]


def test_others_people_and_places_are_not_for_the_asking(
    served: World, ben: Browser, ada: Browser
) -> None:
    refused = [
        (ben, NORA),
        (ben, {"person": served.meet("ada").person}),
        (ada, {"person": served.meet("eve").person}),
        (ada, {"person": "p_aaaaaaaaaaaa"}),
        (ada, {"name": "nora", "role": "custodian"}),
        (ada, {"name": "nora", "role": "owner", "tenant": "other"}),
        (Browser(served, "sam"), {"person": served.meet("cleo").person}),
    ]
    for browser, wanted in refused:
        told = browser.post("/invitations", wanted)
        assert told.code in ("not-permitted", "not-found"), wanted
    enrol(served, link_from(ada, **NORA), Authenticator())
    enrolment = Enrolment.objects.get(name="nora").id
    for browser in (ben, Browser(served, "eve"), Browser(served, "cleo")):
        asking = {"enrolment": enrolment, "purpose": "mine"}
        assert browser.post("/invitations/ask", asking).status == 404
