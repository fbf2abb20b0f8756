"""Somebody with a browser of their own and their passkey in it.

The authenticator is Chromium's virtual one; it holds the key that was enrolled for
this person, so everything behind it is the real thing.
"""

import base64
import re
from typing import Any, Self

from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from listkeep.drill.people import RP_ID, SoftwarePerson
from tests.pages.house import House
from tests.pages.walking import COOKIES, carriers, doors

_OPTIONS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
# What the browser itself says about an answer that was a refusal, and about passkeys
# without RSA, of which the keeper takes none.
_EXPECTED = re.compile(
    "Failed to load resource: the server responded with a status of"
    "|publicKey.pubKeyCredParams is missing at least one of the default"
)


class Window:
    """One browser context of somebody, with a virtual authenticator."""

    def __init__(self, origin: str, browser: Browser) -> None:
        self.origin = origin
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        self.complaints: list[str] = []
        self.posts: list[tuple[str, Any]] = []
        self.page = self.open_tab()

    def open_tab(self) -> Page:
        """Open a tab in which the passkey can be used."""
        page = self.context.new_page()
        page.set_default_timeout(30_000)  # as long as for `expect`
        page.on("pageerror", lambda error: self.complaints.append(error.message))
        page.on("console", lambda said: self._listen(said.type, said.text))
        page.on("request", self._notice)
        self.devtools = self.context.new_cdp_session(page)
        self.devtools.send("WebAuthn.enable")
        self.plug_in([])
        return page

    def plug_in(self, credentials: list[dict[str, Any]]) -> None:
        """Connect an authenticator with these passkeys in it."""
        made = self.devtools.send(
            "WebAuthn.addVirtualAuthenticator", {"options": _OPTIONS}
        )
        self.authenticator = made["authenticatorId"]
        for credential in credentials:
            self.devtools.send(
                "WebAuthn.addCredential",
                {"authenticatorId": self.authenticator, "credential": credential},
            )

    def unplug(self) -> list[dict[str, Any]]:
        """Take the authenticator away; gives the passkeys that are in it."""
        at = {"authenticatorId": self.authenticator}
        found = self.devtools.send("WebAuthn.getCredentials", at)
        self.devtools.send("WebAuthn.removeVirtualAuthenticator", at)
        return list(found["credentials"])

    def leave(self) -> None:
        """Close the browser."""
        self.context.close()

    def sign_in(self) -> Self:
        self.page.goto(self.origin)
        self.page.get_by_role("button", name="Use my passkey").click()
        expect(self.page.get_by_role("link", name="Inbox")).to_be_visible()
        self.page.wait_for_load_state()
        return self

    def carry(self, building: str, origin: str, session: str) -> None:
        """Come to a building's start with a session that was begun elsewhere."""
        if session:
            cookie = {
                "name": COOKIES[building],
                "value": session,
                "url": origin,
                "path": "/",
                "secure": True,
                "httpOnly": True,
                "sameSite": "Strict",
            }
            assert self.devtools.send("Network.setCookie", cookie)["success"]
        self.page.goto(origin)

    def ask_reveal(self, tokens: list[str]) -> str:
        """Ask for rows on this screen, and sign."""
        self.page.get_by_role("link", name="Ask", exact=True).click()
        self.page.get_by_role("link", name="See addresses").click()
        self.page.get_by_label("Tokens").fill("\n".join(tokens))
        self.page.get_by_label("Why").fill("two people called")
        self.page.get_by_role("button", name="Write the terms").click()
        self.page.get_by_role("button", name="Sign and ask").click()
        expect(self.state()).to_have_text("granted")
        return self.page.url.rpartition("/")[2]

    def press_passkey(self) -> None:
        self.page.get_by_role("button", name="Use my passkey").click()

    def open(self, request: str) -> Self:
        """Go to a request the only way there is: from the inbox."""
        self.page.get_by_role("link", name="Inbox").click()
        self.page.locator(f'a[href="/requests/{request}"]').click()
        expect(self.page.locator("#request")).to_have_attribute("data-request", request)
        self.page.wait_for_load_state()  # until then the script has heard no key
        return self

    def approve(self, rows: str) -> None:
        self.page.keyboard.press("a")
        self.page.get_by_label("How many rows may leave at most?").fill(rows)
        self.page.keyboard.press("Enter")

    def state(self) -> Locator:
        """The state of the request on the page."""
        return self.page.locator(".headline .tag")

    def alert(self) -> Locator:
        """What the page complains about."""
        return self.page.get_by_role("alert")

    # --- what attackers do ----------------------------------------------------

    def go_elsewhere(self, url: str, body: str = "<h1>elsewhere</h1>") -> Page:
        """Open a page of another origin in this tab."""
        fake = f"<!doctype html><meta charset=utf-8><title>x</title>{body}"

        def answer(route: Route) -> None:
            route.fulfill(body=fake, content_type="text/html")

        self.page.route(f"{url}/**", answer)
        self.page.goto(f"{url}/")
        return self.page

    def catch(self, place: str) -> list[str]:
        """Read what goes to an address, and let nothing arrive there."""
        caught: list[str] = []

        def keep(route: Route) -> None:
            caught.append(route.request.url)
            route.fulfill(body="<h1>caught</h1>", content_type="text/html")

        self.page.route(lambda url: url.startswith(place), keep)
        return caught

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Post as the page's own script would."""
        told = self.page.evaluate(
            """async ([path, body]) => {
                const answer = await fetch(path, {
                    method: "POST",
                    headers: {
                        "content-type": "application/json",
                        "x-listkeep-form": document.body.dataset.form ?? "",
                    },
                    body: JSON.stringify(body),
                });
                return answer.json();
            }""",
            [path, body],
        )
        return dict(told)

    # --- within ---------------------------------------------------------------

    def _listen(self, kind: str, words: str) -> None:
        if kind in ("error", "warning") and not _EXPECTED.match(words):
            self.complaints.append(words)

    def _notice(self, request: Request) -> None:
        if request.method == "POST":
            self.posts.append((request.url, request.post_data_json))


class Visitor(Window):
    """Somebody of the house, with the passkey that was enrolled for them."""

    def __init__(self, house: House, browser: Browser, name: str) -> None:
        self.house = house
        self.name = name
        self.person = SoftwarePerson.load(house.instance.people, name)
        super().__init__(house.origin, browser)

    def open_tab(self) -> Page:
        """Open a tab in which the passkey can be used."""
        page = super().open_tab()
        self._add_passkey()
        return page

    def sign_in(self) -> Self:
        """Be signed in at the keeper, as most of what is tried there begins."""
        return self.begin_at("keeper")

    def sign_in_by_passkey(self) -> Self:
        """Sign in on the keeper's page itself."""
        return super().sign_in()

    def begin_at(self, building: str) -> Self:
        """Be signed in to a building's pages."""
        self.remember_count()
        instance = self.house.instance
        service = carriers(instance)[building]
        session = self.house.stage.start_session(self.name, service)
        self.unplug()  # its counter went on elsewhere
        self.plug_in([])
        self._add_passkey()
        self.carry(building, doors(instance)[building][0], session)
        return self

    def leave(self) -> None:
        """Close the browser."""
        self.remember_count()
        super().leave()

    def begin_at_dock(self) -> str:
        """Press the dock's button; give the keeper's page it leads to."""
        self.page.goto(f"{self.house.drop}/sign-in")
        self.page.get_by_role("button", name="Go to the keeper").click()
        expect(self.page.get_by_role("heading", name="Sign in to dock")).to_be_visible()
        return self.page.url

    def enter_dock(self) -> Self:
        """Sign in to the dock's pages."""
        self.begin_at_dock()
        self.press_passkey()
        self.page.wait_for_url(f"{self.house.drop}/")
        return self

    def remember_count(self) -> None:
        """Let whoever uses this passkey next know how often it signed."""
        found = self.devtools.send(
            "WebAuthn.getCredentials", {"authenticatorId": self.authenticator}
        )
        count = max(each["signCount"] for each in found["credentials"])
        self._count_file.write_text(str(max(count, self._count)))

    def ask_passkey(self, challenge: bytes) -> dict[str, str]:
        """Have whatever page this is ask for a signature in the keeper's name."""
        return dict(
            self.page.evaluate(
                ASK,
                {
                    "rpId": RP_ID,
                    "challenge": list(challenge),
                    "id": list(_bytes_of(self.person.credential)),
                },
            )
        )

    @property
    def _count_file(self) -> Any:
        return self.person.path.with_suffix(".count")

    @property
    def _count(self) -> int:
        return int(self._count_file.read_text()) if self._count_file.exists() else 0

    def _add_passkey(self) -> None:
        key = self.person.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        credential = {
            "credentialId": _base64(_bytes_of(self.person.credential)),
            "isResidentCredential": True,
            "rpId": RP_ID,
            "privateKey": _base64(key),
            "userHandle": _base64(self.person.person.encode()),
            "signCount": self._count + 1,
        }
        self.devtools.send(
            "WebAuthn.addCredential",
            {"authenticatorId": self.authenticator, "credential": credential},
        )


ASK = """async ({ rpId, challenge, id }) => {
    const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)))
        .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    try {
        const found = await navigator.credentials.get({ publicKey: {
            rpId,
            challenge: new Uint8Array(challenge),
            allowCredentials: [{ type: "public-key", id: new Uint8Array(id) }],
            userVerification: "required",
            timeout: 5000,
        } });
        return {
            credential: text(found.rawId),
            authenticator_data: text(found.response.authenticatorData),
            client_data: text(found.response.clientDataJSON),
            signature: text(found.response.signature),
        };
    } catch (error) {
        return { refused: error.name };
    }
}"""


def _bytes_of(base64url: str) -> bytes:
    return base64.urlsafe_b64decode(base64url + "=" * (-len(base64url) % 4))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
