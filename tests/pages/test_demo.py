"""`listkeep demo --keep` as somebody meets it who has never seen it."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from listkeep.cli.running.children import own_command, own_environment
from tests.pages.kept import Kept, Newcomer, running
from tests.pages.looking import look_at
from tests.pages.visitor import Window
from tests.ports import find_port


@pytest.fixture
def newcomer(kept: Kept, chromium: Browser) -> Iterator[Newcomer]:
    """A browser without any passkey, which has just followed the link."""
    window = Newcomer(kept, chromium)
    yield window
    window.leave()
    assert window.complaints == []


def test_a_newcomer_works_as_ben_and_finds_lists(
    newcomer: Newcomer, kept: Kept
) -> None:
    assert "#" not in newcomer.page.url
    newcomer.work_as("ben")

    newcomer.page.goto(f"{kept.app}/lists")
    newcomer.page.get_by_role("link", name="newsletter", exact=True).click()

    expect(newcomer.page.locator("#found .big")).to_contain_text("entries")
    assert "@" not in newcomer.page.locator("main").inner_text()


def test_a_newcomer_brings_in_the_file_that_lies_there(
    newcomer: Newcomer, kept: Kept
) -> None:
    page = newcomer.page
    page.goto(f"{kept.place('look up, import')}/sign-in")
    page.get_by_role("button", name="Go to the keeper").click()
    newcomer.be("ben")
    page.wait_for_url(f"{kept.place('look up, import')}/")
    page.get_by_role("link", name="Import").first.click()
    page.get_by_role("link", name="customers").click()
    file = kept.home / "demo" / "files" / "new-readers.csv"
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Look at the file first").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import this file").click()

    expect(page.get_by_role("status")).to_contain_text("Done")


def test_ada_approves_what_ben_asked_for(newcomer: Newcomer, kept: Kept) -> None:
    newcomer.work_as("ada")
    page = newcomer.page
    page.get_by_role("link", name="Open the keeper's inbox").click()
    newcomer.be("ada")
    page.get_by_role("link", name=re.compile("samples by post")).click()
    expect(page.get_by_label("Passkey")).to_be_hidden()  # there is one to use
    newcomer.approve("250")
    be_sure = page.get_by_role("dialog").get_by_role("button", name=re.compile("^ada"))
    be_sure.click()

    expect(newcomer.state()).to_have_text("granted")


@pytest.mark.parametrize("name", ["amir", "nina", "sam", "cleo", "cyrus", "olga"])
def test_one_can_be_each_of_them(newcomer: Newcomer, kept: Kept, name: str) -> None:
    newcomer.work_as(name)

    expect(newcomer.page.get_by_text(name).first).to_be_visible()


def test_it_is_started_again_as_it_was_left(kept: Kept, tmp_path: Path) -> None:
    """By `listkeep up`, after it was stopped: same link, same people, same mail."""
    copy = Path(tempfile.mkdtemp(prefix="lk-")) / "var"
    shutil.copytree(kept.home, copy, ignore=ignore_sockets)
    move_ports(copy)
    with running(copy, "up") as again:
        assert again.link.partition("#")[2] == kept.link.partition("#")[2]
        assert "mail of this demo ends at" in again.said
    shutil.rmtree(copy.parent)


def ignore_sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder, name).is_socket()]


def move_ports(home: Path) -> None:
    """Give a copy ports of its own; where people sign stands in its genesis."""
    files = (*home.glob("*.toml"), home / "demo" / "provider.json")
    texts = {path: path.read_text() for path in files}
    found = re.findall(r"(?:localhost:|127\.0\.0\.1:|port\W{1,5})(\d+)", str(texts))
    [seal] = re.findall(r"seal\.localhost:(\d+)", texts[home / "keeper.toml"])
    for port in set(found) - {seal}:
        free = str(find_port())
        texts = {path: text.replace(port, free) for path, text in texts.items()}
    for path, text in texts.items():
        path.write_text(text)
    with (home / "keeper.toml").open("a") as settings:
        settings.write(f"seal_port = {find_port()}\n")


def test_nothing_keeps_people_out(newcomer: Newcomer) -> None:
    page = newcomer.page
    assert look_at(page) == []
    page.goto(newcomer.origin)
    page.keyboard.press("Tab")
    newcomer.press_passkey()
    expect(page.get_by_role("dialog")).to_be_visible()

    assert look_at(page) == []
    page.keyboard.press("Enter")  # whoever comes first has the focus
    expect(page.get_by_role("link", name="Inbox")).to_be_visible()


def test_whoever_cancels_signs_nothing(newcomer: Newcomer, kept: Kept) -> None:
    newcomer.page.goto(newcomer.origin)
    newcomer.press_passkey()
    newcomer.page.get_by_role("button", name="Cancel").click()

    expect(newcomer.alert()).to_contain_text("cancelled")


def test_the_story_stands_in_the_ledger(kept: Kept) -> None:
    def read(*words: str) -> str:
        done = subprocess.run(
            own_command(*words),
            env=own_environment(kept.home),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    read("login", "--as", "ada")
    requests = read("request", "ls", "--as", "ada")
    for state in ("waiting", "granted", "denied", "done"):
        assert f" {state} " in requests, state
    incident = read("incident", "ls", "--all", "--as", "ada")
    assert "returns-many" in incident
    assert "closed" in incident
    assert '"verified": true' in read("ledger", "verify", "--json", "--as", "ada")


# --- what attackers try --------------------------------------------------------------


def test_a_browser_that_never_had_the_link_is_nobody(
    kept: Kept, chromium: Browser
) -> None:
    stranger = Window(kept.link.partition("/demo")[0], chromium)
    stranger.page.goto(f"{stranger.origin}/demo")
    expect(
        stranger.page.get_by_role("heading", name="This browser has no passkeys")
    ).to_be_visible()
    stranger.page.goto(f"{stranger.origin}/demo#guessed")
    expect(
        stranger.page.get_by_role("heading", name="This browser has no passkeys")
    ).to_be_visible()

    stranger.page.goto(stranger.origin)
    stranger.press_passkey()
    expect(stranger.alert()).to_be_visible()
    expect(stranger.page.get_by_role("dialog")).to_have_count(0)
    stranger.leave()


def test_the_link_is_looked_for_where_others_could_read_it(kept: Kept) -> None:
    secret = kept.link.partition("#")[2]
    assert len(secret) == 32
    found = [
        path.relative_to(kept.home)
        for path in kept.home.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]

    assert found == [Path("demo", "link")]
    assert (kept.home / "demo" / "link").stat().st_mode & 0o777 == 0o600
    assert (kept.home / "demo" / "browser.json").stat().st_mode & 0o777 == 0o600


def test_a_demo_that_was_kept_is_not_replaced(kept: Kept) -> None:
    done = subprocess.run(
        own_command("demo"),
        env=own_environment(kept.home),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 5
    assert "a demo was kept here" in done.stderr
    assert (kept.home / "demo" / "browser.json").exists()
