import msgspec
import pytest

from listkeep.core.errors import MalformedError
from listkeep.core.grants.reading import MAX_BYTES
from listkeep.wire import messages as m
from listkeep.wire.base import Message, decode, encode
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import notices as n
from listkeep.wire.messages import policies as p
from listkeep.wire.messages import scrubs as s
from listkeep.wire.messages import sends as d
from tests.wire.samples import KINDS, required, sample

PLANTED = "planted.person@example.com"
INTO_THE_KEEPER = {m.SealRows: "addresses", m.LookUp: "address"}
OUT_OF_THE_KEEPER = {d.SendRow: "address"}


def pack(value: object) -> bytes:
    return msgspec.msgpack.encode(value)


def test_there_are_messages() -> None:
    assert len(KINDS) > 40


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_message_crosses_the_wire_unchanged(kind: type[Message]) -> None:
    message = decode(pack(sample(kind)), kind)

    assert decode(encode(message), kind) == message
    assert msgspec.msgpack.decode(encode(message)) == sample(kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_unknown_field_is_refused_and_not_repeated(kind: type[Message]) -> None:
    with pytest.raises(MalformedError) as refused:
        decode(pack({**sample(kind), PLANTED: 1}), kind)

    assert "@" not in refused.value.message


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_field_that_is_needed_is_missed(kind: type[Message]) -> None:
    whole = sample(kind)
    for name in required(kind):
        part = {key: value for key, value in whole.items() if key != name}
        with pytest.raises(MalformedError):
            decode(pack(part), kind)

    assert decode(pack({name: whole[name] for name in required(kind)}), kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_field_takes_another_type(kind: type[Message]) -> None:
    for name in sample(kind):
        with pytest.raises(MalformedError):
            decode(pack({**sample(kind), name: 1.5}), kind)


def test_addresses_travel_to_the_keeper_and_from_it_in_rows_of_a_send_alone() -> None:
    named = {
        kind: field.name
        for kind in KINDS
        for field in msgspec.structs.fields(kind)
        if "address" in field.name or "mail" in field.name.replace("mail_domain", "")
    }

    assert named == INTO_THE_KEEPER | OUT_OF_THE_KEEPER


def test_a_row_that_was_not_opened_has_only_a_code() -> None:
    refused = d.SendRow(code="suppressed")

    assert (refused.address, refused.values) == ("", {})


def test_only_the_answer_to_one_opening_says_where_a_contact_is() -> None:
    telling = [
        kind
        for kind in KINDS
        if {"destination", "secret"} & {f.name for f in msgspec.structs.fields(kind)}
    ]

    assert set(telling) == {m.DraftRequest, n.OpenedContact, n.ContactSecret}


@pytest.mark.parametrize(
    ("kind", "field", "values"),
    [
        (m.RowBatch, "positions", [[-1], [65536]]),
        (m.ReadLedger, "limit", [0, 1001]),
        (m.ReadLedger, "start", [-1, 2**53]),
        (m.DraftRequest, "valid_seconds", [59, 90 * 86400 + 1]),
        (m.DraftRequest, "purpose", ["x" * 4097]),
        (m.LookUp, "address", ["x" * 321]),
        (m.FoundToken, "token", [bytes(15), bytes(17)]),
        (m.CreateList, "name", ["", "x" * 101]),
        (m.Assertion, "statement", [bytes(4097)]),
        (m.Assertion, "signature", [bytes(1025)]),
        (m.Caller, "session", ["x" * 601]),
        (m.RunExport, "request", ["", "R_1", "r 1", "r_1\n"]),
        (m.ReadListHead, "list", ["", "L_1", "l 1", "l_1\n"]),
        (m.ListHeadProof, "sequence", [-1, 2**53]),
        (n.ReadNotices, "limit", [0, 501]),
        (n.ReadNotices, "start", [-1, 2**53]),
        (n.OpenContact, "contact", ["", "A_1", "a 1", "a_1\n", "x" * 41]),
        (n.OpenContact, "notice", [-1]),
        (s.Bookmark, "start", [bytes(15), bytes(17)]),
        (s.Bookmark, "after", [bytes(17)]),
        (s.ScrubbedRows, "invalid", [[-1], [4096]]),
        (d.OpenForSend, "triggers", [["x" * 65]]),
        (d.SignForSend, "digests", [[bytes(31)], [bytes(33)], [bytes(32)] * 257]),
        (d.SignForSend, "domain", ["x" * 254]),
        (d.ReturnedItem, "token", [bytes(15), bytes(17)]),
        (d.ReturnedItem, "code", ["5.1.1 a@b.test"]),
        (d.FinishSend, "delivered", [-1, 2**53]),
        (i.OpenIncident, "found", [0, 2**53]),
        (i.CloseIncident, "reason", ["", "x" * 201, "ask a@example.com", "a\nb"]),
        (n.OpenContact, "day", ["", "today", "2026-1-5", "2026-01-05\n"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_bounds_are_kept_at_the_edge(
    kind: type[Message], field: str, values: list[object]
) -> None:
    for value in values:
        with pytest.raises(MalformedError, match=rf"at \$\.{field}"):
            decode(pack({**sample(kind), field: value}), kind)


def draft(text: str) -> m.DraftRequest:
    return m.DraftRequest(session="s", action="policy.set", purpose="p", policy=text)


def test_a_text_travels_as_long_as_it_may_be_and_no_longer() -> None:
    longest = draft("a" * MAX_BYTES)

    assert decode(encode(longest), m.DraftRequest) == longest
    with pytest.raises(MalformedError):
        decode(encode(draft("a" * (MAX_BYTES + 1))), m.DraftRequest)


def test_a_question_names_a_request_and_nothing_else() -> None:
    with pytest.raises(MalformedError):
        decode(encode(p.ExplainRequest(session="s", request="../1")), p.ExplainRequest)
