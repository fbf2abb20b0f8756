"""Bounces as mail servers write them, and all that can become of them on the way.

The samples follow the wording and the shape of what common servers send; names and
addresses are made up.
"""

import re
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listkeep.core.mail import Outcome, parse_returned

ALIAS = "abcdefgh" * 4
OTHER = "hgfedcba" * 4
DOMAIN = "bounce.example.com"
PERSON = "zoe.muster@mail.example.org"


class Sample(NamedTuple):
    """One message as it might come back, and what it is."""

    name: str
    purpose: str
    outcome: Outcome
    code: str
    text: str


SAMPLES = (
    Sample(
        "a Postfix that was told there is nobody",
        "b",
        Outcome.HARD_BOUNCE,
        "5.1.1",
        f"""Return-Path: <>
Received: by mx.example.net (Postfix) id 4TnR1x0z; Mon, 30 Nov 2026 09:12:44 +0000
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: b-{ALIAS}@{DOMAIN}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="4TnR1w0z.1764493964/mx.example.net"

This is a MIME-encapsulated message.

--4TnR1w0z.1764493964/mx.example.net
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

<{PERSON}>: host mx1.mail.example.org[192.0.2.10] said: 550 5.1.1
    <{PERSON}>: Recipient address rejected: User unknown in virtual mailbox table

--4TnR1w0z.1764493964/mx.example.net
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4TnR1w0z
X-Postfix-Sender: rfc822; b-{ALIAS}@{DOMAIN}
Arrival-Date: Mon, 30 Nov 2026 09:12:43 +0000 (UTC)

Final-Recipient: rfc822; {PERSON}
Original-Recipient: rfc822;{PERSON}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx1.mail.example.org
Diagnostic-Code: smtp; 550 5.1.1 <{PERSON}>: Recipient address rejected

--4TnR1w0z.1764493964/mx.example.net
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <b-{OTHER}@{DOMAIN}>
From: News <news@example.com>
To: <{PERSON}>
Subject: News

Hello
--4TnR1w0z.1764493964/mx.example.net--
""",
    ),
    Sample(
        "a mailbox that is full",
        "b",
        Outcome.SOFT_BOUNCE,
        "5.2.2",
        f"""From: postmaster@mail.example.org
Subject: Undeliverable: News
Content-Type: multipart/report; report-type=delivery-status; boundary="_000_DSN"

--_000_DSN
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: base64

PGh0bWw+PGJvZHk+PHA+WW91ciBtZXNzYWdlIGNvdWxkIG5vdCBiZSBkZWxpdmVyZWQ8L3A+
--_000_DSN
Content-Type: message/delivery-status

Reporting-MTA: dns;EX01.mail.example.org
Received-From-MTA: dns;mx.example.net
Arrival-Date: Mon, 30 Nov 2026 09:12:43 +0000

Final-Recipient: rfc822;{PERSON}
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp;554 5.2.2 mailbox full
X-Display-Name: Zoe Muster

--_000_DSN--
""",
    ),
    Sample(
        "a server that tries on",
        "b",
        Outcome.SOFT_BOUNCE,
        "4.4.1",
        f"""From: MAILER-DAEMON@mx.example.net
Subject: Delayed Mail (still being retried)
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain

 ##########################################
 # THIS IS A WARNING ONLY.                #
 ##########################################

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {PERSON}
Action: delayed
Status: 4.4.1
Will-Retry-Until: Sat, 5 Dec 2026 09:12:43 +0000

--x--
""",
    ),
    Sample(
        "a filter that does not want us",
        "b",
        Outcome.BLOCKED,
        "5.7.1",
        f"""From: Mail Delivery Subsystem <mailer-daemon@mail.example.org>
Subject: Delivery Status Notification (Failure)
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset="UTF-8"

Message blocked. Your message to {PERSON} has been blocked.
--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; {PERSON}
Action: failed
Status: 5.7.1
Diagnostic-Code: smtp; 550-5.7.1 unsolicited mail, see https://mail.example.org/help

--b1--
""",
    ),
    Sample(
        "a server that writes prose",
        "b",
        Outcome.HARD_BOUNCE,
        "5.1.1",
        f"""From: MAILER-DAEMON@old.example.net
Subject: failure notice

Hi. This is the qmail-send program at old.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.

<{PERSON}>:
192.0.2.10 does not like recipient.
Remote host said: 550 5.1.1 No such user here
Giving up on 192.0.2.10.
""",
    ),
    Sample(
        "a complaint",
        "c",
        Outcome.COMPLAINT,
        "",
        f"""From: feedback@mail.example.org
Subject: complaint about message from 192.0.2.20
Content-Type: multipart/report; report-type=feedback-report; boundary="arf"

--arf
Content-Type: text/plain

This is an email abuse report for an email message received from 192.0.2.20.
--arf
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Feedback/2.0
Version: 1
Original-Mail-From: <b-{ALIAS}@{DOMAIN}>
Original-Rcpt-To: <{PERSON}>
Source-IP: 192.0.2.20

--arf
Content-Type: message/rfc822

From: News <news@example.com>
To: <{PERSON}>
Subject: News

Hello
--arf--
""",
    ),
    Sample(
        "somebody on holiday",
        "r",
        Outcome.AUTO_REPLY,
        "",
        f"""From: Zoe Muster <{PERSON}>
Subject: Abwesend: News
Auto-Submitted: auto-replied (vacation)
X-Auto-Response-Suppress: All
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Ich bin bis zum 5.1.1 nicht im B=FCro.
""",
    ),
    Sample(
        "somebody who answers",
        "r",
        Outcome.REPLY,
        "",
        f"From: Zoe Muster <{PERSON}>\nSubject: Re: News\n\nThank you! 550 5.1.1\n",
    ),
)
ALL = b"\n\n".join(sample.text.encode() for sample in SAMPLES)
CODE = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})?")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_each_is_what_it_is_and_about_whom_it_came_to(sample: Sample, end: str) -> None:
    data = sample.text.replace("\n", end).encode()

    found = parse_returned(
        data, came_to=f"{sample.purpose}-{ALIAS}@{DOMAIN}", mail_domain=DOMAIN
    )

    assert found == (found.__class__)(ALIAS, sample.outcome, sample.code)


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """Take a sample, and do to it what happens on the way or on purpose."""
    data = draw(st.sampled_from(SAMPLES)).text.encode()
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 400)))
        other = draw(st.integers(0, len(ALL)))
        data = draw(
            st.sampled_from(
                [
                    data[:start] + data[end:],  # lost
                    data[:end] + data[start:],  # twice
                    data[:start] + ALL[other : other + 300] + data[end:],  # mixed
                    data[:start] + draw(st.binary(max_size=40)) + data[end:],
                    data[:start],
                    data[:start] + data[start:end].swapcase() + data[end:],
                ]
            )
        )
    return data


@given(bent(), st.sampled_from("bcru"))
def test_whatever_becomes_of_them_nobody_else_is_meant_and_nobody_is_named(
    data: bytes, purpose: str
) -> None:
    found = parse_returned(
        data, came_to=f"{purpose}-{ALIAS}@{DOMAIN}", mail_domain=DOMAIN
    )

    assert found.alias == ALIAS
    assert found.outcome in Outcome
    assert CODE.fullmatch(found.code)
