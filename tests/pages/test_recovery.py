"""Somebody lost all passkeys: from the link to the day the new ones count."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from listkeep.cli.running.children import own_environment
from listkeep.cli.running.supervisor import is_founded
from tests.pages.guest import Guest, approve, ask_for_place, help_out
from tests.pages.house import House, open_house
from tests.pages.visitor import Visitor

ROOT = Path(__file__).parents[2]


@pytest.fixture
def own_house(chromium: Browser) -> Iterator[House]:
    """A house whose clock may be moved: nobody else lives in it."""
    del chromium  # without it there is nothing to build for
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTKEEP_HOME", str(folder / "var"))
        with open_house(folder) as opened:
            yield opened
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def later(house: House, hours: int) -> Iterator[None]:
    """Let the pages, and nothing else, go on some hours from now."""
    house.supervisor.stop()
    process = subprocess.Popen(
        [
            sys.executable,
            *("-m", "tests.pages.later", str(house.instance.seal.port), str(hours)),
        ],
        env=own_environment(house.instance.home),
        cwd=ROOT,
    )
    try:
        while not is_founded(house.instance.seal):
            assert process.poll() is None
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def ask_to_see(guest: Guest) -> None:
    """Ask for a reveal, as far as one gets."""
    page = guest.page
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_role("link", name="See addresses").click()
    page.get_by_label("Tokens").fill("a" * 26)
    page.get_by_label("Why").fill("a question of a reader")
    page.get_by_role("button", name="Write the terms").click()


def test_after_a_day_the_new_key_counts_and_the_old_one_does_not(
    own_house: House, chromium: Browser
) -> None:
    house = own_house
    ada, amir, thief = (Visitor(house, chromium, n) for n in ("ada", "amir", "ben"))
    ben = Guest(house.origin, chromium)
    words = ben.enrol(help_out(ada.sign_in(), "ben"))
    request = ask_for_place(ada, words, "lost on a train")
    approve(amir.sign_in(), request)
    expect(amir.page.get_by_text("time: it opens at")).to_be_visible()
    thief.sign_in()  # the old passkey still counts
    keys = ben.unplug()
    ben.context.close()
    for visitor in (ada, amir, thief):  # the next day all begin anew
        visitor.leave()

    with later(house, hours=25):
        amir, thief = (Visitor(house, chromium, name) for name in ("amir", "ben"))
        ben = Guest(house.origin, chromium)
        ben.unplug()
        ben.plug_in(keys)
        done = amir.sign_in_by_passkey().page.locator(f'a[href="/requests/{request}"]')
        expect(done).to_contain_text("done")
        thief.page.goto(house.origin)
        thief.page.get_by_role("button", name="Use my passkey").click()
        expect(thief.alert()).to_contain_text("no such passkey")
        ben.sign_in()
        ask_to_see(ben)
        expect(ben.alert()).to_contain_text("the passkey was replaced within 72 hours")
