"""From an empty folder to a copy in the recipient's hands: one command, then pages.

Cleo and Cyrus found the instance, Ada and Amir own the tenant that copies a part of
its list to a printer. Each has a browser; nobody has a terminal.
"""

import csv
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
from playwright.sync_api import Browser, expect

from listkeep.cli.running.children import own_command, own_environment
from tests.pages.guest import (
    Guest,
    approve,
    begin,
    invite,
    sign_beginning,
)
from tests.ports import find_port

ROWS = "email,plan\n" + "".join(
    f"person{number}@example.com,{'pro' if number % 2 else 'free'}\n"
    for number in range(40)
)


@dataclass
class Place:
    """What ``listkeep up`` printed in an empty folder."""

    seal: str
    drop: str
    links: list[str]
    is_open: threading.Event  # the pages behind the links are
    has_begun: threading.Event


@pytest.fixture
def place(chromium: Browser) -> Iterator[Place]:
    """Run ``listkeep up`` where nothing is."""
    del chromium  # without it there is nothing to start for
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    port, seal_port = find_port(), find_port()
    ports = (
        *("--port", str(port), "--seal-port", str(seal_port)),
        *("--app-port", str(find_port())),
    )
    up = subprocess.Popen(
        own_command("up", *ports),
        env={**own_environment(folder / "var"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert up.stdout is not None
    place = Place(
        seal=f"http://seal.localhost:{seal_port}",
        drop=f"http://drop.localhost:{port}",
        links=[up.stdout.readline().split()[1] for _ in range(2)],
        is_open=threading.Event(),
        has_begun=threading.Event(),
    )
    watcher = threading.Thread(target=_watch, args=(up, place))
    watcher.start()
    assert place.is_open.wait(60)
    yield place
    up.terminate()
    watcher.join(timeout=30)
    assert up.wait(timeout=30) == 0
    for pipe in (up.stdout, up.stderr):
        assert pipe is not None
        pipe.close()
    shutil.rmtree(folder, ignore_errors=True)


def _watch(up: subprocess.Popen[str], place: Place) -> None:
    assert up.stderr is not None
    for line in up.stderr:
        if "the pages for that are at" in line:
            place.is_open.set()
        if "logs are in" in line:
            place.has_begun.set()


@pytest.fixture
def come(place: Place, chromium: Browser) -> Iterator[Callable[[], Guest]]:
    """Give somebody a browser of their own."""
    guests: list[Guest] = []

    def enter() -> Guest:
        guests.append(Guest(place.seal, chromium))
        return guests[-1]

    yield enter
    for guest in guests:
        guest.leave()
    assert [words for guest in guests for words in guest.complaints] == []


def test_two_people_and_two_owners_go_from_nothing_to_a_copy(
    place: Place, come: Callable[[], Guest], tmp_path: Path
) -> None:
    cleo, cyrus, ada, amir = (come() for _ in range(4))
    _found(place, cleo, cyrus)
    _found_tenant(cleo, cyrus, {"ada": ada, "amir": amir})
    _open_list(place, ada, tmp_path / "audience.csv")

    printer = pyrage.x25519.Identity.generate()
    _ask(
        ada,
        "Enrol a recipient",
        {"Name": "printer", "age public key": str(printer.to_public())},
    )
    _agree(ada, amir, "done")
    _ask(ada, "A copy", {"Which entries": 'plan = "pro"', "Rows at most": "20"})
    _agree(ada, amir, "granted", rows="20")

    copy = _take(ada, tmp_path / "copy.age")
    lines = list(csv.reader(pyrage.decrypt(copy, [printer]).decode().splitlines()))
    assert len(lines) == 1 + 20
    assert all(row[0].endswith("@example.com") for row in lines[1:])
    assert b"example.com" not in copy


def _found(place: Place, cleo: Guest, cyrus: Guest) -> None:
    for founder, link in zip((cleo, cyrus), place.links, strict=True):
        begin(founder, link)
    for founder in (cleo, cyrus):
        sign_beginning(founder)
    for founder in (cleo, cyrus):
        founded = founder.page.get_by_role("heading", name="The instance is founded")
        expect(founded).to_be_visible()
        founder.sign_in()
    assert place.has_begun.wait(60)


def _found_tenant(cleo: Guest, cyrus: Guest, owners: dict[str, Guest]) -> None:
    """Add the tenant with its two owners; call each up to hear the words."""
    words = {
        name: owner.enrol(invite(cleo, name, "owner", tenant="acme"))
        for name, owner in owners.items()
    }
    article = cleo.page.locator("article")
    cleo.page.reload()
    expect(article).to_have_count(2)
    article.first.get_by_label("Second owner").select_option(index=1)
    article.first.get_by_label("Why").fill("the contract of May")
    article.first.get_by_role("button", name="Write the terms").click()
    approve(cyrus, _sign(cleo))
    expect(cyrus.state()).to_have_text("done")
    for name, heard in words.items():
        _ask(cleo, "Confirm a first owner", {"The six words you heard": heard}, of=name)
        approve(cyrus, _here(cleo))
        expect(cyrus.state()).to_have_text("done")
    for owner in owners.values():
        owner.sign_in()


def _open_list(place: Place, ada: Guest, file: Path) -> None:
    """Open a list at the dock's pages, and bring rows in."""
    file.write_text(ROWS)
    page = ada.page
    page.goto(f"{place.drop}/sign-in")
    page.get_by_role("button", name="Go to the keeper").click()
    page.get_by_role("button", name="Use my passkey").click()
    page.wait_for_url(f"{place.drop}/")
    page.get_by_role("link", name="Import").first.click()
    page.locator("input[name=name]").fill("newsletter")
    page.locator("input[name=facets]").fill("plan:text")
    page.get_by_role("button", name="Open the list").click()
    page.get_by_label("No column is the status").check()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import this file").click()
    expect(page.get_by_role("status")).to_contain_text("Done")


def _ask(
    asker: Guest, title: str, fields: dict[str, str], *, of: str | None = None
) -> None:
    """Fill in a form of the keeper's pages, and sign what it became."""
    page = asker.page
    page.goto(asker.origin)
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("link", name=title).click()
    if of is not None:
        option = page.locator("select option").filter(has_text=of)
        page.locator("select").first.select_option(option.get_attribute("value"))
    for label, value in fields.items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Why").fill("the autumn letter")
    page.get_by_role("button", name="Write the terms").click()
    _sign(asker)


def _sign(asker: Guest) -> str:
    asker.page.get_by_role("button", name="Sign and ask").click()
    expect(asker.state()).to_have_text("waiting")
    return _here(asker)


def _here(asker: Guest) -> str:
    return asker.page.url.rpartition("/")[2]


def _agree(asker: Guest, owner: Guest, state: str, *, rows: str = "") -> None:
    owner.open(_here(asker))
    if rows:
        owner.approve(rows)
    else:
        owner.page.get_by_role("button", name="Approve").click()
        dialog = owner.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Approve").click()
    expect(owner.state()).to_have_text(state)


def _take(ada: Guest, target: Path) -> bytes:
    """Go on from the granted request to the dock's pages, and download the copy."""
    page = ada.page
    page.reload()
    page.get_by_role("link", name="Go on at the dock").click()
    page.get_by_role("button", name="Run the export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(target)
    return target.read_bytes()
