"""A page or a program gets a real passkey to sign, but not as Listkeep's own does."""

import json

import msgspec
import pytest
from fido2.webauthn import AuthenticatorData

from listkeep.core.grants import Statement
from listkeep.wire import messages as m
from tests.keeper.forgery import UP, UV, client_data, forge
from tests.keeper.instance import KEEPER, refusal
from tests.keeper.world import World


@pytest.fixture
def view(world: World) -> m.RequestView:
    return world.ask_export("ben", world.list_with_rows(1), 1)


def approval(world: World, view: m.RequestView, **changes: str) -> Statement:
    honest = Statement.parse(world.statement("ada", view, "approve").statement)
    fields = {
        "keeper": honest.keeper,
        "person": honest.person,
        "credential": honest.credential,
        "decision": honest.decision,
        "request": honest.request,
    }
    return Statement(**{**fields, **changes})


def test_the_forger_of_these_tests_makes_what_counts(
    world: World, view: m.RequestView
) -> None:
    assertion = forge(world.meet("ada"), approval(world, view))

    assert world.submit(view, assertion).state == "granted"


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://app.example.com"},
        {"origin": "http://seal.localhost:8472"},
        {"origin": "http://seal.localhost:8471/"},
        {"origin": "https://seal.localhost:8471"},
        {"origin": "http://seal.localhost"},
        {"origin": "http://evil.seal.localhost:8471"},
        {"origin": "listkeep-cli://k_other"},
        {"origin": "listkeep-cli://k_demo."},
        {"origin": None},
        {"origin": ["listkeep-cli://k_demo"]},
        {"crossOrigin": True},
        {"crossOrigin": "false"},
        {"topOrigin": "https://app.example.com"},
        {"topOrigin": None},
        {"type": "webauthn.create"},
        {"type": "payment.get"},
        {"challenge": ""},
        {"challenge": None},
        {"challenge": "AAAA"},
    ],
    ids=str,
)
def test_client_data_of_another_page_does_not_count(
    world: World, view: m.RequestView, changes: dict[str, object]
) -> None:
    statement = approval(world, view)
    client = client_data(statement, **changes)

    code = refusal(
        world.submit, view, forge(world.meet("ada"), statement, client=client)
    )

    assert code == "signature-invalid"
    assert world.show("ben", view).state == "waiting"


@pytest.mark.parametrize("name", ["origin", "type", "challenge"])
def test_client_data_that_lacks_a_field_does_not_count(
    world: World, view: m.RequestView, name: str
) -> None:
    statement = approval(world, view)
    fields = json.loads(client_data(statement))
    del fields[name]
    assertion = forge(world.meet("ada"), statement, client=json.dumps(fields).encode())

    assert refusal(world.submit, view, assertion) == "signature-invalid"


@pytest.mark.parametrize("name", ["origin", "type", "challenge", "crossOrigin"])
@pytest.mark.parametrize("first", [True, False])
def test_client_data_that_says_a_thing_twice_does_not_count(
    world: World, view: m.RequestView, name: str, first: bool
) -> None:
    statement = approval(world, view)
    honest = client_data(statement)
    second = f'"{name}":"https://evil.example"'.encode()
    client = (
        b"{" + second + b"," + honest[1:]
        if first
        else honest[:-1] + b"," + second + b"}"
    )
    assertion = forge(world.meet("ada"), statement, client=client)

    assert refusal(world.submit, view, assertion) == "signature-invalid"


@pytest.mark.parametrize(
    "client",
    [b"", b"{}", b"[]", b"null", b"1", b"\xff\xfe", b"[" * 4000, b'{"a":' * 600],
    ids=lambda client: client[:6].hex(),
)
def test_client_data_that_is_none_does_not_count(
    world: World, view: m.RequestView, client: bytes
) -> None:
    assertion = forge(world.meet("ada"), approval(world, view), client=client)

    assert refusal(world.submit, view, assertion) == "signature-invalid"


@pytest.mark.parametrize("rp_id", ["localhost", "app.localhost", "example.com", ""])
def test_a_passkey_of_another_site_does_not_count(
    world: World, view: m.RequestView, rp_id: str
) -> None:
    assertion = forge(world.meet("ada"), approval(world, view), rp_id=rp_id)

    assert refusal(world.submit, view, assertion) == "signature-invalid"


@pytest.mark.parametrize("flags", [UP, UV, AuthenticatorData.FLAG(0)], ids=str)
def test_a_person_who_was_not_there_or_not_verified_did_not_sign(
    world: World, view: m.RequestView, flags: AuthenticatorData.FLAG
) -> None:
    assertion = forge(world.meet("ada"), approval(world, view), flags=flags)

    assert refusal(world.submit, view, assertion) == "signature-invalid"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"request": "00" * 32}, "signature-invalid"),
        ({"request": ""}, "signature-invalid"),
        ({"keeper": "k_other"}, "signature-invalid"),
        ({"person": "p_nobodynobody"}, "credential-unknown"),
        ({"credential": "AAAA"}, "credential-unknown"),
    ],
    ids=str,
)
def test_a_signature_over_other_terms_does_not_count(
    world: World, view: m.RequestView, changes: dict[str, str], code: str
) -> None:
    assertion = forge(world.meet("ada"), approval(world, view, **changes))

    assert refusal(world.submit, view, assertion) == code


def test_an_approval_of_one_request_is_no_approval_of_another(
    world: World, view: m.RequestView
) -> None:
    message = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    other = world.sign("ben", message, "request")
    assertion = world.statement("ada", view, "approve")

    assert refusal(world.submit, other, assertion) == "signature-invalid"
    assert (
        world.submit(view, world.statement("ada", view, "approve")).state == "granted"
    )


def test_a_request_is_no_approval(world: World, view: m.RequestView) -> None:
    del view
    draft = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    asked = world.statement("ben", draft, "request")
    world.submit(draft, asked)
    forged = m.Assertion(
        statement=asked.statement.replace(b'"request"', b'"approve"', 1),
        authenticator_data=asked.authenticator_data,
        client_data=asked.client_data,
        signature=asked.signature,
    )

    code = refusal(world.submit, draft, forged)
    assert code in ("json-not-canonical", "message-invalid", "self-approval")


def test_somebody_elses_passkey_does_not_sign_for_an_owner(
    world: World, view: m.RequestView
) -> None:
    assertion = forge(world.meet("ben"), approval(world, view))

    assert refusal(world.submit, view, assertion) == "signature-invalid"
    entry = world.newest("statement.refused")
    assert entry["claimed_person"] == world.meet("ada").person


def test_wrong_signatures_without_end_fill_twenty_lines_of_the_ledger(
    world: World, view: m.RequestView
) -> None:
    assertion = forge(world.meet("ben"), approval(world, view))

    for _ in range(23):
        assert refusal(world.submit, view, assertion) == "signature-invalid"

    assert world.events().count("statement.refused") == 20


def test_a_passkey_nobody_enrolled_signs_for_nobody(
    world: World, view: m.RequestView
) -> None:
    assertion = world.statement("mallory", view, "approve")

    assert refusal(world.submit, view, assertion) == "credential-unknown"


@pytest.mark.parametrize("part", ["authenticator_data", "client_data", "signature"])
@pytest.mark.parametrize("where", [0, -1])
def test_one_changed_byte_and_it_does_not_count(
    world: World, view: m.RequestView, part: str, where: int
) -> None:

    honest = world.statement("ada", view, "approve")
    data = bytearray(getattr(honest, part))
    data[where] ^= 1
    changed = msgspec.structs.replace(honest, **{part: bytes(data)})

    assert refusal(world.submit, view, changed) == "signature-invalid"


@pytest.mark.parametrize("size", [0, 1, 36, 37, 38, 100, 1024])
def test_authenticator_data_of_any_length_is_judged_cleanly(
    world: World, view: m.RequestView, size: int
) -> None:

    honest = world.statement("ada", view, "approve")
    for filler in (b"\x00", b"\xff", b"\xc1"):
        changed = msgspec.structs.replace(honest, authenticator_data=filler * size)
        assert refusal(world.submit, view, changed) == "signature-invalid"


def test_bytes_that_are_no_statement_are_malformed(
    world: World, view: m.RequestView
) -> None:

    honest = world.statement("ada", view, "approve")
    for statement in (
        b"",
        b"{}",
        honest.statement + b" ",
        honest.statement.replace(b'":"', b'": "', 1),
        honest.statement.replace(b"approve", b"approved"),
        honest.statement[:-1] + b',"z":"1"}',
    ):
        changed = msgspec.structs.replace(honest, statement=statement)
        code = refusal(world.submit, view, changed)
        assert code in ("json-not-canonical", "message-invalid"), statement
    assert KEEPER.encode() in honest.statement
