"""Signing with security keys: the whole CTAP2 client, over keys made of software."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256
from fido2.ctap2.pin import PinProtocolV1
from fido2.hid import CtapHidDevice

from listkeep.cli import hardware
from listkeep.cli.hardware import HardwarePerson
from listkeep.cli.signing import KeyKind
from listkeep.core.errors import ListkeepError, RefusedError, UnavailableError
from listkeep.core.grants import Statement
from listkeep.core.registry.passkeys import (
    Credential,
    Kind,
    RelyingParty,
    decode_base64url,
    encode_base64url,
    verify_assertion,
)
from listkeep.drill.people import SoftwarePerson
from listkeep.wire import messages as m
from tests.cli.stage import Terminal
from tests.fakes.security_key import SecurityKey

PARTY = RelyingParty(rp_id="seal.localhost", origins=("listkeep-cli://k_demo",))
IDS = (b"first passkey id", b"second passkey id")
PRIVATE = [ec.generate_private_key(ec.SECP256R1()) for _ in IDS]
BEN = HardwarePerson(
    person="p_ben", credentials=tuple(map(encode_base64url, IDS)), rp_id=PARTY.rp_id
)
Plug = Callable[..., None]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Plug:
    """Plug keys in; somebody is there who types the PIN 1234."""

    def plug_in(*keys: SecurityKey) -> None:
        monkeypatch.setattr(CtapHidDevice, "list_devices", lambda: iter(keys))

    monkeypatch.setattr(hardware, "is_interactive", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda _prompt: "1234")
    plug_in()
    return plug_in


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Have these PINs typed, one after the other."""

    def type_pins(*pins: str) -> list[str]:
        left = list(pins)
        monkeypatch.setattr("getpass.getpass", lambda _prompt: left.pop(0))
        return left

    return type_pins


def key(which: int = 0, **facts: Any) -> SecurityKey:
    return SecurityKey(**facts).add(IDS[which], PRIVATE[which])


def sign() -> m.Assertion:
    return BEN.sign_request(keeper="k_demo", request="ab" * 32, decision="approve")


def credential(which: int = 0) -> Credential:
    public: ES256 = ES256.from_cryptography_key(PRIVATE[which].public_key())  # type: ignore[no-untyped-call]
    return Credential(
        id=encode_base64url(IDS[which]),
        public_key=cbor.encode(public),
        kind=Kind.HARDWARE,
    )


def verify(assertion: m.Assertion, which: int = 0) -> int:
    statement = Statement.parse(assertion.statement)
    assert (statement.person, statement.decision) == ("p_ben", "approve")
    assert statement.credential == encode_base64url(IDS[which])
    return verify_assertion(
        assertion,
        challenge=statement.challenge(),
        credential=credential(which),
        party=PARTY,
    )


def said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_a_key_signs_after_pin_and_touch(
    plug: Plug, capsys: pytest.CaptureFixture[str]
) -> None:
    plugged = key()
    plug(plugged)

    assert verify(sign()) == 1

    assert said(capsys) == "listkeep: touch the security key\n"
    assert plugged.is_closed
    origin = json.loads(sign().client_data)["origin"]
    assert origin == "listkeep-cli://k_demo"


@pytest.mark.parametrize(
    "facts",
    [
        {"protocol": PinProtocolV1()},
        {"options": {"clientPin": True}},  # CTAP 2.0: a token for everything
        {"options": {"clientPin": True, "pinUvAuthToken": True, "alwaysUv": True}},
        {"is_protected": True},
        {"options": {"uv": True}},
        {"options": {"uv": True, "pinUvAuthToken": True}},
    ],
    ids=["pin-1", "ctap-2.0", "always-uv", "cred-protect", "uv", "uv-token"],
)
def test_keys_of_all_kinds_verify_their_holder(
    plug: Plug, facts: dict[str, Any]
) -> None:
    plug(key(**facts))

    assert verify(sign()) == 1


def test_of_several_keys_the_one_with_the_persons_passkey_signs(plug: Plug) -> None:
    stranger = SecurityKey().add(b"somebody else's", PRIVATE[0])
    second = key(1)
    old = SecurityKey(is_ctap2=False)
    plug(old, stranger, second)

    assert verify(sign(), 1) == 1
    assert stranger.counter == 0
    assert "CLIENT_PIN" not in stranger.calls  # nobody's PIN goes to the wrong key
    assert stranger.is_closed
    assert old.is_closed


def test_a_key_that_hides_its_passkeys_is_not_guessed_among_several(
    plug: Plug, typed: Callable[..., list[str]]
) -> None:
    typed()
    plug(key(is_protected=True), SecurityKey())

    with pytest.raises(UnavailableError, match="holds a passkey") as caught:
        sign()
    assert "only that one" in caught.value.hint


def test_no_key_at_all_is_told_with_what_to_do(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnavailableError, match="no security key") as caught:
        sign()
    assert "udev" in caught.value.hint

    def refuse() -> Iterator[SecurityKey]:
        raise PermissionError("/dev/hidraw0")

    monkeypatch.setattr(CtapHidDevice, "list_devices", refuse)
    with pytest.raises(UnavailableError, match="no security key"):
        sign()


def test_a_key_that_was_never_enrolled_signs_nothing(plug: Plug) -> None:
    stranger = SecurityKey().add(b"somebody else's", PRIVATE[0])
    plug(stranger)

    with pytest.raises(UnavailableError, match="holds a passkey"):
        sign()
    assert stranger.counter == 0


def test_a_key_for_another_place_signs_nothing(plug: Plug) -> None:
    plug(key(rp_id="seal.evil.example"))

    with pytest.raises(ListkeepError):
        sign()


def test_a_wrong_pin_is_asked_for_again(
    plug: Plug, typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    plug(key())
    typed("0000", "1234")

    assert verify(sign()) == 1
    assert "not its PIN; the key allows 7 more tries" in said(capsys)


def test_three_wrong_pins_are_enough(
    plug: Plug, typed: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    plugged = key()
    plug(plugged)
    left = typed("1111", "2222", "3333", "1234")

    with pytest.raises(RefusedError, match="three times"):
        sign()
    assert left == ["1234"]
    assert plugged.counter == 0
    words = said(capsys)
    assert not any(pin in words for pin in ("1111", "2222", "3333"))

    with pytest.raises(RefusedError, match="takes no more PINs for now"):
        sign()


def test_a_key_that_locked_itself_says_so(
    plug: Plug, typed: Callable[..., list[str]]
) -> None:
    plug(key(retries=0))
    typed("1234")

    with pytest.raises(RefusedError, match="locked itself"):
        sign()


def test_a_pin_is_one_pin_however_it_was_typed(
    plug: Plug, typed: Callable[..., list[str]]
) -> None:
    plug(key(pin="\u00e9\u00e9\u00e9\u00e9"))
    typed("e\u0301" * 4)

    assert verify(sign()) == 1


def test_nobody_touches_the_key(plug: Plug) -> None:
    plug(key(is_touched=False))

    with pytest.raises(RefusedError, match="nobody touched"):
        sign()


def test_a_key_without_a_pin_does_not_sign(plug: Plug) -> None:
    plug(key(options={"clientPin": False}))

    with pytest.raises(UnavailableError, match="has no PIN"):
        sign()


def test_nobody_is_asked_for_a_pin_where_nobody_is(
    plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug(key())
    monkeypatch.setattr(hardware, "is_interactive", lambda: False)

    with pytest.raises(RefusedError, match="nobody is there"):
        sign()


@pytest.mark.parametrize("command", ["CLIENT_PIN", "GET_ASSERTION"])
def test_a_key_that_is_taken_out_meanwhile_is_told(plug: Plug, command: str) -> None:
    plug(key(broken_at=command))

    with pytest.raises(UnavailableError, match="taken out"):
        sign()


def test_a_request_is_approved_with_a_security_key_on_a_real_instance(
    plug: Plug, running: Path, terminal: Terminal
) -> None:
    """Amir's passkey is moved from its file to a key."""
    amir = SoftwarePerson.load(running / "demo" / "people", "amir")
    count = running / "demo" / "people" / "amir.count"
    loaded = SecurityKey(counter=int(count.read_text()) + 10)
    loaded.add(decode_base64url(amir.credential), amir.key)
    plug(SecurityKey(), loaded)
    terminal.ok("listkeep freeze --as ada --purpose 'a test'")
    asked = terminal.ok("listkeep unfreeze --as ada --json").json["id"]

    ran = terminal(f"listkeep approve {asked} --yes --key {KeyKind.HARDWARE} --as amir")

    assert ran.status == 0, ran.stderr
    assert "touch the security key" in ran.stderr
    assert f"request {asked} is done" in ran.stderr
    count.write_text(str(loaded.counter))  # the file goes on where the key was
