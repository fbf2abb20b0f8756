"""Walk through all addresses of the pages as somebody, without a browser.

What comes back is told in one word, the same for the three buildings: a table of who
may is made of these words.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_environment
from listkeep.drill.stage import DIRECT

_URLS = {
    "console": ("listkeep.console.project.settings", "listkeep.console.desk.urls"),
    "dock": ("listkeep.dock.project.settings", "listkeep.dock.pages.urls"),
    "keeper": ("listkeep.keeper.project.pages", "listkeep.keeper.pages.urls"),
}
_LIST = """
import importlib, json, django, sys
django.setup()
urls = importlib.import_module(sys.argv[1])
print(json.dumps([str(each.pattern) for each in urls.urlpatterns]))
"""
COOKIES = {"console": "__Host-app", "dock": "__Host-drop", "keeper": "__Host-listkeep"}
_SLOT = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")
_FORM = re.compile(r'(?:name="token" value|data-form)="(\w+)"')
_WITH_FILES = ("/check", "/run", "/shelve")
_FILE = ("file.csv", b"E-mail\n", "text/csv")
SIGN_IN, UNKNOWN, NO, YES, FORM, NOT_TAKEN = (
    *("sign in", "unknown", "no", "yes", "form"),
    "-",
)


def addresses(building: str, home: Path) -> Iterator[str]:
    """List every address of a building's pages, as its own patterns write them."""
    settings, module = _URLS[building]
    listed = subprocess.run(
        [sys.executable, "-c", _LIST, module],
        env={**own_environment(home), "DJANGO_SETTINGS_MODULE": settings},
        capture_output=True,
        check=True,
    )
    patterns = json.loads(listed.stdout)
    if building == "keeper":
        assert patterns.pop() == ""  # the last one takes whatever is no page
    for pattern in patterns:
        path = _SLOT.sub(lambda found: f"{{{found[1] or found[2]}}}", pattern)
        yield f"/{path.strip('^$')}"


@dataclass
class Walker:
    """Somebody at one building, signed in or not."""

    building: str
    origin: str
    port: int
    session: str = ""
    client: httpx.Client = field(init=False)
    tokens: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def __post_init__(self) -> None:
        """Prepare the connection; host names of a demo are all this machine."""
        # A building that refuses a form unread closes the line, as a next page begins.
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def go(self, method: str, path: str, fields: dict[str, str]) -> str:
        """Open a page, or send its form; gives one word."""
        if method == "GET":
            answer = self.client.get(path, headers=self._headers())
            return NOT_TAKEN if answer.status_code == 400 else self._word(answer)
        return self._word(self._post(path, fields))

    def _post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form as the building's own page would."""
        token = self._token()
        headers = {**self._headers(), "origin": self.origin}
        if self.building == "keeper":
            headers |= {"x-listkeep-form": token, "content-type": "application/json"}
            content = json.dumps(fields)
            return self.client.post(path, content=content, headers=headers)
        files = {"file": _FILE} if path.endswith(_WITH_FILES) else None
        data = {"token": token, **fields}
        return self.client.post(path, data=data, files=files, headers=headers)

    def _token(self) -> str:
        """Read it from the start page, once for a session: it is the same on all."""
        if self.session not in self.tokens:
            found = _FORM.search(self.client.get("/", headers=self._headers()).text)
            self.tokens[self.session] = found[1] if found else ""
        return self.tokens[self.session]

    def _headers(self) -> dict[str, str]:
        cookie = f"{COOKIES[self.building]}={self.session}" if self.session else ""
        return {
            "host": self.origin.partition("://")[2],
            "cookie": cookie,
            "sec-fetch-site": "same-origin",
        }

    def _word(self, answer: httpx.Response) -> str:
        if answer.status_code == 401 or answer.headers.get("location") == "/sign-in":
            return SIGN_IN
        if answer.status_code == 403:
            return NO
        if answer.status_code in (404, 405):
            return UNKNOWN if answer.status_code == 404 else NOT_TAKEN
        if answer.status_code == 400:
            return FORM
        assert answer.status_code < 500, f"{answer.request.url} {answer.status_code}"
        return YES


def doors(instance: Instance) -> dict[str, tuple[str, int]]:
    """Where the pages of each building are."""
    app = instance.app
    assert app is not None
    dock = int(instance.config.dock.rpartition(":")[2])
    return {
        "console": (app.app_origin, app.port),
        "dock": (instance.drop.drop_origin, dock),
        "keeper": (instance.seal.seal_origin, instance.seal.port),
    }


def carriers(instance: Instance) -> dict[str, str]:
    """The service that carries a session at each building."""
    key = (instance.home / "console.key").read_text()
    return {
        "console": key[4:18],
        "dock": instance.config.dock_service,
        "keeper": DIRECT,
    }
