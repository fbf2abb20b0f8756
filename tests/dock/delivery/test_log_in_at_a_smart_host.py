"""A smart host wants a name and a password; nobody else gets them."""

from pathlib import Path

import pytest

from listkeep.core.errors import MalformedError
from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.delivery import connections
from listkeep.dock.outlet.delivery.logins import read_login
from tests.dock.delivery.post import Stage
from tests.dock.delivery.ways import ANNA, RELAY, delivered, digest, smart_host, trust
from tests.fakes.certificates import Identity, make_authority, make_host

NAME, PASSWORD = "acme", "planted-pass-wörd"


def write_login(home: Path, password: str = PASSWORD, *, mode: int = 0o600) -> Path:
    path = home / "relay.login"
    path.unlink(missing_ok=True)
    path.touch(mode)
    path.write_text(f"{NAME}\n{password}\n")
    return path


@pytest.fixture
def host(stage: Stage, relay: Identity, authority: Identity, home: Path) -> Stage:
    """A smart host that wants to know who comes."""
    smart_host(stage, relay, tls="web")
    trust(stage, authority)
    stage.sink.auth, stage.sink.login = "LOGIN PLAIN", (NAME, PASSWORD)
    stage.logs_in_as = "relay.login"
    write_login(home)
    return stage


def said(stage: Stage) -> bytes:
    return b"".join(stage.sink.heard)


@pytest.mark.parametrize("methods", ["PLAIN", "LOGIN", "CRAM-MD5 LOGIN PLAIN"])
def test_mail_goes_out_after_a_log_in(host: Stage, methods: str) -> None:
    host.sink.auth = methods

    with delivered(host) as (post, reply):
        assert reply.startswith("250")
        again = post.hand_over(post.recipient("carl@example.org"))
        assert again.startswith("250")
    assert host.sink.logged_in == 1, "once for a connection"


def test_a_smart_host_known_by_its_key_is_logged_in_at_too(
    host: Stage, relay: Identity
) -> None:
    host.route.update(tls=f"pinned:{digest(relay.spki)}")

    with delivered(host) as (_, reply):
        assert reply.startswith("250")
    assert host.sink.logged_in == 1


@pytest.mark.parametrize("who", ["another name", "another authority", "no TLS", "key"])
def test_who_is_not_the_smart_host_never_hears_the_password(
    host: Stage, relay: Identity, authority: Identity, who: str
) -> None:
    if who == "no TLS":
        host.sink.tls = None
    elif who == "key":
        host.route.update(tls=f"pinned:{digest(b'another')}")
    else:
        signer = authority if who == "another name" else make_authority("Another")
        name = "thief.example" if who == "another name" else RELAY
        host.sink.tls = make_host(name, signer).server(host.home, "thief")

    with delivered(host) as (_, reply):
        assert reply.startswith("451 4.7.5")
    assert b"AUTH" not in said(host)


def test_an_exchanger_of_the_world_never_hears_a_password(
    stage: Stage, exchanger: Identity, home: Path
) -> None:
    """Also if somebody's domain has the smart host for its exchanger."""
    stage.sink.tls = exchanger.server(stage.home, "sink")
    stage.sink.auth = "PLAIN"
    stage.logs_in_as, stage.logs_in_at = "relay.login", "mx.example.org"
    write_login(home)

    with delivered(stage) as (_, reply):
        assert reply.startswith("250")
    assert b"AUTH" not in said(stage)


def test_a_wrong_password_is_told_once_and_mended_without_a_restart(
    host: Stage,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_login(home, "planted-old-password")

    with delivered(host) as (post, reply):
        assert reply.startswith("451 4.7.8 listkeep: the smart host refused name or")
        assert "logins" in reply
        again = post.hand_over(post.recipient(ANNA))
        assert again.startswith("451 4.7.8")
        assert host.sink.stages["AUTH"] == 1, "many hosts lock accounts out"
        write_login(home)
        monkeypatch.setattr(connections, "REFUSED_SECONDS", 0.0)
        assert post.hand_over(post.recipient(ANNA)).startswith("250")

    told = caplog.text + "".join(capsys.readouterr()) + reply + again
    assert "smart-host.refused-login" in told
    assert "planted" not in told
    assert NAME not in reply + again, "the smart host said the name back"


@pytest.mark.parametrize(
    ("mood", "reply"),
    [
        ("454 4.7.0 come again", "451 4.7.0"),
        ("500 what", "451 4.7.8"),
        ("hang up", "451 4.4.2"),
    ],
)
def test_whatever_a_smart_host_says_the_message_waits(
    host: Stage, mood: str, reply: str
) -> None:
    host.sink.mood = lambda stage, _: mood if stage == "AUTH" else ""

    with delivered(host) as (post, seen):
        assert seen.startswith(reply)
        assert post.states() == ["deferred"]


def test_a_smart_host_that_takes_no_password_gets_no_mail(host: Stage) -> None:
    host.sink.auth = "GSSAPI"

    with delivered(host) as (_, reply):
        assert reply.startswith("451 4.7.8 listkeep: the smart host takes no password")
    assert host.sink.stages["MAIL"] == 0


def test_a_file_that_is_gone_makes_mail_wait(host: Stage, home: Path) -> None:
    with host.open() as post:
        (home / "relay.login").unlink()

        reply = post.hand_over(post.recipient(ANNA))

        assert reply.startswith("451 4.7.8 listkeep: the log-in for a smart host")
        write_login(home)
        assert post.hand_over(post.recipient(ANNA)).startswith("250")


# --- the file -----------------------------------------------------------------------


def test_a_file_others_may_read_is_refused(home: Path) -> None:
    with pytest.raises(MalformedError, match="may be read by others"):
        read_login(write_login(home, mode=0o644))


@pytest.mark.parametrize(
    "content", [b"", b"acme\n", b"a\nb\nc\n", b"\xff\n\xff\n", b"a\nb\0c\n"]
)
def test_a_file_that_is_no_log_in_is_refused_without_its_words(
    home: Path, content: bytes
) -> None:
    path = write_login(home)
    path.write_bytes(content)

    with pytest.raises(MalformedError) as told:
        read_login(path)
    assert "acme" not in told.value.message


def test_a_log_in_says_nothing_of_itself(home: Path) -> None:
    login = read_login(write_login(home))

    assert (login.name, login.password) == (NAME, PASSWORD)
    assert "planted" not in f"{login!r} {login} {[login]}"


@pytest.mark.parametrize(
    "logins",
    [
        {"relay.example.com": "x"},
        {"relay.example.com:": "x"},
        {":587": "x"},
        {"a:1": ""},
    ],
)
def test_a_place_that_is_none_is_refused_at_start(logins: dict[str, str]) -> None:
    with pytest.raises(MalformedError) as told:
        OutletConfig(logins=logins)
    assert "relay.example.com:587" in told.value.hint
