import os
import tracemalloc

import pytest

from listkeep.core.files.plaintext import COVERED, Finder, cover

TOKEN = "abcdefghijklmnopqrstuvwxy2"
ALIAS = "abcdefghijklmnopqrstuvwxyz234567"
FOUND = [
    b"to=<ada@example.com>, relay=none",
    b'"Ada, L." <ada.l+news@mail.example.co.uk>',
    b"https://shop.example/?e=ada%40example.com&x=1",
    b"To: ada=40example.com",
    rb'{"email":"ada\u0040example.com"}',
    b'<a href="mailto:ada&#64;example.com">',
    "jürgen@bücher.example".encode(),
    "ада@пример.рф".encode(),
    "ada@example.com".encode("utf-16-le"),
    "\ufeffada@example.com".encode("utf-16-be"),
    b"\x01\x02\x0fada@example.com\x07",
    b"\x00\x01a@b.de\x00",
    b"INSERT INTO contacts VALUES (1,'ada@example.com');",
    b"message-id=<1234@example.com> from=<ada@example.org>",
]
CLEAN = [
    b"to=<" + TOKEN.encode() + b"@p3.tok.example.com>",
    b"from=<b-" + ALIAS.encode() + b"@bounce.example.com>",
    ALIAS.upper().encode() + b"@p0.tok.example.com",
    b"message-id=<20261130.1234@host.example.com>",
    b"Message-ID: <20261130.1234@host.example.com>",
    b"icon@2x.png background@3x.jpg",
    b"npm install left-pad@1.3.0",
    b"an @mention, 5@home, a@b, @example.com, x@.com",
    b"\x00\x01a@b.qz\x00",
    b"\x00\xff\xfe@\xe2\x82.com\x00",
    b"",
]


@pytest.mark.parametrize("data", FOUND)
def test_an_address_is_found_however_it_is_written(data: bytes) -> None:
    assert Finder().count(data) == 1


@pytest.mark.parametrize("data", CLEAN)
def test_what_is_no_address_or_meant_to_be_there_is_not_counted(data: bytes) -> None:
    assert Finder().count(data) == 0


@pytest.mark.parametrize("size", [3, 64, 1000, 100_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_how_a_stream_is_cut_never_matters(size: int, encoding: str) -> None:
    lines = [
        f"{number} user{number}@mail{number % 7}.example.com x" for number in range(400)
    ]
    data = "\n".join(lines).encode(encoding)
    finder = Finder()

    found = sum(finder.feed(data[at : at + size]) for at in range(0, len(data), size))

    assert found + finder.finish() == 400


def test_domains_that_are_ones_own_are_passed_over() -> None:
    data = b"root@example.com bounce@mail.EXAMPLE.com ada@notexample.com"

    assert Finder(["example.com"]).count(data) == 1


def test_random_bytes_look_like_nobody() -> None:
    assert Finder().count(os.urandom(8_000_000)) <= 1


def test_memory_does_not_grow_with_the_stream() -> None:
    finder, piece = Finder(), b"user@example.com and other words\n" * 2000
    finder.feed(piece)
    tracemalloc.start()
    for _ in range(20):
        finder.feed(piece)
    highest = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert highest < 5 * len(piece)


def test_a_name_is_shown_without_the_address_in_it() -> None:
    assert cover("/srv/ada@example.com/list.csv") == f"/srv/{COVERED}/list.csv"
    assert cover("dump.db: ada%40example.com") == f"dump.db: {COVERED}"
    assert cover("/srv/plain.csv") == "/srv/plain.csv"
