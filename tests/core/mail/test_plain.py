from typing import Any

import pytest

from listkeep.core.mail.mime import SINGLE
from listkeep.core.mail.plain import MAX_PARTS, PlainBranch, PlainText, split_plain


def split(data: bytes) -> Any:
    return split_plain(data, single=SINGLE)


def message(*fields: str, body: str = "hello\n") -> bytes:
    head = "\n".join(("From: a@example.com", *fields))
    return f"{head}\n\n{body}".encode()


def branch(*parts: str, before: str = "", end: str = "--b--\n") -> bytes:
    inner = "".join(f"--b\n{part}\n" for part in parts)
    kind = 'Content-Type: multipart/mixed; boundary="b"'
    return message(kind, body=before + inner + end)


TEXT = "Content-Type: text/plain\n\none"


def test_a_text_is_taken_apart() -> None:
    fields, part = split(
        message(
            "Subject:  a\n\tb ",
            'Content-Type: Text/HTML; charset="UTF-8"',
            "Content-Transfer-Encoding: Base64",
            "X-Twice: 1",
            "X-Twice: 2",
        )
    )

    assert fields == (
        ("From", "a@example.com"),
        ("Subject", "a\tb"),
        ("Content-Type", 'Text/HTML; charset="UTF-8"'),
        ("Content-Transfer-Encoding", "Base64"),
        ("X-Twice", "1"),
        ("X-Twice", "2"),
    )
    assert part == PlainText("text/html", "utf-8", "base64", b"hello\n")


def test_parts_end_before_the_line_end_of_their_boundary() -> None:
    _, part = split(branch(TEXT, f"{TEXT}\n"))

    texts = (b"one", b"one\n")
    assert part == PlainBranch(
        "multipart/mixed",
        tuple(PlainText("text/plain", "us-ascii", "", text) for text in texts),
    )


def test_branches_are_taken_apart_to_a_depth() -> None:
    inner = (
        "Content-Type: multipart/alternative; boundary=i\n\n"
        "--i\nContent-Type: text/plain\n\none\n--i--\n"
    )
    deeper = inner.replace(
        "Content-Type: text/plain\n\none",
        "Content-Type: multipart/related; boundary=d\n\n--d\n" + TEXT + "\n--d--\n",
    )

    assert split(branch(inner)) is not None
    assert split(branch(deeper)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\nhello",
        b"From: a@example.com\nSubject: x",
        b" Subject: x\n\nhello",
        b"From a@example.com\n\nhello",
        b"Sub ject: x\n\nhello",
        "Subject: Grüße\n\nhello".encode(),
        message("Subject: x\n \n y", "Content-Type: text/plain"),
        message(),
        message("Content-Type: text/plain", "Subject: x", "Subject: x"),
        message("Content-Type: text/plain; charset=utf-8; format=flowed"),
        message("Content-Type: text/plain; charset*=utf-8''x"),
        message("Content-Type: text/plain", "Content-Transfer-Encoding: x-uuencode"),
        message("Content-Type: text/plain", "Content-Disposition: inline"),
        message("Content-Type: text/plain", "Content-ID: <x>"),
        message("Content-Type: image/png"),
        message("Content-Type: multipart/mixed"),
        message("Content-Type: multipart/mixed; boundary=a b"),
        branch(),
        branch(TEXT, before="preamble\n"),
        branch(TEXT, end=""),
        branch(TEXT, end="--b--x\n"),
        branch(TEXT, end="--b--\nepilogue\n"),
        branch(TEXT, end="--bc\n--b--\n"),
        branch(TEXT, end="--b \n--b--\n"),
        branch(TEXT, end="--b--\n--b--\n"),
        branch("one"),
        branch(f"X: 1\nX: 2\n{TEXT}"),
        branch(*[TEXT] * (MAX_PARTS + 1)),
        branch(TEXT).replace(b"mixed;", b"digest;"),
        branch(TEXT).replace(b"\n\n", b"\nContent-Transfer-Encoding: base64\n\n", 1),
    ],
)
def test_whatever_is_unusual_is_left_to_others(data: bytes) -> None:
    assert split(data) is None
