# ruff: noqa: RUF001 - tables are read across, and names have any letters
import pytest

from listkeep.core.mail.faults import Findings
from listkeep.core.mail.slots import (
    Kind,
    Slot,
    find_slots,
    fits,
    format_pieces,
    headline,
    is_phrase,
    slots_in,
    split_text,
)


def found(text: str) -> tuple[list[Slot], list[str]]:
    findings = Findings()
    slots = [one.slot for one in find_slots(text, findings, place="here")]
    return slots, [f"{fault.place}: {fault.message}" for fault in findings.faults]


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("[[alias]]", Slot("alias", Kind.ALIAS)),
        ("[[proof]]", Slot("proof", Kind.PROOF)),
        ("[[points:number]]", Slot("points", Kind.NUMBER)),
        ("[[points:number|0]]", Slot("points", Kind.NUMBER, "0")),
        ("[[until:date|2026-01-01]]", Slot("until", Kind.DATE, "2026-01-01")),
        ("[[greeting:text|Good day]]", Slot("greeting", Kind.TEXT, "Good day")),
        ("[[first_name:sealed]]", Slot("first_name", Kind.SEALED)),
    ],
)
def test_slots_are_read_and_written_in_one_way(text: str, slot: Slot) -> None:
    assert found(f"Dear {text}, hello") == ([slot], [])
    cut = split_text(text, find_slots(text, Findings(), place="here"))
    assert cut == ("", slot, "")
    assert list(slots_in(cut)) == [slot]
    assert format_pieces(cut) == text


@pytest.mark.parametrize(
    "text",
    [
        "[[",
        "[[first_name]]",
        "[[First:text]]",
        "[[a:html]]",
        "[[alias:text]]",
        "[[proof:text]]",
        "[[a:text|<b>]]",
        "[[a:text|www.example]]",
        "[[a:number|many]]",
        "[[a:date|soon]]",
        "[[ a:text ]]",
        "[[a:text",
        f"[[{'a' * 200}]]",
    ],
)
def test_brackets_that_are_no_slot_are_refused_with_their_line(text: str) -> None:
    slots, faults = found(f"Dear reader,\n{text} hello")

    assert slots == []
    assert faults == ["here, line 2: two square brackets that are no slot"]


@pytest.mark.parametrize("name", ["email", "address", "mail"])
def test_the_address_is_no_merge_field(name: str) -> None:
    _, faults = found(f"[[{name}:sealed]]")

    assert faults == ["here, line 1: the address is no merge field"]


def test_slots_that_touch_could_not_be_told_apart() -> None:
    _, faults = found("[[a:text]][[b:text]]")

    assert faults == ["here, line 1: two slots touch"]


@pytest.mark.parametrize(
    "text",
    [
        "https://[[a:text]]",
        "[[a:text]].example.com",
        "[[a:text]]@example.com",
        "x[[a:text]]",
        "me@[[a:text]]",
        "[[a:text]]/path",
    ],
)
def test_a_slot_inside_of_a_word_could_become_a_link(text: str) -> None:
    _, faults = found(text)

    assert faults == [
        "here, line 1: a slot inside of a word, where a value could become a link"
    ]


def test_an_alias_inside_of_a_path_is_what_it_is_for() -> None:
    assert found("https://example.com/[[alias]]/x")[1] == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.NUMBER, "0"),
        (Kind.NUMBER, "-12.50"),
        (Kind.NUMBER, "1,234,567.8"),
        (Kind.NUMBER, "1 234,50"),
        (Kind.NUMBER, "1\u202f234"),
        (Kind.DATE, "2026-12-24"),
        (Kind.DATE, "24.12.2026"),
        (Kind.DATE, "24/12/2026"),
        (Kind.DATE, "12/24/2026"),
        (Kind.TEXT, "Zoë O'Brien-Łuczak, 3.5 %"),
        (Kind.TEXT, "می\u200cخواهم"),
        (Kind.SEALED, "x" * 200),
    ],
)
def test_values_of_the_type_fit(kind: Kind, value: str) -> None:
    assert fits(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.ALIAS, "abcdefgh" * 4),
        (Kind.NUMBER, ""),
        (Kind.NUMBER, "1.2.3.4"),
        (Kind.NUMBER, "٣"),
        (Kind.NUMBER, "+4912345678901234"),
        (Kind.DATE, "2026-02-30"),
        (Kind.DATE, "13/13/2026"),
        (Kind.DATE, "tomorrow"),
        (Kind.DATE, "٢٠٢٦-١٢-٢٤"),
        (Kind.TEXT, ""),
        (Kind.TEXT, "   "),
        (Kind.TEXT, "x" * 201),
    ],
)
def test_values_of_another_type_do_not(kind: Kind, value: str) -> None:
    assert not fits(kind, value)


@pytest.mark.parametrize(
    "value",
    [
        "win at evil.example",
        "http://1.2.3.4",
        "www.evil",
        "zoe@example.com",
        "zoe\uff20example.com",
        "evil\u3002example",
        "evil\uff0eexample",
        "evil\u2024example",
        "a\r\nBcc: x",
        "a\nb",
        "a\x00b",
        "a\x1b[2Jb",
        "a\u202eb",
        "a\u2028b",
        "a\u200bb",
        "\ud800",
    ],
)
def test_nothing_that_becomes_a_link_or_a_line_is_a_phrase(value: str) -> None:
    assert not is_phrase(value)


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Spring offers", "Spring offers"),
        ("Dear [[first_name:sealed|reader]]", "Dear {reader}"),
        (
            "Dear [[first_name:sealed]], [[points:number]]",
            "Dear {first name}, {points}",
        ),
        ("[[broken", "[[broken"),
    ],
)
def test_a_heading_has_a_word_for_each_slot(title: str, shown: str) -> None:
    assert headline(title) == shown
