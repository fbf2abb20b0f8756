"""A browser in few words: cookies, forms, and what it says of where they come from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings
from django.test import Client

from tests.dock.conftest import Api
from tests.fakes.keeper import FakeKeeper

ORIGIN = settings.LISTKEEP_DROP_ORIGIN
SEAL = settings.LISTKEEP_SEAL_ORIGIN
BOUNDARY = "----WebKitFormBoundarytesttesttesttest"


@dataclass(frozen=True)
class Page:
    """What a browser was given."""

    status: int
    content: bytes
    headers: Mapping[str, str]
    cookies: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.content.decode()

    @property
    def words(self) -> str:
        """What a person reads."""
        return " ".join(unescape(re.sub("<[^>]*>", " ", self.text)).split())

    @property
    def location(self) -> str:
        return self.headers["location"]

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, f"no field {name}"
        return unescape(found[1])


@dataclass
class Browser:
    """One browser profile: it keeps cookies and follows the rules of its headers."""

    keeper: FakeKeeper
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Page:
        told = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        return self.send("GET", path, {**told, "Sec-Fetch-Site": "none", **headers})

    def post(
        self, path: str, fields: Mapping[str, str] | None = None, **headers: str
    ) -> Page:
        """Send a form of one's own page; headers say otherwise."""
        body = urlencode(fields or {}).encode()
        kind = "application/x-www-form-urlencoded"
        return self.send("POST", path, {**self.own(), **headers}, body, kind)

    def submit(self, page: Page, path: str, **fields: str) -> Page:
        """Send a form as the page has it."""
        return self.post(path, {"token": page.field("token"), **fields})

    def upload(
        self, path: str, fields: Mapping[str, str], content: bytes, **more: str
    ) -> Page:
        body = multipart(fields, content, name=more.pop("file_name", "people.csv"))
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return self.send("POST", path, {**self.own(), **more}, body, kind)

    @staticmethod
    def own() -> dict[str, str]:
        return {
            "Origin": ORIGIN,
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
        }

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        kind: str = "",
    ) -> Page:
        client = Client(raise_request_exception=False)
        sent = {"Host": urlsplit(ORIGIN).netloc, **headers}
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            sent["Cookie"] = "; ".join(pairs)
        response = client.generic(
            method,
            path,
            body,
            content_type=kind,
            headers={name: value for name, value in sent.items() if value},
            CONTENT_LENGTH=str(len(body)),
            CONTENT_TYPE=kind,  # also of an empty form
        )
        content = response.getvalue()
        response.close()
        set_now = {
            name: morsel.output(header="") for name, morsel in response.cookies.items()
        }
        for name, morsel in response.cookies.items():
            self.cookies.pop(name, None)
            if morsel.value:
                self.cookies[name] = morsel.value
        return Page(response.status_code, content, response.headers, set_now)

    # --- what takes more than one step ---

    def begin(self) -> dict[str, str]:
        """Press the button; give what the keeper's page is told."""
        address = urlsplit(self.post("/sign-in").location)
        assert f"{address.scheme}://{address.netloc}" == SEAL
        return {name: value for name, [value] in parse_qs(address.query).items()}

    def come_back(self, code: str, state: str) -> Page:
        query = urlencode({"code": code, "state": state})
        return self.get(f"/signed-in?{query}", **{"Sec-Fetch-Site": "cross-site"})

    def code_for(self, person: Api, told: Mapping[str, str]) -> str:
        """Have somebody sign on the keeper's page."""
        assert person.caller is not None
        return self.keeper.issue_code(
            person.caller.session, challenge=told["challenge"], client=told["client"]
        )

    def sign_in(self, person: Api) -> "Browser":
        told = self.begin()
        page = self.come_back(self.code_for(person, told), told["state"])
        assert page.status == 200, page.words
        return self


def multipart(
    fields: Mapping[str, str], content: bytes, *, name: str, boundary: str = BOUNDARY
) -> bytes:
    """Write a form as browsers do."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'
        f"{value}\r\n"
        for key, value in fields.items()
    ]
    quoted = name.replace('"', "%22")
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
        f'filename="{quoted}"\r\nContent-Type: text/csv\r\n\r\n'
    )
    end = f"\r\n--{boundary}--\r\n"
    return "".join(parts).encode() + content + end.encode()


@pytest.fixture(autouse=True)
def _service_key(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home / "dock.key"
    path.write_text("lkk_s_dockdockdock_secret\n")
    path.chmod(0o600)
    monkeypatch.setattr(settings, "LISTKEEP_SERVICE_KEY_FILE", path)


@pytest.fixture
def browser(keeper: FakeKeeper) -> Browser:
    return Browser(keeper)


@pytest.fixture
def bens(keeper: FakeKeeper, ben: Api) -> Browser:
    """A browser in which Ben is signed in."""
    return Browser(keeper).sign_in(ben)


@pytest.fixture
def eves(keeper: FakeKeeper, eve: Api) -> Browser:
    return Browser(keeper).sign_in(eve)
