import pyrage
import pytest

from listkeep.core.grants import Terms
from listkeep.keeper.gate.decisions import showing
from listkeep.keeper.pages.ask import FORMS
from listkeep.wire import messages as m
from tests.keeper.instance import WAREHOUSE, service_key
from tests.keeper.pages.browsing import Browser
from tests.keeper.world import World

WHY = {"purpose": "spring campaign", "hours": "24"}


def terms_of(world: World, browser: Browser, place: str) -> Terms:
    request = place.removeprefix("/requests/")
    message = m.ShowRequest(session=browser.token, request=request)
    answer = showing.show_requests(world.gate, message, service="keeper", now=world.now)
    return Terms.parse(answer.requests[0].terms)


def test_the_keeper_writes_the_terms_of_a_copy(served: World, ben: Browser) -> None:
    rows = served.list_with_rows(1)

    told = ben.post(
        "/ask/export",
        {
            **WHY,
            "list": rows.list_id,
            "selection": 'plan="pro"',
            "cap": "850",
            "recipient": WAREHOUSE,
        },
    )

    terms = terms_of(served, ben, told.goes_to)
    assert (terms.cap, terms.selection, terms.recipient) == (
        850,
        'plan = "pro"',
        WAREHOUSE,
    )
    assert "You are about to ask" in ben.get(told.goes_to).plain
    assert served.entries()[-1]["event"] != "request.made"


def test_a_reveal_asked_for_here_ends_on_this_screen(
    served: World, ben: Browser
) -> None:
    rows = served.list_with_rows(2)

    told = ben.post(
        "/ask/reveal",
        {**WHY, "list": rows.list_id, "tokens": f"{rows.token(0)}\n{rows.token(1)}"},
    )

    terms = terms_of(served, ben, told.goes_to)
    assert (terms.recipient, terms.cap) == ("", 2)
    assert "this browser's screen, once" in ben.get(told.goes_to).plain


@pytest.mark.parametrize("cap", ["", "0", "-1", "1.5", "1e3", "٣", "9" * 11])
def test_a_count_that_is_none_is_said_to_be_none(
    served: World, ben: Browser, cap: str
) -> None:
    rows = served.list_with_rows(1)
    told = ben.post(
        "/ask/export",
        {**WHY, "list": rows.list_id, "cap": cap, "recipient": WAREHOUSE},
    )

    assert told.code == "request-invalid"
    assert "whole number" in told.json["hint"]


def test_every_form_is_drawn_for_who_may_ask(served: World) -> None:
    served.list_with_rows(1)
    for name in ("ben", "ada", "cleo", "sam"):
        browser = Browser(served, name)
        menu = browser.get("/ask").text
        offered = {form for form in FORMS if f'href="/ask/{form}"' in menu}
        assert offered
        for form in offered:
            page = browser.get(f"/ask/{form}")
            assert page.status == 200
            assert FORMS[form].title in page.plain
        assert 'href="/invitations"' in menu
    assert offered == {"recovery.choose"}  # of support


def test_a_form_offers_only_what_is_of_the_own_side(
    served: World, ada: Browser
) -> None:
    served.list_with_rows(1, "news")
    served.list_with_rows(1, "elsewhere", by="eve")

    page = ada.get("/ask/export").text
    assert "news" in page
    assert "elsewhere" not in page
    assert ">eve<" not in ada.get("/ask/person.revoke").text


def test_whoever_may_not_ask_is_refused_by_the_keeper_not_by_the_menu(
    served: World, ben: Browser
) -> None:
    told = ben.post("/ask/freeze", {**WHY, "subject": {"classes": "export+reveal"}})

    assert told.code == "not-permitted"


def test_there_is_no_form_for_what_the_pages_do_not_know(ben: Browser) -> None:
    for name in ("tenant.add", "import", "nothing", "person.add"):
        assert ben.get(f"/ask/{name}").status == 403
        assert ben.post(f"/ask/{name}", WHY).status == 403


def test_a_recipient_is_enrolled_on_the_pages(served: World, ada: Browser) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    told = ada.post(
        "/ask/recipient.add", {**WHY, "subject": {"name": "printer", "public_key": key}}
    )

    subject = terms_of(served, ada, told.goes_to).subject_fields()
    assert (subject["name"], subject["public_key"]) == ("printer", key)


def test_the_key_of_a_service_never_comes_here(served: World, ada: Browser) -> None:
    key = service_key("app")
    told = ada.post(
        "/ask/service.add",
        {
            **WHY,
            "subject": {
                "id": "s_abcdefghijkl",
                "name": "shop",
                "kind": "app",
                "verifier": "ab" * 32,
            },
        },
    )

    assert terms_of(served, ada, told.goes_to).subject_fields()["name"] == "shop"
    smuggled = {"id": "s_abcdefghijkl", "name": "x", "kind": "app", "verifier": key}
    assert ada.post("/ask/service.add", {**WHY, "subject": smuggled}).status == 400


def test_a_custodian_freezes_a_tenant(served: World) -> None:
    cleo = Browser(served, "cleo")
    told = cleo.post(
        "/ask/freeze",
        {**WHY, "tenant": "acme", "subject": {"classes": "export+reveal"}},
    )
    request = told.goes_to.removeprefix("/requests/")
    terms = terms_of(served, cleo, told.goes_to)

    assert terms.tenant == "t_acmeacmeacme"
    assert request.startswith("r_")


def test_a_first_owner_is_confirmed_with_the_words_that_were_heard(
    served: World,
) -> None:
    served.add_tenant("fresh", "t_freshfreshfr", "tara")
    tara, cleo = served.meet("tara"), Browser(served, "cleo")
    form = cleo.get("/ask/person.confirm")
    assert "tara, fresh" in form.plain
    assert tara.words not in form.text
    assert ">ada" not in form.text

    heard = f"  {tara.words.upper()} "
    subject = {"id": tara.person, "words": heard}
    told = cleo.post("/ask/person.confirm", {**WHY, "subject": subject})

    terms = terms_of(served, cleo, told.goes_to)
    assert (terms.tenant, terms.subject_fields()["words"]) == (
        "t_freshfreshfr",
        tara.words,
    )
    page = cleo.get(told.goes_to).plain
    assert "Confirm a person's passkeys" in page
    assert "tara" in page
    assert "reveals and exports" in page


def test_other_words_are_refused_before_anybody_signs(served: World) -> None:
    served.add_tenant("fresh", "t_freshfreshfr", "tara")
    words = served.meet("mallory").words
    subject = {"id": served.meet("tara").person, "words": words}

    told = Browser(served, "cleo").post(
        "/ask/person.confirm", {**WHY, "subject": subject}
    )

    assert told.code == "proof-invalid"


def test_helpers_are_chosen_on_the_pages(served: World, ben: Browser) -> None:
    form = ben.get("/ask/recovery.choose").text
    helpers = [served.meet(name).person for name in ("ada", "ivan")]
    assert all(name in form for name in helpers)
    assert served.meet("cleo").person not in form

    told = ben.post(
        "/ask/recovery.choose", {**WHY, "subject": {"recovery": " ".join(helpers)}}
    )

    terms = terms_of(served, ben, told.goes_to)
    assert terms.subject_fields() == {
        "id": served.meet("ben").person,
        "recovery": " ".join(helpers),
    }
    page = ben.get(told.goes_to).plain
    assert "ada, ivan" in page
    assert "two of these people, and nobody else" in page
