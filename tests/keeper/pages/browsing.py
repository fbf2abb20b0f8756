"""A browser as the server meets it: it says where a request comes from."""

import html
import json
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from django.test import Client

from listkeep.keeper.pages.visits import COOKIE, form_token
from listkeep.wire import messages as m
from tests.keeper.instance import SEAL
from tests.keeper.world import World

HOST = SEAL.partition("://")[2]


@dataclass(frozen=True)
class Told:
    """What came back."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        return str(self.json["code"])

    @property
    def goes_to(self) -> str:
        return self.headers.get("Location") or str(self.json["go"])

    @property
    def plain(self) -> str:
        """The words of a page, without its tags."""
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", self.text)))


class Browser:
    """Somebody's browser; signed in unless nobody is named."""

    def __init__(self, world: World, name: str = "") -> None:
        self.world = world
        self.name = name
        self.client = Client(raise_request_exception=False)
        self.token = world.session(name) if name else ""
        if name:
            self.client.cookies[COOKIE] = self.token

    def get(self, path: str, *, site: str = "same-origin", **headers: str) -> Told:
        """Follow a link; by default one of our own pages."""
        return self.send("GET", path, site=site, **headers)

    def post(
        self,
        path: str,
        body: object = None,
        *,
        site: str = "same-origin",
        origin: str = SEAL,
        form: str | None = None,
        **headers: str,
    ) -> Told:
        """Post as the page's own script does, but for what is changed."""
        token = form_token(self.token) if form is None else form
        headers = {"Origin": origin, "X-Listkeep-Form": token, **headers}
        return self.send("POST", path, body or {}, site=site, **headers)

    def send(
        self, method: str, path: str, body: object = None, *, site: str, **headers: str
    ) -> Told:
        given = {"Host": HOST, "Sec-Fetch-Site": site, **headers}
        response: Any = self.client.generic(
            method,
            path,
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={name: value for name, value in given.items() if value},
        )
        text = b"".join(response).decode(errors="replace")
        return Told(response.status_code, dict(response.headers), text)

    def sign(
        self, view: m.RequestView, decision: str, *, rows: str = "", by: str = ""
    ) -> Told:
        """Sign on the request's page; ``by`` with whose passkey."""
        assertion = self.world.statement(by or self.name, view, decision)
        body = posted(self.world, by or self.name, assertion) | {"rows": rows}
        return self.post(f"/requests/{view.id}/sign", body)


def posted(world: World, name: str, assertion: m.Assertion) -> dict[str, str]:
    """Spell an assertion as the page's script posts it."""
    return {
        "credential": world.meet(name).credential,
        "statement": assertion.statement.decode(),
        "authenticator_data": base64url(assertion.authenticator_data),
        "client_data": base64url(assertion.client_data),
        "signature": base64url(assertion.signature),
    }


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
