import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from listkeep.core.addresses import index_form
from listkeep.core.errors import Code, MalformedError
from listkeep.core.files import audience
from listkeep.core.files.audience import Audience, open_audience, read_columns
from listkeep.core.files.values import Batch, Record, Rejected
from listkeep.core.segments.values import Status

MAILCHIMP = (
    '"Email Address","First Name",MEMBER_RATING,OPTIN_TIME,NOTES\n'
    'Ada@Example.com,Ada,5,"2021-04-05 10:11:12",\n'
    'ben@example.org,Ben,3,2021-04-06 10:11:12,"two\nlines"\n'
    "ben(at)example.org,Ben,3,2021-04-06 10:11:12,\n"
    "eve@example.net,Eve\n"
    "  ,Nobody,1,2021-04-06 10:11:12,\n"
    "dora@bücher.example,Dora,2,2021-04-06 10:11:12,\n"
)


def opened(text: str, **options: object) -> Audience:
    return open_audience([text.encode()], **options)  # type: ignore[arg-type]


def addresses(text: str, **options: object) -> list[str]:
    batches = opened(text, **options).batches()
    return [index_form(text) for batch in batches for text in batch.addresses]


def test_a_mailchimp_export_is_read_as_it_is() -> None:
    file = opened(MAILCHIMP)

    assert file.kind == "mailchimp"
    assert file.columns[1] == "First Name"
    assert file.address_column == "Email Address"
    assert file.status_columns == ()
    assert file.default_status == "subscribed"
    assert file.field_names == ("first_name", "member_rating", "optin_time", "notes")
    (batch,) = file.batches()
    assert batch.lines == [2, 3, 8]
    assert batch.addresses == [
        "Ada@Example.com",
        "ben@example.org",
        "dora@bücher.example",
    ]
    assert batch.statuses == ["subscribed"] * 3
    assert batch.fields[1] == ("Ben", "3", "2021-04-06 10:11:12", "two\nlines")
    assert [(row.line, row.reason.value) for row in batch.rejected] == [
        (5, "address-invalid"),
        (6, "too-few-fields"),
        (7, "address-missing"),
    ]


def test_records_and_rejected_rows_come_in_the_order_of_the_file() -> None:
    rows = list(opened(MAILCHIMP + "x,,,,\nfay@example.com,Fay,1,,\n"))

    assert [row.line for row in rows] == [2, 3, 5, 6, 7, 8, 9, 10]
    first = rows[0]
    assert isinstance(first, Record)
    assert first.address_text == "Ada@Example.com"
    assert first.fields["first_name"] == "Ada"
    assert isinstance(rows[2], Rejected)


def test_bad_rows_at_the_end_come_too() -> None:
    rows = list(opened("Email\nada@example.com\nx\ny\n"))

    assert [row.line for row in rows] == [2, 3, 4]


@pytest.mark.parametrize("count", [1, 16, 17, 200])
def test_few_or_many_bad_rows_take_no_good_one_with_them(count: int) -> None:
    names = [f"n{number}" for number in range(400)]
    bad = frozenset(range(5, 400, 2)[:count])
    lines = [
        f"{name},{'no address' if at in bad else name + '@example.com'}\n"
        for at, name in enumerate(names)
    ]
    audience = open_audience([f"Name,E-mail\n{''.join(lines)}".encode()])

    [batch] = audience.batches()

    left = [name for at, name in enumerate(names) if at not in bad]
    assert batch.columns == [left]
    assert batch.addresses == [f"{name}@example.com" for name in left]
    assert batch.lines == [at + 2 for at in range(400) if at not in bad]
    assert [row.line for row in batch.rejected] == sorted(at + 2 for at in bad)


@pytest.mark.parametrize("size", [1, 2, 3, 4096])
def test_batches_have_the_size_asked_for_and_lose_nothing(size: int) -> None:
    text = "Email\nx\n" + "".join(f"a{i}@example.com\nx\n" for i in range(7))
    batches = list(opened(text).batches(size))

    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 0 < len(batches[-1]) <= size
    assert sum(map(len, batches)) == 7
    lines = [row.line for batch in batches for row in batch.rejected]
    assert lines == [2, 4, 6, 8, 10, 12, 14, 16]
    for batch in batches[:-1]:
        assert all(row.line < batch.lines[-1] + 2 for row in batch.rejected)
        columns = (batch.lines, batch.addresses, batch.statuses, batch.fields)
        assert {len(column) for column in columns} == {size}


def test_a_status_column_speaks_for_each_row() -> None:
    text = "Email,Status,Plan\na@example.com,Active,x\nb@example.com,who knows,y\n"
    file = opened(text + "c@example.com,cleaned,z\nnobody,subscribed,z\n")

    assert file.status_columns == ("Status",)
    (batch,) = file.batches()
    assert batch.statuses == ["subscribed", "bounced"]
    assert batch.fields == [("x",), ("z",)]
    assert [(row.line, row.reason.value) for row in batch.rejected] == [
        (3, "status-unknown"),
        (5, "address-invalid"),
    ]
    assert set(batch.statuses) <= set(Status)


def test_an_unsubscribed_export_brings_nobody_back() -> None:
    text = "Email Address,UNSUB_TIME,UNSUB_REASON,LEID\na@example.com,2021,,1\n"
    (batch,) = opened(text).batches()

    assert batch.statuses == ["unsubscribed"]


def test_a_mapping_reads_any_header() -> None:
    text = "Tarif;Kontakt\npro;ada@example.com\n"
    file = opened(text, mapping={"address": "Kontakt", "plan": "Tarif"})

    assert file.kind == "csv"
    (batch,) = file.batches()
    assert (file.field_names, batch.fields) == (("plan",), [("pro",)])


def test_a_list_of_addresses_alone_has_no_fields() -> None:
    (batch,) = opened("Email\nada@example.com\n").batches()

    assert batch.fields == [()]


def test_json_lines_are_recognized_by_their_first_character() -> None:
    text = '\n{"email":"ada@example.com","plan":"pro"}\n{"email":"x"}\n'
    file = opened(text)

    assert file.kind == "jsonl"
    (batch,) = file.batches()
    assert batch.lines == [2]
    assert batch.fields == [("pro",)]
    assert batch.rejected[0].line == 3


def test_a_format_can_be_insisted_on() -> None:
    assert addresses('{"email":"a@b.example"}', format="jsonl") == ["a@b.example"]
    assert addresses("Email\tx,y\na@b.example\t1\n", format="tsv") == ["a@b.example"]
    assert addresses("Email,x\na@b.example,1\n", format="csv") == ["a@b.example"]
    with pytest.raises(MalformedError):
        opened("Email,x\na@b.example,1\n", format="jsonl")
    with pytest.raises(MalformedError):
        opened("Name,Email\nAda,a@b.example\n", format="tsv")


@pytest.mark.parametrize(
    ("text", "code", "hint"),
    [
        ("", Code.FILE_EMPTY, "export"),
        ("\ufeff", Code.FILE_EMPTY, "export"),
        ("\n \r\n\n", Code.FILE_EMPTY, "export"),
        ("Name,City\nAda,London\n", Code.FILE_HEADER, "name the column"),
        ("ada@example.com,Ada\n", Code.FILE_HEADER, "put a line"),
        ("[]", Code.FILE_HEADER, "one object per line"),
        ("Email,City\n", Code.FILE_NO_VALID_ROW, "header alone"),
        ("Email,City\nx,y\nx\ny\n", Code.FILE_NO_VALID_ROW, "fewer fields"),
        ("Email\nx\0y\n", Code.FILE_BINARY, "CSV"),
        ("Email\n" + "x" * 2**21, Code.FILE_LINE_TOO_LONG, "line of its own"),
    ],
)
def test_a_file_that_is_no_list_is_refused_whole(
    text: str, code: Code, hint: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        addresses(text)

    assert caught.value.code == code
    assert hint in caught.value.hint
    assert "ada@" not in f"{caught.value} {caught.value.hint}"


def test_rejected_lines_are_told_before_the_file_is_refused() -> None:
    batches = opened("Email\nx\n").batches()

    assert [row.line for row in next(batches).rejected] == [2]
    with pytest.raises(MalformedError):
        next(batches)


def test_blank_lines_on_top_are_skipped_and_counted() -> None:
    (batch,) = opened("\n\r\n\nEmail\nada@example.com\n").batches()

    assert batch.lines == [5]


def test_stretches_of_blank_lines_on_top_are_skipped_too() -> None:
    text = "\n" * 200_000 + "Email\nada@example.com\n"
    (batch,) = opened(text).batches()

    assert batch.lines == [200_002]


def test_memory_does_not_grow_with_the_file() -> None:
    def chunks(rows: int) -> Iterator[bytes]:
        yield b"Email,Plan\n"
        for start in range(0, rows, 1000):
            yield b"".join(
                b"a%d@example.com,pro\n" % i for i in range(start, start + 1000)
            )

    def peak(rows: int) -> int:
        tracemalloc.start()
        for _ in open_audience(chunks(rows)).batches():
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1000)
    assert peak(60_000) < 1.3 * peak(20_000)


def test_a_batch_starts_empty() -> None:
    assert asdict(Batch())["lines"] == []
    assert audience.BATCH_ROWS == 4096


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Kontakt; Plan ;Ort\nx@example.com;pro;Köln\n", {}),
        ("Kontakt\tPlan\tOrt\n", {"format": "tsv"}),
        ('\n{"Kontakt": "x", "Plan": 1, "Ort": ""}\n', {}),
        ('{"Kontakt": "x", "Plan": 1, "Ort": ""}\n', {"format": "jsonl"}),
    ],
)
def test_columns_are_read_though_none_is_known_to_be_the_address(
    text: str, options: dict[str, Any]
) -> None:
    with pytest.raises(MalformedError, match="hold the address"):
        opened(text, **options)

    assert read_columns([text.encode()], **options) == ("Kontakt", "Plan", "Ort")


def test_a_row_is_not_read_as_columns() -> None:
    with pytest.raises(MalformedError, match="not a header"):
        read_columns([b"ada@example.com,pro\n"])


LISTMONK = """uuid,email,name,attributes,status,created_at,updated_at
u1,ada@example.com,Ada,"{""city"": ""Bonn"", ""vip"": true}",enabled,2026-01-02 03:04,
u2,ben@example.com,Ben,"{""city"": ""Kiel"", ""tags"": [""a"", ""b""]}",blocklisted,,
u3,cleo@example.com,Cleo,{},disabled,,
u4,dora@example.com,Dora,{},who knows,,
"""
KLAVIYO = """Email,Klaviyo ID,First Name,Email Marketing Consent,Email Suppressions,Tags
ada@example.com,K1,Ada,SUBSCRIBED,[],"[""a"", ""b""]"
ben@example.com,K2,Ben,SUBSCRIBED,"[{'reason': 'HARD_BOUNCE'}]",[]
cleo@example.com,K3,Cleo,NEVER_SUBSCRIBED,,['c']
dora@example.com,K4,Dora,NEVER_SUBSCRIBED,SPAM_COMPLAINT,
emil@example.com,K5,Emil,UNSUBSCRIBED,,
fred@example.com,K6,Fred,SUBSCRIBED,USER_SUPPRESSED,
"""
MAUTIC = """id,email,firstname,preferred_locale,attribution_date,Do Not Contact
1,ada@example.com,Ada,de,2026-01-02 03:04:05,
2,ben@example.com,Ben,de,,Unsubscribed: Email
3,cleo@example.com,Cleo,de,,Bounced: Email
4,dora@example.com,Dora,de,,1
"""


def test_a_listmonk_export_brings_its_attributes_as_fields() -> None:
    file = opened(LISTMONK)
    (batch,) = file.batches()

    assert file.kind == "listmonk"
    assert ("city", "city") in file.named_columns
    assert batch.statuses == ["subscribed", "unsubscribed", "unsubscribed"]
    rows = [dict(zip(file.field_names, row, strict=True)) for row in batch.fields]
    assert (rows[0]["city"], rows[0]["vip"], rows[0]["tags"]) == ("Bonn", "true", "")
    assert rows[1]["tags"] == "a; b"
    assert [row.reason.value for row in batch.rejected] == ["status-unknown"]


def test_suppressed_people_of_klaviyo_arrive_suppressed() -> None:
    file = opened(KLAVIYO)
    (batch,) = file.batches()

    assert file.kind == "klaviyo"
    assert file.status_columns == ("Email Marketing Consent", "Email Suppressions")
    found = {a[:1]: s for a, s in zip(batch.addresses, batch.statuses, strict=True)}
    assert found == {
        "a": "subscribed",
        "b": "bounced",
        "d": "complained",
        "e": "unsubscribed",
        "f": "unsubscribed",
    }
    assert [(row.line, row.reason.value) for row in batch.rejected] == [
        (4, "consent-missing")
    ]
    tags = file.field_names.index("tags")
    assert [row[tags] for row in batch.fields] == ["a; b", "", "", "", ""]


def test_do_not_contact_of_mautic_is_heeded() -> None:
    file = opened(MAUTIC)
    (batch,) = file.batches()

    assert file.kind == "mautic"
    assert batch.statuses == ["subscribed", "unsubscribed", "bounced", "unsubscribed"]


def test_members_that_come_later_stay_where_they_were() -> None:
    head, first, second, *_ = LISTMONK.splitlines(keepends=True)
    file = opened(head + first * 3000 + second)
    rows = [
        dict(zip(file.field_names, row, strict=True))
        for batch in file.batches()
        for row in batch.fields
    ]

    assert "tags" not in rows[0]
    assert (rows[-1]["city"], rows[-1]["attributes"]) == ("Kiel", '{"tags":["a","b"]}')


def test_an_export_of_nobody_has_no_members() -> None:
    file = opened(LISTMONK.splitlines(keepends=True)[0])

    assert "attributes" in file.field_names
    with pytest.raises(MalformedError):
        list(file.batches())
