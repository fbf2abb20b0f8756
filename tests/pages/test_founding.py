"""Two people found an instance in two browsers."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from listkeep.cli.home import Instance
from listkeep.cli.running.children import own_command, own_environment
from listkeep.cli.running.supervisor import BUILDINGS, SEAL, Supervisor, is_founded
from tests.pages.guest import Guest, begin, sign_beginning
from tests.ports import find_port


@dataclass
class Beginning:
    """An instance with two links and nothing else yet."""

    instance: Instance
    links: list[str]

    @property
    def origin(self) -> str:
        return self.instance.seal.seal_origin


@pytest.fixture
def beginning(chromium: Browser) -> Iterator[Beginning]:
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    home = folder / "var"
    names = ("--port", "--seal-port", "--app-port")
    ports = [f"{name}={find_port()}" for name in names]
    made = subprocess.run(
        own_command("init", "--links", *ports),
        env=own_environment(home),
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    links = [line.split()[1] for line in made.stdout.decode().splitlines()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTKEEP_HOME", str(home))
        instance = Instance.open()
        with Supervisor(instance, (SEAL,)):
            yield Beginning(instance, links)
    shutil.rmtree(folder, ignore_errors=True)


def words_of(guest: Guest, name: str) -> list[str]:
    words = guest.page.get_by_label(f"The six words of {name}").locator("li")
    expect(words).to_have_count(6)
    return words.all_text_contents()


def test_two_custodians_found_an_instance_and_the_keeper_goes_on_by_itself(
    beginning: Beginning, chromium: Browser
) -> None:
    cleo, cyrus = (Guest(beginning.origin, chromium) for _ in beginning.links)
    assert not is_founded(beginning.instance.seal)
    cleo.page.goto(beginning.origin)
    expect(cleo.page.get_by_text("has not been founded yet")).to_be_visible()
    begin(cleo, beginning.links[0])
    expect(cleo.page.get_by_text("cyrus has no passkey yet")).to_be_visible()
    begin(cyrus, beginning.links[1])
    for name in ("cleo", "cyrus"):
        assert words_of(cleo, name) == words_of(cyrus, name)
    button = cleo.page.get_by_role("button", name="Sign the beginning")
    expect(button).to_be_disabled()  # before the words were heard

    sign_beginning(cleo)
    expect(cleo.page.get_by_text("cyrus has to sign as well")).to_be_visible()
    sign_beginning(cyrus)

    digests = set()
    for guest in (cleo, cyrus):  # the first one's page noticed by itself
        founded = guest.page.get_by_role("heading", name="The instance is founded")
        expect(founded).to_be_visible()
        digests.add(guest.page.locator("#begun").inner_text())
        guest.sign_in()
    assert len(digests) == 1
    assert is_founded(beginning.instance.seal)
    with (
        Supervisor(beginning.instance, BUILDINGS),
        beginning.instance.keeper() as keeper,
    ):
        assert keeper.health().ledger_size >= 1
    late = Guest(beginning.origin, chromium).follow(beginning.links[0])
    assert late.is_told_nothing
    for guest in (cleo, cyrus, late):
        guest.leave()
        assert guest.complaints == []


def test_a_page_in_between_shows_a_founder_other_words(
    beginning: Beginning, chromium: Browser
) -> None:
    cleo, cyrus = (Guest(beginning.origin, chromium) for _ in beginning.links)
    begin(cyrus, beginning.links[1])
    begin(cleo, beginning.links[0])
    words = " ".join(words_of(cyrus, "cyrus"))
    told = cleo.post("/enrol", {"link": beginning.links[0].partition("#")[2]})
    for founder in told["founders"]:
        if founder["words"] == words:
            founder["words"] = "babab babab babab babab babab babab"

    def lie(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(json=told)
        else:
            route.continue_()

    mallory = Guest(beginning.origin, chromium)
    mallory.page.route("**/enrol", lie)
    mallory.follow(beginning.links[0])

    expect(mallory.alert()).to_contain_text("something else than what would be signed")
    expect(mallory.page.get_by_role("button", name="Sign the beginning")).to_be_hidden()
    for guest in (cleo, cyrus, mallory):
        guest.leave()
