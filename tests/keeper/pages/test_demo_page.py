"""The passkeys of a kept demo: for who has the link, and in profile demo alone."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from listkeep.keeper.pages.assets import assets
from listkeep.keeper.project import pages
from tests.keeper.edge import set_clock
from tests.keeper.pages.browsing import Browser
from tests.keeper.world import World

LINK = "a-link-that-nobody-guesses"
BEN = {
    "name": "ben",
    "role": "marketer of acme",
    "about": "imports",
    "credential": "Y3JlZA",
    "key": "a2V5",
}
SCRIPT = "/static/demo.js"


def write_demo(path: Path) -> Path:
    """Write what `listkeep demo --keep` leaves."""
    path.write_text(
        json.dumps(
            {
                "verifier": hashlib.sha256(LINK.encode()).hexdigest(),
                "people": [BEN],
                "file": "var/demo/files/new.csv",
                "letter": "var/demo/files/summer.eml",
            }
        )
    )
    return path


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """What a kept demo has beside it, in force."""
    path = write_demo(tmp_path / "browser.json")
    with override_settings(DEMO_FILE=path):
        yield path


@pytest.fixture
def production(empty: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Nobody's browser before an instance of the production profile."""
    empty.found("production")
    empty.restart()
    set_clock(monkeypatch, empty.clock)
    names = ("ROOT_URLCONF", "MIDDLEWARE", "ALLOWED_HOSTS", "TEMPLATES")
    with override_settings(**{name: getattr(pages, name) for name in names}):
        yield Browser(empty)


def test_who_has_the_link_gets_the_passkeys(nobody: Browser, file: Path) -> None:
    page = nobody.get("/demo", site="none")

    assert page.status == 200
    assert "var/demo/files/new.csv" in page.text
    assert "a2V5" not in page.text
    assert nobody.post("/demo", {"link": LINK}).json == {"people": [BEN]}


def test_every_page_of_a_demo_signs_with_them(nobody: Browser, file: Path) -> None:
    integrity = assets()["demo.js"].integrity

    assert f'{SCRIPT}" integrity="{integrity}"' in nobody.get("/sign-in").text
    assert nobody.get(SCRIPT).text.encode() == assets()["demo.js"].data


def test_an_instance_nobody_kept_has_no_such_page(nobody: Browser) -> None:
    assert nobody.get("/demo").status == 404
    assert nobody.post("/demo", {"link": LINK}).status == 404
    assert nobody.get(SCRIPT).status == 404
    assert SCRIPT not in nobody.get("/sign-in").text


# --- what attackers try --------------------------------------------------------------


@pytest.mark.parametrize("link", ["", LINK[:-1], f"{LINK} ", "ü", "0" * 64])
def test_somebody_guesses_the_link(nobody: Browser, file: Path, link: str) -> None:
    told = nobody.post("/demo", {"link": link})

    assert (told.status, told.code) == (403, "not-permitted")
    assert "a2V5" not in told.text


def test_another_origin_fetches_the_passkeys(nobody: Browser, file: Path) -> None:
    told = nobody.post(
        "/demo", {"link": LINK}, origin="http://evil.example", site="cross-site"
    )

    assert told.status == 403
    assert "a2V5" not in told.text


def test_somebody_plants_the_file_where_software_does_not_count(
    production: Browser, file: Path
) -> None:
    """Whoever can write a file there still makes nobody's passkey count."""
    assert production.get("/demo", site="none").status == 404
    assert production.post("/demo", {"link": LINK}).status == 404
    assert production.get(SCRIPT).status == 404
    assert SCRIPT not in production.get("/sign-in").text


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", b'{"people": []}'])
def test_a_file_that_is_none_is_no_demo(
    nobody: Browser, file: Path, data: bytes
) -> None:
    file.write_bytes(data)

    assert nobody.get("/demo").status == 404
    assert nobody.get("/sign-in").status == 200
