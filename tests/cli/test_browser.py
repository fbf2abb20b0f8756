"""Sign-in by a browser, with the browser played by an HTTP client in a thread."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from listkeep.cli import browser
from listkeep.cli.commands import login
from listkeep.cli.home import CliConfig, Instance
from listkeep.cli.sessions import load_session
from listkeep.core.errors import RefusedError, UnavailableError
from listkeep.wire import messages as m
from listkeep.wire.flows import challenge_of

Play = Callable[[Callable[[str], object]], Callable[[], None]]
SEAL = "http://seal.localhost:8471"
DOCK = "s_dockdockdock"


class Keeper:
    """Redeems the codes it issued, and ends sessions."""

    def __init__(self) -> None:
        self.people = {"cli": "ben", f"cli.{DOCK}": "ben"}
        self.codes: dict[str, tuple[str, str]] = {}
        self.ended: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_args: object) -> None:
        return

    def sign(self, link: str, **changes: str) -> tuple[str, dict[str, str]]:
        """What the keeper's page does: where the browser goes, with which query."""
        assert link.startswith(f"{SEAL}/authorize?")
        told = {k: v for k, [v] in parse_qs(urlsplit(link).query).items()}
        code = f"lkc_{len(self.codes)}"
        self.codes[code] = told["client"], told["challenge"]
        return told["redirect"], {"code": code, "state": told["state"], **changes}

    def redeem_code(self, message: m.RedeemCode) -> m.Session:
        client, challenge = self.codes.pop(message.code, ("", ""))
        if message.client != client or challenge_of(message.verifier) != challenge:
            raise RefusedError("not this code")
        name = self.people[client]
        return m.Session(
            session=f"lks_{client}_{name}",
            person=f"p_{name}",
            name=name,
            expires_at="2026-01-05T20:00:00Z",
        )

    def end_session(self, message: m.EndSession) -> None:
        self.ended.append(message.session)


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Keeper:
    keeper = Keeper()
    monkeypatch.setattr(Instance, "keeper", lambda _self: keeper)
    return keeper


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setenv("LISTKEEP_HOME", str(tmp_path))
    (tmp_path / "cli.toml").write_text(f'dock_service = "{DOCK}"\n')
    return Instance(tmp_path, CliConfig(dock_service=DOCK))


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Iterator[Play]:
    """Have a thread be the browser of whoever is shown the link."""
    threads: list[threading.Thread] = []
    failures: list[BaseException] = []

    def start(act: Callable[[str], object]) -> Callable[[], None]:
        def show(link: str) -> None:
            def run() -> None:
                try:
                    act(link)
                except BaseException as error:  # noqa: BLE001 - told to the test
                    failures.append(error)

            threads.append(threading.Thread(target=run))
            threads[-1].start()

        monkeypatch.setattr(browser, "open_link", show)
        return wait

    def wait() -> None:
        for thread in threads:
            thread.join()
        assert failures == []

    yield start
    wait()


def walk(keeper: Keeper, link: str) -> httpx.Response:
    """Sign on each page the browser is led through; give what it ends on."""
    while True:
        redirect, query = keeper.sign(link)
        answer = httpx.get(redirect, params=query)
        if answer.status_code != 303:
            return answer
        link = answer.headers["location"]


def test_one_walk_through_the_browser_gives_both_sessions(
    instance: Instance, keeper: Keeper, play: Play
) -> None:
    ends: list[httpx.Response] = []
    wait = play(lambda link: ends.append(walk(keeper, link)))

    login.login(browser=True)
    wait()

    stored = load_session(instance, "")
    assert (stored.name, stored.person) == ("ben", "p_ben")
    assert stored.keeper == "lks_cli_ben"
    assert stored.dock == f"lks_cli.{DOCK}_ben"
    assert "Signed. The terminal says the rest" in ends[0].text
    assert ends[0].headers["cache-control"] == "no-store"


def test_the_link_alone_is_printed_on_demand(
    instance: Instance,
    keeper: Keeper,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(browser, "sign_in", _show_and_give_up)

    for opens in (False, True):
        monkeypatch.setenv("DISPLAY", ":0")
        with pytest.raises(UnavailableError):
            login.login(browser=opens)
        assert "listkeep:   http://the.link" in capsys.readouterr().err
    assert opened == ["http://the.link"]
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UnavailableError):
        login.login(browser=True)
    assert opened == ["http://the.link"]  # no browser inside this terminal


def _show_and_give_up(*_args: Any, show_link: Callable[[str], None]) -> None:
    show_link("http://the.link")
    raise browser._nobody_came()


def test_who_has_a_software_passkey_needs_no_browser(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login, "is_interactive", lambda: True)
    instance.people.mkdir(parents=True)
    (instance.people / "ada.json").touch()

    assert login._wants_browser(instance, "", None)  # nobody was here yet
    assert login._wants_browser(instance, "ben", None)
    assert not login._wants_browser(instance, "ada", None)
    assert login._wants_browser(instance, "ada", browser=True)
    monkeypatch.setattr(login, "is_interactive", lambda: False)
    assert not login._wants_browser(instance, "ben", None)  # no script waits for one


def test_somebody_else_than_was_meant_is_signed_out_again(
    instance: Instance, keeper: Keeper, play: Play
) -> None:
    play(lambda link: walk(keeper, link))

    with pytest.raises(RefusedError, match="not ada's"):
        login.login(name="ada", browser=True)

    assert keeper.ended == ["lks_cli_ben", f"lks_cli.{DOCK}_ben"]
    with pytest.raises(RefusedError):
        load_session(instance, "ada")


def test_two_people_in_one_sign_in_are_signed_out_again(
    instance: Instance, keeper: Keeper, play: Play
) -> None:
    keeper.people[f"cli.{DOCK}"] = "ada"
    play(lambda link: walk(keeper, link))

    with pytest.raises(RefusedError, match="two people"):
        login.login(browser=True)
    assert len(keeper.ended) == 2


def test_nobody_who_comes_back_ends_the_wait(
    instance: Instance, keeper: Keeper
) -> None:
    times = iter([0.0, 301.0])

    with pytest.raises(UnavailableError, match="in time") as caught:
        browser.sign_in(
            instance, [DOCK], show_link=lambda _: None, clock=lambda: next(times)
        )
    assert "this very computer" in caught.value.hint


# --- attackers on the same machine, or in the same browser ------------------------


def test_whoever_knocks_without_the_state_changes_nothing(
    instance: Instance, keeper: Keeper, play: Play
) -> None:
    def act(link: str) -> None:
        redirect, query = keeper.sign(link)
        for wrong in (
            httpx.get(redirect),
            httpx.get(redirect, params={**query, "state": "x"}),
            httpx.get(redirect, params={"code": query["code"]}),
            httpx.get(f"{redirect}other", params=query),
            httpx.get(redirect, params=query, headers={"host": "evil.example"}),
            httpx.get(redirect, params={**query, "x": "y" * 9000}),
        ):
            assert wrong.status_code == 404
        assert httpx.post(redirect, params=query).status_code == 501
        assert keeper.codes != {}  # no code was redeemed by that
        assert walk(keeper, link).status_code == 200

    play(act)
    login.login(browser=True)

    assert load_session(instance, "").name == "ben"


def test_connections_that_say_nothing_are_in_nobodys_way(
    instance: Instance, keeper: Keeper, play: Play
) -> None:
    def act(link: str) -> None:
        place = urlsplit(keeper.sign(link)[0])
        assert place.hostname
        assert place.port
        with socket.create_connection((place.hostname, place.port)):
            assert walk(keeper, link).status_code == 200

    play(act)
    login.login(browser=True)


def test_the_state_of_one_sign_in_is_not_that_of_the_next(
    instance: Instance, keeper: Keeper, play: Play
) -> None:
    def act(link: str) -> None:
        redirect, query = keeper.sign(link)
        going = httpx.get(redirect, params=query).headers["location"]
        _, again = keeper.sign(going, state=query["state"])
        assert httpx.get(redirect, params=again).status_code == 404
        assert walk(keeper, going).status_code == 200

    play(act)
    login.login(browser=True)


def test_a_code_that_is_not_for_this_program_ends_the_sign_in(
    instance: Instance, keeper: Keeper, play: Play
) -> None:
    ends: list[httpx.Response] = []

    def act(link: str) -> None:
        redirect, query = keeper.sign(link)
        ends.append(httpx.get(redirect, params={**query, "code": "<b>lkc_9</b>"}))

    wait = play(act)
    with pytest.raises(RefusedError, match="not this code"):
        login.login(browser=True)
    wait()
    assert "look at the terminal" in ends[0].text
    assert "<b>" not in ends[0].text
    with pytest.raises(RefusedError):
        load_session(instance, "ben")
