"""What is read the short way is read by the standard library's parser in the same way.

Messages are bent where it could make a difference: fields, folds, boundaries, ends.
"""

from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from listkeep.core.mail import mime
from listkeep.core.mail.faults import Findings
from tests.property.bending import bent


def made(*, encoding: str = "quoted-printable", depth: int = 1) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = "News <news@example.com>", "a@tok.example"
    message["Subject"] = "A subject that is long enough to be folded: " + "word " * 14
    message["X-Listkeep-Send"] = "r_abcdefghijkl"
    message.set_content("Grüße, dear\n=3D=\n--b\n", cte=encoding)
    if depth > 0:
        message.add_alternative("<p>Grüße</p>\n" * 4, subtype="html", cte=encoding)
    if depth > 1:
        message.make_mixed(boundary="outer")
        message.attach(_text("one more"))
    return bytes(message).replace(b"\r\n", b"\n")


def _text(content: str) -> EmailMessage:
    part = EmailMessage(policy=policy.SMTP)
    part.set_content(content)
    return part


TIGHT = b"""From: a@example.com
Subject: x
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain

one
--i
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: 8bit

<p>two</p>

--i--

--b
Content-Type: text/plain; charset=us-ascii
Content-Transfer-Encoding: base64

aGVsbG8=
--b--
"""
SEEDS = (
    made(),
    made(encoding="base64"),
    made(encoding="8bit", depth=0),
    made(depth=2),
    TIGHT,
)
BITS = st.sampled_from(
    [
        *(
            b"\n",
            b"\n\n",
            b" ",
            b"\t",
            b"\n ",
            b"\n \n",
            b"\n\t",
            b":",
            b";",
            b"=",
            b'"',
        ),
        *(
            b"--b\n",
            b"--b--\n",
            b"--b \n",
            b"--bb\n",
            b"--bb--\n",
            b"--b--",
            b"--",
            b"-",
        ),
        *(b"--outer\n", b"--outer--\n", b"--outer-- \n", b"\n--b", b"\n--b--x\n"),
        *(b"Content-Type: text/plain\n", b"content-type: text/html; charset=utf-8\n"),
        *(
            b"Content-Type: multipart/mixed; boundary=b\n",
            b"; boundary=b",
            b"charset=x",
        ),
        *(b"Content-Type: multipart/digest; boundary=b\n", b"Content-ID: <x>\n"),
        *(b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x\n"),
        *(
            b"From: b@example.com\n",
            b"From ",
            b"Subject: y\n",
            b"Subject:\n z\n",
            b"X:\n",
        ),
        *(b"=?utf-8?q?a?=", b"\xc3\xbc", b"\xff", b"\x0b", b"\x0c", b"\x1c", b"\x85"),
        *(b"'", b"*=utf-8''b", b"(x)", b"\\", b"\xe2\x80\xa8", b"\x00", b"\r", b"\r\n"),
    ]
)
PLACES = st.tuples(
    st.floats(0, 1), BITS | st.just(b"a"), st.just(0) | st.integers(0, 3)
)


@st.composite
def spiced(draw: st.DrawFn) -> bytes:
    """Put bits of MIME into a message, or in the place of others."""
    data = draw(st.sampled_from(SEEDS))
    for where, bit, length in draw(st.lists(PLACES, min_size=1, max_size=3)):
        lines = [at for at, sign in enumerate(data) if sign == 10] or [0]
        is_line = draw(st.booleans())
        line = lines[int(where * (len(lines) - 1))] + 1
        at = line if is_line else int(where * len(data))
        data = data[:at] + bit + data[at + length :]
    return data


@st.composite
def assembled(draw: st.DrawFn) -> bytes:
    """Make a message of whole lines alone, in any order."""
    lines = TIGHT.split(b"\n")
    return b"\n".join(draw(st.lists(st.sampled_from(lines), max_size=24)))


@given(spiced() | st.sampled_from(SEEDS).flatmap(bent) | assembled())
@settings(max_examples=1500)
@example(TIGHT.replace(b"--i--\n", b"--i--\n--i\n"))
@example(TIGHT.replace(b"boundary=i", b"boundary=b"))
@example(TIGHT.replace(b"Subject: x", b"Subject: x\n \n y"))
@example(TIGHT.replace(b"--b\n", b"--b\n\n"))
def test_what_is_read_the_short_way_is_what_the_library_reads(data: bytes) -> None:
    if mime._why_unreadable(data, data.replace(b"\r\n", b"\n")):
        return
    short = mime._decode_plain(data)
    event("read the short way" if short else "left to the library")
    if short is None:
        return
    findings = Findings()
    assert short == mime._decode_by_library(data, findings)
    assert findings.faults == []


@pytest.mark.parametrize("data", SEEDS)
def test_usual_messages_are_read_the_short_way(data: bytes) -> None:
    assert mime._decode_plain(data) is not None
    assert mime._decode_plain(data) == mime._decode_by_library(data, Findings())
