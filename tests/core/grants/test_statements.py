import hashlib
import json
from dataclasses import fields

import pytest

from listkeep.core.canonical import encode
from listkeep.core.errors import MalformedError
from listkeep.core.grants.statements import (
    Decision,
    Enrol,
    Genesis,
    Recovery,
    SignIn,
    Statement,
)

Kind = type[Statement] | type[SignIn] | type[Enrol] | type[Genesis] | type[Recovery]
KINDS: list[Kind] = [Statement, SignIn, Enrol, Genesis, Recovery]
PLANTED = "planted.person@example.com"
WHO = {"keeper": "k_demo", "person": "p_ada", "credential": "Y3JlZA"}
STATEMENT = Statement(**WHO, decision="approve", request="ab" * 32)
SIGN_IN = SignIn(keeper="k_demo", service="s_console", nonce="00ff", binding="")


def sample(kind: Kind) -> dict[str, str]:
    values = {field.name: field.name for field in fields(kind)}
    return values | ({"decision": "deny"} if "decision" in values else {})


def test_a_statement_is_flat_canonical_json() -> None:
    assert STATEMENT.format().decode() == (
        '{"credential":"Y3JlZA","decision":"approve","keeper":"k_demo",'
        f'"person":"p_ada","request":"{"ab" * 32}"}}'
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_reads_back_as_it_was_written(kind: Kind) -> None:
    statement = kind(**sample(kind))

    assert kind.parse(statement.format()) == statement


def test_the_challenge_is_the_digest_of_type_and_bytes() -> None:
    body = STATEMENT.format()
    kind = b"application/vnd.listkeep.statement.v1+json"
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)

    assert STATEMENT.challenge() == hashlib.sha256(signed).digest()


def test_every_field_of_a_statement_is_signed() -> None:
    values = json.loads(STATEMENT.format())
    challenges = {STATEMENT.challenge()} | {
        Statement(**{**values, name: "deny"}).challenge() for name in values
    }

    assert len(challenges) == 1 + len(values)


def test_a_sign_in_names_nobody_and_every_field_of_it_is_signed() -> None:
    values = json.loads(SIGN_IN.format())
    challenges = {SIGN_IN.challenge()} | {
        SignIn(**{**values, name: "other"}).challenge() for name in values
    }

    assert set(values) == {"keeper", "service", "nonce", "binding"}
    assert len(challenges) == 1 + len(values)


def test_kinds_sign_under_different_names() -> None:
    assert len({kind.payload_type for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_kind_passes_for_another(kind: Kind) -> None:
    for other in KINDS:
        if other is not kind:
            with pytest.raises(MalformedError, match="other fields"):
                other.parse(encode(sample(kind)))


@pytest.mark.parametrize("decision", Decision)
def test_people_ask_approve_and_deny(decision: Decision) -> None:
    statement = Statement(**WHO, decision=decision.value, request="ab")

    assert Statement.parse(statement.format()).decision == decision


@pytest.mark.parametrize("decision", ["", "Approve", "approve ", "sign", PLANTED])
def test_another_decision_is_refused_and_not_repeated(decision: str) -> None:
    data = encode({**WHO, "decision": decision, "request": "ab"})

    with pytest.raises(
        MalformedError, match=r"^a statement decides something unknown$"
    ):
        Statement.parse(data)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_other_fields_are_refused_and_not_repeated(kind: Kind) -> None:
    values = sample(kind)
    short = {key: value for key, value in values.items() if key != "keeper"}
    for wrong in (short, {**values, PLANTED: "x"}, {**values, "self": "x"}, {}):
        with pytest.raises(MalformedError, match=r"^a statement has other") as refused:
            kind.parse(encode(wrong))
        assert refused.value.__context__ is None  # Python's would name the field


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        SIGN_IN.format() + b"\n",
        SIGN_IN.format().replace(b'"00ff"', b"255"),
        SIGN_IN.format().replace(b'{"', b'{"keeper":"k_eve","', 1),
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        SignIn.parse(data)
