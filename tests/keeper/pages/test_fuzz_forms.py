"""Every address of the pages, posted to with what its form nearly would send.

Judged or refused in our own words: never an accident, never an address in an answer,
and nothing in the ledger but refusals and what anybody may do with no more than that.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from django.urls.resolvers import URLPattern
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyrage.x25519 import Identity

from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.sign_in import sessions
from listkeep.keeper.ledger.models import Entry
from listkeep.keeper.pages import urls
from listkeep.keeper.pages.ask import FORMS
from listkeep.keeper.pages.visits import form_token
from listkeep.wire import messages as m
from listkeep.wire.base import encode
from tests.keeper.agreements import CONSENT, give_consent
from tests.keeper.enrolling import invite, link_of
from tests.keeper.flows import Program
from tests.keeper.instance import DIRECT, KEEPER, SEAL, SERVICES, WAREHOUSE
from tests.keeper.pages.browsing import HOST, Browser, base64url, posted
from tests.keeper.pages.test_demo_page import LINK, write_demo
from tests.keeper.world import Rows, World
from tests.property.near_misses import PLANTED, json_near

PEOPLE = ("ada", "cleo", "ben", "sam", "eve", "nobody")
KINDS = (
    *("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""),
    *("multipart/form-data; boundary=x", "application/json; charset=utf-7", "a" * 5000),
    *("application/json; charset=none", "application/json, application/json", "\x00"),
)
SEARCHED = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck)
)
SIGNED = frozenset({"sign-in.refused"})
ENDED = frozenset({"session.ended"})


@dataclass
class Stage:
    """A list with a planted address, a request on it, a consent and a link."""

    world: World
    rows: Rows
    copy: m.RequestView
    look: m.RequestView
    link: str

    def signature(self) -> dict[str, str]:
        """Sign as an owner who is none of those who post it."""
        signed = self.world.statement("amir", self.copy, "approve")
        return {**posted(self.world, "amir", signed), "rows": "5"}

    def sign_in(self) -> dict[str, str]:
        """Sign a sign-in, and say that it was somebody else."""
        nonce = sessions.begin_sign_in(self.world.gate, now=self.world.now).nonce
        signed = self.world.meet("amir").sign_in(
            keeper=KEEPER, service=DIRECT, nonce=nonce
        )
        return posted(self.world, "ben", signed)


@dataclass(frozen=True)
class Address:
    """Where something is posted, what would fit, and what may be recorded of it."""

    place: Callable[[Stage], str]
    fits: Callable[[Stage], Mapping[str, Any]] = lambda _: {}
    records: frozenset[str] = frozenset()


def at(place: str) -> Callable[[Stage], str]:
    return lambda _: place


def of_link(stage: Stage) -> dict[str, Any]:
    return {"link": stage.link}


def of_key(stage: Stage) -> dict[str, Any]:
    return {"link": stage.link, "client_data": "e30", "attestation_object": "oA"}


def rows_of(stage: Stage) -> dict[str, str]:
    return {"rows": base64url(encode(stage.rows.batch(0)))}


# What each field of a form is called in the body, and something that would fit it.
SUBJECTS: dict[str, Callable[[Stage], dict[str, str]]] = {
    "id": lambda _: {"id": "s_abcdefghijkl"},
    "name": lambda _: {"name": "printer"},
    "public_key": lambda _: {"public_key": str(Identity.generate().to_public())},
    "kind": lambda _: {"kind": "app"},
    "verifier": lambda _: {"verifier": "ab" * 32},
    "recipient": lambda _: {"id": WAREHOUSE},
    "person": lambda stage: {"id": stage.world.meet("ben").person},
    "service": lambda _: {"id": SERVICES["app"][0]},
    "waiting": lambda stage: {"id": stage.world.meet("ada").person},
    "words": lambda stage: {"words": six_words(stage.world.meet("ada").keys)},
    "helpers": lambda stage: {
        "recovery": " ".join(stage.world.meet(each).person for each in ("amir", "ivan"))
    },
    "people": lambda _: {"people": "all"},
    "until": lambda _: {"hours": "24"},
    "consent": lambda _: {"id": CONSENT},
    "classes": lambda _: {"classes": "export+reveal"},
}


def asking(name: str) -> Callable[[Stage], dict[str, Any]]:
    def fits(stage: Stage) -> dict[str, Any]:
        facts = {
            "list": stage.rows.list_id,
            "selection": "all",
            "cap": "5",
            "recipient": WAREHOUSE,
            "tokens": stage.rows.token(0),
        }
        wanted = FORMS[name].fields if name in FORMS else ()
        subject: dict[str, str] = {}
        for field in FORMS[name].subject if name in FORMS else ():
            subject |= SUBJECTS[field](stage)
        told = {field: facts[field] for field in wanted}
        if subject:
            return {**told, "purpose": "a call", "hours": "24", "subject": subject}
        return {**told, "purpose": "a call", "hours": "24", "tenant": ""}

    return fits


ADDRESSES: dict[str, list[Address]] = {
    "": [Address(at("/"))],
    "alive": [Address(at("/alive"))],
    "sign-in": [Address(at("/sign-in"), Stage.sign_in, SIGNED)],
    "sign-out": [Address(at("/sign-out"), records=ENDED)],
    "authorize": [
        Address(
            lambda stage: Program.of_dock(stage.world).begun.authorize_url(""),
            Stage.sign_in,
            SIGNED,
        ),
        Address(at(f"/authorize?client={PLANTED}&state=%ff"), Stage.sign_in),
    ],
    "demo": [Address(at("/demo"), lambda _: {"link": LINK})],
    "requests/<request>": [Address(lambda stage: f"/requests/{stage.copy.id}")],
    "requests/<request>/sign": [
        Address(
            lambda stage: f"/requests/{stage.copy.id}/sign",
            Stage.signature,
            frozenset({"statement.refused"}),
        )
    ],
    "reveal/<request>": [
        Address(
            lambda stage: f"/reveal/{stage.look.id}",
            rows_of,
            frozenset({"release.refused"}),
        )
    ],
    "ask": [Address(at("/ask"))],
    "ask/<str:name>": [
        Address(at(f"/ask/{name}"), asking(name))
        for name in (*FORMS, "person.add", PLANTED, "%00", "a" * 3000)
    ],
    "enrol": [Address(at("/enrol"), of_link)],
    "enrol/statement": [Address(at("/enrol/statement"), of_key)],
    "enrol/key": [
        Address(
            at("/enrol/key"),
            lambda stage: {**of_key(stage), "proof": stage.signature()},
        )
    ],
    "enrol/finish": [Address(at("/enrol/finish"), of_link)],
    "enrol/vouch": [
        Address(
            at("/enrol/vouch"),
            lambda stage: {**of_link(stage), "signature": stage.signature()},
        )
    ],
    "enrol/founded": [Address(at("/enrol/founded"), lambda _: {"genesis": "ab" * 32})],
    "invitations": [
        Address(
            at("/invitations"),
            lambda _: {"role": "marketer", "name": "nora", "tenant": "", "team": ""},
            frozenset({"enrolment.opened"}),
        ),
        Address(
            at("/invitations"),
            lambda stage: {"person": stage.world.meet("ben").person},
            frozenset({"enrolment.opened"}),
        ),
    ],
    "invitations/ask": [
        Address(
            at("/invitations/ask"),
            lambda stage: {
                "enrolment": stage.link.partition(".")[0],
                "purpose": "a call",
                "second": "",
            },
        )
    ],
    "me": [Address(at("/me"))],
    "me/sessions/end": [
        Address(at("/me/sessions/end"), lambda _: {"session": "n_aaaaaaaaaaaa"}, ENDED)
    ],
    "static/<str:name>": [Address(at("/static/seal.js"))],
    "*": [Address(at(f"/{PLANTED}")), Address(at("/.well-known/webauthn"))],
}
OPEN = frozenset(  # to whoever comes, signed in or not
    {"alive", "demo", "sign-in", "authorize", "static/<str:name>", "*"}
    | {name for name in ADDRESSES if name.startswith("enrol")}
)
CASES = [
    pytest.param(name, address, id=f"{name or '/'}-{number}")
    for name, addresses in ADDRESSES.items()
    for number, address in enumerate(addresses)
]


def names_of_all() -> Iterator[str]:
    for pattern in urls.urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.callback is urls.refuse_unknown:
            yield "*"
        else:
            text = str(pattern.pattern).strip("^$")
            yield text.replace("(?P<name>r_[a-z2-7]{12})", "<request>")


@pytest.fixture
def stage(served: World, tmp_path: Path) -> Iterator[Stage]:
    made = served.create_list("news", by="ada")
    ticket = served.start_import("ada", made.id).ticket
    rows = served.rows_of(made.id, [PLANTED], served.seal(ticket, [PLANTED]))
    served.finish(ticket)
    give_consent(served, "sam")
    with override_settings(DEMO_FILE=write_demo(tmp_path / "browser.json")):
        yield Stage(
            world=served,
            rows=rows,
            copy=served.ask_export("ben", rows, 5),
            look=served.ask_reveal("ben", rows, 0)[0],
            link=link_of(invite(served, "ada", "nora", "marketer")).partition("#")[2],
        )


class Posting:
    """Browsers that post raw bytes; who is signed out signs in again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.browsers: dict[str, Browser] = {}

    def post(
        self, who: str, path: str, body: bytes, kind: str, *, has_token: bool = True
    ) -> tuple[int, str]:
        browser = self._browser(who)
        token = form_token(browser.token) if has_token else PLANTED
        response: Any = browser.client.generic(
            "POST",
            path,
            body,
            content_type=kind,
            headers={
                "Host": HOST,
                "Origin": SEAL,
                "Sec-Fetch-Site": "same-origin",
                "X-Listkeep-Form": token,
            },
        )
        return response.status_code, b"".join(response).decode()

    def forget(self) -> None:
        self.browsers.clear()

    def _browser(self, who: str) -> Browser:
        if who not in self.browsers:
            if who != "nobody":
                self.world.login(who, DIRECT)
            self.browsers[who] = Browser(self.world, "" if who == "nobody" else who)
        return self.browsers[who]


def test_every_address_is_posted_to() -> None:
    assert set(ADDRESSES) == set(names_of_all())
    asked = {str(each.place) for each in ADDRESSES["ask/<str:name>"]}
    assert len(asked) == len(FORMS) + 4
    assert set(SUBJECTS) == {field for form in FORMS.values() for field in form.subject}


@pytest.mark.parametrize("name", FORMS)
def test_what_fits_is_taken_from_somebody(stage: Stage, name: str) -> None:
    """Otherwise what is bent of it would be refused before anybody read it."""
    browsers = [Browser(stage.world, who) for who in ("ada", "cleo")]
    body = asking(name)(stage)

    told = [browser.post(f"/ask/{name}", body) for browser in browsers]

    taken = 409 if name == "person.confirm" else 200  # Ada was confirmed long ago
    assert taken in [each.status for each in told], [each.text for each in told]


@pytest.mark.parametrize(("name", "address"), CASES)
def test_nothing_that_is_posted_is_an_accident(
    stage: Stage,
    name: str,
    address: Address,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    posting = Posting(stage.world)
    place, fits = address.place(stage), address.fits(stage)
    for who in PEOPLE:  # so that no sign-in is counted for something posted
        posting.post(who, "/alive", b"", "text/plain")

    @SEARCHED
    @given(
        body=json_near(fits),
        who=st.sampled_from(PEOPLE),
        kind=st.just("application/json") | st.sampled_from(KINDS),
        has_token=st.sampled_from((True, True, True, False)),
    )
    def search(body: bytes, who: str, kind: str, *, has_token: bool) -> None:
        before = Entry.objects.count()
        status, text = posting.post(who, place, body, kind, has_token=has_token)

        assert status < 500, text
        assert PLANTED not in text
        if name not in OPEN and (who == "nobody" or not has_token):
            assert status in (400, 403), text
            assert Entry.objects.count() == before
        if Entry.objects.count() > before:
            said = {entry["event"] for entry in stage.world.entries()[before:]}
            assert said <= address.records
            if "session.ended" in said:
                posting.forget()
                for each in PEOPLE:
                    posting.post(each, "/alive", b"", "text/plain")

    search()
    said = [each for each in caplog.records if each.name != "django.request"]
    assert PLANTED not in "".join(each.getMessage() for each in said)
    assert PLANTED not in "".join(capsys.readouterr())
