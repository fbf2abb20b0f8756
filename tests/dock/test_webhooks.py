"""Webhooks: signed, bounded, and never sent where the name leads elsewhere."""

import base64
import hashlib
import hmac
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from listkeep.dock.watch.letters import Letter
from listkeep.dock.watch.outcomes import Outcome, SendError
from listkeep.dock.watch.targets import is_public, resolve_target
from listkeep.dock.watch.webhook import Webhooks, sign
from tests.fakes.sinks import NAME, Hook, make_contexts, receiver
from tests.fakes.telling import SECRET

LETTER = Letter(id="m_1", subject="s", text="t", json=b'{"type":"listkeep.notice"}')
INSIDE = Webhooks(allow_private=True)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with receiver(Hook()) as running:
        yield running


def post(url: str, webhooks: Webhooks = INSIDE) -> str:
    """Send the letter; say how it ended."""
    try:
        webhooks.send(LETTER, destination=url, secret=SECRET, timestamp=1_767_614_400)
    except SendError as error:
        return error.outcome.value
    return Outcome.DELIVERED.value


def answer(*addresses: str) -> Callable[..., Any]:
    """A resolver that knows one name only, and says so once."""
    left = [addresses]

    def resolve(_host: str, port: int, **_kind: object) -> list[Any]:
        return [(0, 0, 0, "", (address, port)) for address in left.pop()]

    return resolve


def test_a_letter_arrives_signed(hook: Hook) -> None:
    assert post(hook.url) == "delivered"

    [(headers, body)] = hook.heard
    assert body == LETTER.json
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "m_1"
    assert headers["host"].startswith("127.0.0.1:")
    signed = f"m_1.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"


def test_the_signature_is_that_of_the_specifications_example() -> None:
    """From the text of Standard Webhooks: message, secret and signature."""
    letter = Letter(
        id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        subject="",
        text="",
        json=b'{"test": 2432232314}',
    )

    signed = sign(
        letter, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", timestamp=1614265330
    )

    assert signed["webhook-signature"] == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_anything_but_a_success_is_a_failure(hook: Hook, status: int) -> None:
    hook.status = status

    assert post(hook.url) == "refused"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_private_address_is_not_followed(
    hook: Hook, status: int
) -> None:
    with receiver(Hook()) as inside:
        hook.status, hook.headers = status, {"location": inside.url}

        assert post(hook.url) == "redirected"

    assert inside.heard == []
    assert len(hook.heard) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://127.1/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/x",
        "https://[fe80::1]/x",
        "https://[fc00::1]/x",
        "https://0.0.0.0/x",
        "https://localhost/x",
        "https://hooks.localhost/x",
    ],
)
def test_a_target_inside_the_network_is_refused(url: str) -> None:
    assert post(url, Webhooks()) == "private-target"


def test_a_target_without_tls_is_refused(hook: Hook) -> None:
    assert post(hook.url, Webhooks()) == "private-target"
    assert hook.heard == []


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.0.1"),
        *("100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1"),  # noqa: S104
        *("::", "::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:10.0.0.1"),
        *("2002:7f00:1::", "64:ff9b::a00:1", "2001:0:4136:e378:8000:63bf:f5ff:fffe"),
        *("nonsense", ""),
    ],
)
def test_an_address_that_is_not_public_is_known_in_every_dress(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34"]
)
def test_a_public_address_is_known(address: str) -> None:
    assert is_public(address)


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answer("93.184.216.34", "10.0.0.1"))

    with pytest.raises(SendError) as caught:
        resolve_target(NAME, 443, allow_private=False)
    assert caught.value.outcome is Outcome.PRIVATE_TARGET


def test_a_name_below_localhost_is_this_machine_whatever_a_name_server_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def answer(name: str, port: int, **_kind: object) -> list[tuple[object, ...]]:
        asked.append(name)
        return [(0, 0, 0, "", (name, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)

    for name in ("localhost", "hooks.localhost", "a.b.localhost"):
        assert resolve_target(name, 443, allow_private=True) == "127.0.0.1"
    resolve_target("notlocalhost", 443, allow_private=True)
    assert asked == [*3 * ["127.0.0.1"], "notlocalhost"]


def test_a_name_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_kind: object) -> Any:
        raise socket.gaierror(NAME)

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert post(f"https://{NAME}/x", Webhooks()) == "unreachable"
    monkeypatch.setattr(socket, "getaddrinfo", answer())
    assert post(f"https://{NAME}/x", Webhooks()) == "unreachable"


def test_a_name_that_answers_differently_a_moment_later_changes_nothing(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the resolver is asked once, and what it said is connected to."""
    port = hook.url.split(":")[2].split("/")[0]
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: str, *args: Any, **kind: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == NAME else host, *args, **kind)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)

    assert post(f"http://{NAME}:{port}/hook") == "delivered"
    assert asked.count(NAME) == 1
    assert hook.heard[0][0]["host"] == f"{NAME}:{port}"


def test_a_receiver_that_drips_is_given_up(hook: Hook) -> None:
    """Each byte is in time, and there is never an end: one bad contact for ever."""
    hook.drips = True

    assert post(hook.url, Webhooks(allow_private=True, deadline_seconds=0.3)) == (
        "timed-out"
    )


def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    assert post(f"http://127.0.0.1:{port}/x") == "unreachable"


def test_proxies_of_the_environment_are_not_asked(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert post(hook.url) == "delivered"


# --- TLS ------------------------------------------------------------------------


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return make_contexts(tmp_path)


def test_the_certificate_is_that_of_the_name_not_of_the_address(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, client = contexts
    real = socket.getaddrinfo

    def resolve(host: str, *args: Any, **kind: Any) -> Any:
        local = host.endswith(".example")
        return real("127.0.0.1" if local else host, *args, **kind)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    trusting = Webhooks(allow_private=True, context=client)
    with receiver(Hook(), tls=server, host=NAME) as hook:
        assert post(hook.url, trusting) == "delivered"
        assert post(hook.url.replace(NAME, "evil.example"), trusting) == "unreachable"
        assert post(hook.url, INSIDE) == "unreachable"  # nobody vouches for it

    assert len(hook.heard) == 1
