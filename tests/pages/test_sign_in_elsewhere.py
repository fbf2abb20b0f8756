"""What people do: sign in for the dock and the command line on the keeper's page."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import expect

from listkeep.cli.running.children import own_command, own_environment
from tests.pages.house import House
from tests.pages.visitor import Visitor

Visit = Callable[[str], Visitor]


@contextmanager
def waiting_login(house: House, *options: str) -> Iterator["Login"]:
    """Run ``listkeep login`` while a person uses a browser."""
    program = subprocess.Popen(
        own_command("login", "--no-browser", *options),
        env={**own_environment(house.instance.home), "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Login(program)
    finally:
        program.kill()
        program.communicate()


class Login:
    """A terminal that waits for its browser."""

    def __init__(self, program: subprocess.Popen[str]) -> None:
        self._program = program
        assert program.stderr is not None
        lines = iter(program.stderr.readline, "")
        self.link = next(line.split()[-1] for line in lines if "/authorize?" in line)

    def end(self) -> tuple[int, str]:
        _, words = self._program.communicate(timeout=60)
        return self._program.returncode, words


def whoami(house: House, name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        own_command("whoami", "--as", name),
        env=own_environment(house.instance.home),
        capture_output=True,
        text=True,
        check=False,
    )


def test_ben_signs_in_to_the_docks_pages_looks_up_and_leaves(
    house: House, visit: Visit
) -> None:
    ben = visit("ben")
    before = len(house.recorded("session.started"))

    ben.enter_dock()

    page = ben.page
    assert len(house.recorded("session.started")) == before + 1
    page.get_by_role("link", name="Look up").first.click()
    page.get_by_label("List").select_option(label="newsletter")
    page.get_by_label("Address").fill("person7@example.com")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_role("heading", name="Found")).to_be_visible()
    assert "example.com" not in page.url
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Signed out")).to_be_visible()
    page.goto(house.drop)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_is_signed_in_to_the_keeper_uses_the_passkey_again(
    house: House, visit: Visit
) -> None:
    ben = visit("ben").sign_in()

    ben.begin_at_dock()

    expect(ben.page.get_by_role("link", name="Inbox")).to_have_count(0)
    expect(ben.page.get_by_role("button", name="Use my passkey")).to_be_visible()
    assert ben.page.url.startswith(f"{house.origin}/authorize?")
    ben.press_passkey()
    ben.page.wait_for_url(f"{house.drop}/")


def test_a_sign_in_for_the_dock_is_none_for_the_keeper(
    house: House, visit: Visit
) -> None:
    ben = visit("ben").enter_dock()

    ben.page.goto(house.origin)

    expect(
        ben.page.get_by_role("heading", name="Sign in to the keeper")
    ).to_be_visible()


def test_ben_signs_in_on_the_command_line_by_his_browser(
    house: House, visit: Visit
) -> None:
    ben = visit("ben")
    with waiting_login(house, "--as", "ben") as login:
        ben.page.goto(login.link)
        for asked in ("Sign in to keeper", "Sign in to dock"):
            expect(ben.page.get_by_role("heading", name=asked)).to_be_visible()
            expect(ben.page.get_by_text("a terminal of this computer")).to_be_visible()
            ben.press_passkey()
        expect(
            ben.page.get_by_text("Signed. The terminal says the rest")
        ).to_be_visible()
        status, words = login.end()

    assert (status, "ben is signed in until" in words) == (0, True), words
    assert "name" in (told := whoami(house, "ben")).stdout, told.stderr


def test_a_terminal_that_waits_for_ben_does_not_take_ivan(
    house: House, visit: Visit
) -> None:
    ivan = visit("ivan")
    with waiting_login(house, "--as", "ben") as login:
        ivan.page.goto(login.link)
        for asked in ("Sign in to keeper", "Sign in to dock"):
            expect(ivan.page.get_by_role("heading", name=asked)).to_be_visible()
            ivan.press_passkey()
        expect(
            ivan.page.get_by_text("Signed. The terminal says the rest")
        ).to_be_visible()
        status, words = login.end()

    assert (status, "the passkey is not ben's" in words) == (4, True), words
    assert whoami(house, "ivan").returncode == 4


def test_rows_wait_in_the_tab_until_ben_has_signed_in_to_the_keeper(
    house: House, visit: Visit
) -> None:
    tokens, _ = house.sealed_rows(1)
    ben = visit("ben").sign_in()
    request = ben.ask_reveal(tokens)
    page = ben.page
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Use my passkey")).to_be_visible()
    ben.enter_dock()
    page.get_by_role("link", name="Look up").first.click()

    page.get_by_role("link", name="Open on the keeper").click()

    ben.press_passkey()
    expect(page.get_by_role("link", name="Inbox")).to_be_visible()
    ben.open(request)
    page.get_by_role("link", name="Open the rows").click()
    page.get_by_role("button", name="Show the rows").click()
    expect(page.get_by_role("cell", name="@example.com")).to_have_count(1)


def test_a_granted_reveal_goes_from_the_docks_page_to_the_keepers(
    house: House, visit: Visit
) -> None:
    tokens, _ = house.sealed_rows(2)
    ben = visit("ben").sign_in()
    request = ben.ask_reveal(tokens)
    ben.enter_dock()
    page = ben.page
    seen: list[str] = []
    page.on("response", lambda answer: seen.append(answer.url))
    page.get_by_role("link", name="Look up").first.click()
    link = page.get_by_role("link", name="Open on the keeper")
    place = f"{house.origin}/reveal/{request}"
    assert (link.get_attribute("href") or "").startswith(f"{place}#rows=")
    assert "@example.com" not in page.content()

    link.click()

    page.get_by_role("button", name="Show the rows").click()
    expect(page.get_by_role("cell", name="@example.com")).to_have_count(2)
    assert page.url == place
    assert not any("rows=" in url.partition("#")[0] for url in seen)
    assert house.state(request) == "done"
    page.goto(f"{house.drop}/look-up")
    expect(page.get_by_text("A reveal is asked for and signed")).to_be_visible()
