"""The page behind a link, as the server meets it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from listkeep.core.grants import Enrol
from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.models import Enrolment
from listkeep.wire import messages as m
from tests.fakes.authenticator import Authenticator, base64url
from tests.keeper.enrolling import invite, link_of
from tests.keeper.instance import KEEPER
from tests.keeper.pages.browsing import Browser, Told
from tests.keeper.world import World


def fragment(link: str) -> str:
    return link.partition("#")[2]


def spelled(assertion: m.Assertion, device: Authenticator) -> dict[str, str]:
    return {
        "credential": device.id,
        "statement": assertion.statement.decode(),
        "authenticator_data": base64url(assertion.authenticator_data),
        "client_data": base64url(assertion.client_data),
        "signature": base64url(assertion.signature),
    }


def make(browser: Browser, link: str, device: Authenticator) -> Told:
    """Make a passkey as the page's script does."""
    told = browser.post("/enrol", {"link": link}).json
    challenge = bytes_of(told["challenge"])
    client_data, attestation = device.make(challenge)
    made = {
        "link": link,
        "client_data": base64url(client_data),
        "attestation_object": base64url(attestation),
    }
    said = browser.post("/enrol/statement", made).json["statement"]
    proof = device.sign(Enrol.parse(said.encode()))
    return browser.post("/enrol/key", {**made, "proof": spelled(proof, device)})


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def link(served: World) -> str:
    return fragment(link_of(invite(served, "ada", "nora", "marketer")))


def test_a_link_says_who_invites_to_what(nobody: Browser, link: str) -> None:
    told = nobody.post("/enrol", {"link": link}).json

    assert told["says"] == "ada invites you to acme."
    assert (told["name"], told["role"], told["where"]) == ("nora", "marketer", "acme")
    assert (told["least"], told["most"], told["keys"]) == (1, 4, [])


def test_passkeys_are_made_and_the_words_told(
    served: World, nobody: Browser, link: str
) -> None:
    devices = [Authenticator(), Authenticator()]
    for device in devices:
        told = make(nobody, link, device)
    assert [key["id"] for key in told.json["keys"]] == [each.id for each in devices]

    done = nobody.post("/enrol/finish", {"link": link}).json

    assert done["words"] == six_words(Enrolment.objects.get(name="nora").keys)
    assert "ada compares them" in done["next"]
    assert served.events(1) == ["enrolment.completed"]


def test_the_page_comes_without_a_session_from_anywhere(nobody: Browser) -> None:
    for site in ("none", "cross-site", "same-origin"):
        page = nobody.get("/enrol", site=site)
        assert page.status == 200
        assert 'data-page="enrol"' in page.text


BAD: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "no secret": lambda link: link.partition(".")[0],
    "another secret": lambda link: f"{link.partition('.')[0]}.{'A' * 43}",
    "another id": lambda link: f"e_aaaaaaaaaaaa.{link.partition('.')[2]}",
    "half": lambda link: link[:-1],
    "long": lambda link: link * 50,
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("place", ["/enrol", "/enrol/finish"])
def test_every_bad_link_is_told_the_same(
    nobody: Browser, link: str, what: str, place: str
) -> None:
    told = nobody.post(place, {"link": BAD[what](link)})

    assert told.status == 404
    assert told.json["error"] == "this link is not valid, or not any more"


def test_a_used_and_an_old_link_are_told_the_same(
    served: World, nobody: Browser, link: str
) -> None:
    old = fragment(link_of(invite(served, "ada", "nils", "marketer")))
    make(nobody, link, Authenticator())
    nobody.post("/enrol/finish", {"link": link})
    used = nobody.post("/enrol", {"link": link})
    again = make_again(nobody, link)
    served.wait(days=7)

    late = nobody.post("/enrol", {"link": old})

    assert used.json == again.json == late.json
    assert used.status == again.status == late.status == 404


def make_again(browser: Browser, link: str) -> Told:
    client_data, attestation = Authenticator().make(b"0" * 32)
    made = {
        "link": link,
        "client_data": base64url(client_data),
        "attestation_object": base64url(attestation),
    }
    return browser.post("/enrol/statement", made)


def test_a_second_browser_goes_on_where_the_first_one_stopped(
    served: World, nobody: Browser, link: str
) -> None:
    first, second = Authenticator(), Authenticator()
    make(nobody, link, first)

    told = make(Browser(served), link, second)

    assert [key["id"] for key in told.json["keys"]] == [first.id, second.id]


def test_another_origin_posts_to_a_link(nobody: Browser, link: str) -> None:
    for headers in (
        {"origin": "http://app.localhost:8480"},
        {"origin": "http://evil.seal.localhost"},
        {"site": "cross-site"},
        {"site": "same-site"},
    ):
        told = nobody.post("/enrol/finish", {"link": link}, **headers)
        assert told.code == "not-permitted"


def test_the_page_is_shown_in_no_frame(nobody: Browser) -> None:
    told = nobody.get("/enrol", **{"Sec-Fetch-Dest": "iframe"})

    assert told.status == 403
    assert "frame-ancestors 'none'" in told.headers["Content-Security-Policy"]


def test_nothing_repeats_the_secret(nobody: Browser, link: str) -> None:
    secret = link.partition(".")[2]
    told = make(nobody, link, Authenticator())
    done = nobody.post("/enrol/finish", {"link": link})

    for answer in (nobody.get("/enrol"), told, done):
        assert secret not in answer.text
        assert secret not in str(answer.headers)


@pytest.mark.parametrize("part", ["client_data", "attestation_object"])
@pytest.mark.parametrize("text", ["", "=", "*", "A" * 5000])
def test_a_garbled_passkey_is_refused(
    nobody: Browser, link: str, part: str, text: str
) -> None:
    told = nobody.post("/enrol", {"link": link}).json
    client_data, attestation = Authenticator().make(bytes_of(told["challenge"]))
    made: dict[str, Any] = {
        "link": link,
        "client_data": base64url(client_data),
        "attestation_object": base64url(attestation),
    }

    assert nobody.post("/enrol/statement", made | {part: text}).status in (400, 422)


def test_a_passkey_that_proves_nothing_is_not_added(
    served: World, nobody: Browser, link: str
) -> None:
    told = nobody.post("/enrol", {"link": link}).json
    mine, other = Authenticator(), Authenticator()
    client_data, attestation = mine.make(bytes_of(told["challenge"]))
    proof = other.prove(keeper=KEEPER, person=told["person"])

    answer = nobody.post(
        "/enrol/key",
        {
            "link": link,
            "client_data": base64url(client_data),
            "attestation_object": base64url(attestation),
            "proof": spelled(proof, other),
        },
    )

    assert answer.status == 422
    assert nobody.post("/enrol", {"link": link}).json["keys"] == []


def test_a_recovery_and_a_further_key_say_what_they_are(
    served: World, nobody: Browser
) -> None:
    lost = fragment(link_of(invite(served, "ada", "amir", "owner")))
    more = fragment(link_of(invite(served, "ada", "ada", "owner")))

    told = [nobody.post("/enrol", {"link": link}).json for link in (lost, more)]

    assert "take the place of all you have now" in told[0]["says"]
    assert "Those you have stay" in told[1]["says"]
