import codecs
from collections.abc import Iterator

import pytest

from listkeep.core.errors import Code, MalformedError
from listkeep.core.files import text
from listkeep.core.files.text import Stretch, read_stretches


def read(*chunks: bytes) -> list[Stretch]:
    return list(read_stretches(chunks))


def test_small_text_is_one_stretch() -> None:
    assert read(b"a,b\n", b"c,d\n") == [Stretch(1, "a,b\nc,d\n")]


def test_nothing_gives_nothing() -> None:
    assert read() == []
    assert read(b"", b"") == []
    assert read(codecs.BOM_UTF8) == []


def test_a_byte_order_mark_is_dropped_and_every_line_end_reads_as_lf() -> None:
    data = codecs.BOM_UTF8 + "é\r\nb\rc\n\rd".encode()

    assert "".join(part.text for part in read(data)) == "é\nb\nc\n\nd"


def test_the_last_line_needs_no_end() -> None:
    assert "".join(part.text for part in read(b"a\nb")) == "a\nb"
    assert read(b"a\nb")[-1] == Stretch(2, "b")


def test_long_text_comes_in_stretches_of_whole_numbered_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text, "PIECE_BYTES", 4)

    stretches = read(b"a\nbcdefghij\nk\n\nl\r\nm")

    assert "".join(part.text for part in stretches) == "a\nbcdefghij\nk\n\nl\nm"
    assert all(part.text.endswith("\n") for part in stretches[:-1])
    line = 1
    for part in stretches:
        assert part.first_line == line
        line += part.text.count("\n")
    assert len(stretches) > 2


def test_a_character_or_line_end_may_lie_across_two_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text, "PIECE_BYTES", 1)

    assert "".join(p.text for p in read("é€𝄞\r\nz\r".encode())) == "é€𝄞\nz\n"


@pytest.mark.parametrize(
    ("data", "code", "hint"),
    [
        (codecs.BOM_UTF16_LE + b"a\0\n", "file-encoding", "UTF-8"),
        (codecs.BOM_UTF16_LE + b"\0\xd8a\0\n\0", "file-encoding", "UTF-8"),
        (codecs.BOM_UTF16_BE + "a\0b\n".encode("utf-16-be"), "file-binary", "CSV"),
        (codecs.BOM_UTF32_LE + "a\n".encode("utf-32-le"), "file-binary", "CSV"),
        ("email\nada@example.com\n".encode("utf-16-le"), "file-encoding", "UTF-8"),
        ("email\nada@example.com\n".encode("utf-16-be"), "file-encoding", "UTF-8"),
        ("email\nJürgen\n".encode("cp1252"), "file-encoding", "Windows"),
        (b"email\nada\0@example.com\n", "file-binary", "CSV"),
        (b"email\n" + b"\0" * 500, "file-binary", "CSV"),
        (b"PK\x03\x04 and so on", "file-binary", "workbook"),
        (b"\x1f\x8b\x08 and so on", "file-binary", "gzip"),
        (b"%PDF-1.7", "file-binary", "PDF"),
        (b"email\n\xc3", "file-encoding", "Windows"),
    ],
)
def test_a_file_that_is_not_utf8_text_is_refused_with_a_way_out(
    data: bytes, code: str, hint: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        read(data)

    assert caught.value.code == code
    assert hint in caught.value.hint
    # The decoder's own error would carry the rows into a log.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_ten_megabyte_line_is_refused_before_it_is_read() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield b"email\n"
        for _ in range(160):
            taken += 1
            yield b"x" * 65_536

    with pytest.raises(MalformedError, match="line 2 is longer") as caught:
        list(read_stretches(endless()))

    assert caught.value.code == Code.FILE_LINE_TOO_LONG
    assert caught.value.hint
    assert taken < 25


def test_the_longest_line_allowed_is_allowed() -> None:
    longest = b"x" * text.MAX_LINE_CHARACTERS

    assert sum(len(part.text) for part in read(longest, b"\n")) == len(longest) + 1
    with pytest.raises(MalformedError):
        read(longest, b"x\n")


def test_one_huge_chunk_is_cut_into_pieces() -> None:
    data = b"ada@example.com\n" * 20_000

    stretches = read(data)

    assert max(len(part.text) for part in stretches) <= text.PIECE_BYTES + 16
    assert "".join(part.text for part in stretches).encode() == data


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [1, 3, 1000, 100_000])
def test_utf16_with_its_mark_reads_like_utf8(encoding: str, size: int) -> None:
    text = "Email\tName\r\n" + "ada@example.com\tJürgen 😀\r\n" * 9000
    data = "\ufeff".encode(encoding) + text.encode(encoding)
    chunks = [data[at : at + size] for at in range(0, len(data), size)]

    read = "".join(stretch.text for stretch in read_stretches(chunks))

    assert read == text.replace("\r\n", "\n")
