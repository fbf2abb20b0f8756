"""DKIM against the example of RFC 8463, against dkimpy, and against changes."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from listkeep.core.errors import MalformedError
from listkeep.core.mail import Addressee, Algorithm, Signer, build_message, sign_message
from listkeep.core.mail.message import Built
from listkeep.core.mail.signing import relax_body, relax_field
from tests.core.mail.templates import ALIAS, template
from tests.core.mail.test_message import STAMP, VALUES

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def sign_rsa(digest: bytes) -> bytes:
    return RSA_KEY.sign(digest, padding.PKCS1v15(), Prehashed(SHA256()))


RSA = Signer(Algorithm.RSA, "example.com", "r1", sign_rsa)
ED = Signer(Algorithm.ED25519, "example.com", "e1", ED_KEY.sign)


@lru_cache
def records() -> dict[bytes, bytes]:
    public = RSA_KEY.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    raw = ED_KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {
        b"r1._domainkey.example.com.": b"v=DKIM1; k=rsa; p=" + base64.b64encode(public),
        b"e1._domainkey.example.com.": b"v=DKIM1; k=ed25519; p="
        + base64.b64encode(raw),
    }


def verify(message: bytes, index: int = 0) -> bool:
    def look_up(name: bytes, timeout: int = 5) -> bytes | None:
        return records().get(name)

    try:
        return bool(dkim.DKIM(message).verify(idx=index, dnsfunc=look_up))
    except dkim.ValidationError:
        return False


def built(**values: str) -> Built:
    return build_message(
        template(), Addressee("zoe@example.org", ALIAS, VALUES | values), STAMP
    )


@pytest.mark.parametrize("signer", [RSA, ED], ids=lambda signer: signer.algorithm)
def test_an_independent_verifier_accepts_the_signature(signer: Signer) -> None:
    signed = sign_message(built(), [signer], at=AT).as_bytes()

    assert verify(signed)
    assert max(map(len, signed.split(b"\r\n"))) <= 78


def test_a_message_carries_both_signatures() -> None:
    signed = sign_message(built(), [ED, RSA], at=AT).as_bytes()

    assert verify(signed, 0)
    assert verify(signed, 1)
    assert signed.index(b"a=rsa-sha256") < signed.index(b"a=ed25519-sha256")


@pytest.mark.parametrize("signer", [RSA, ED], ids=lambda signer: signer.algorithm)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"To: <zoe@example.org>", b"To: <eve@evil.example>"),
        (b"News <news@example.com>", b"Bank <news@example.com>"),
        (b"1,200 points until", b"9,999 points until"),
        (b"List-Unsubscribe: <https://u.", b"List-Unsubscribe: <https://x."),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nSubject: second\r\n"),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nFrom: eve@evil.example\r\n"),
        (b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nCc: eve@evil.example\r\n"),
        (
            b"MIME-Version: 1.0\r\n",
            b"MIME-Version: 1.0\r\nReply-To: e@evil.example\r\n",
        ),
        (b"multipart/alternative", b"multipart/mixed"),
    ],
)
def test_a_change_afterwards_breaks_it(signer: Signer, old: bytes, new: bytes) -> None:
    signed = sign_message(built(), [signer], at=AT).as_bytes()
    assert old in signed

    assert not verify(signed.replace(old, new))


def test_what_relays_do_to_blanks_does_not_break_it() -> None:
    signed = sign_message(built(), [RSA], at=AT).as_bytes()

    assert verify(signed.replace(b"Subject: ", b"SUBJECT:    ") + b"\r\n\r\n")


# RFC 8463, appendix A: the message, its key and its signature.
EXAMPLE = (
    "From: Joe SixPack <joe@football.example.com>",
    "To: Suzie Q <suzie@shopping.example.net>",
    "Subject: Is dinner ready?",
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>",
)
EXAMPLE_BODY = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
EXAMPLE_UNSIGNED = (
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b="
)


def test_the_published_example_verifies_over_our_canonical_form() -> None:
    key = Ed25519PublicKey.from_public_bytes(
        base64.b64decode("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
    )
    signature = base64.b64decode(
        "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
        "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
    )
    body_hash = base64.b64encode(hashlib.sha256(relax_body(EXAMPLE_BODY)).digest())
    fields = "\r\n".join([*map(relax_field, EXAMPLE), relax_field(EXAMPLE_UNSIGNED)])

    assert body_hash == b"2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    key.verify(signature, hashlib.sha256(fields.encode()).digest())


@pytest.mark.parametrize(
    ("body", "relaxed"),
    [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b"a", b"a\r\n"),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376, 3.4.5
        (b"a \t\r\n\r\nb", b"a\r\n\r\nb\r\n"),
        (b"  ", b""),
        (b"a\t", b"a\r\n"),
        (b"a \t  \t b  \r\n \r\n\t\r\n", b"a b\r\n"),
        (b"a \n\t b", b"a \n b\r\n"),
    ],
)
def test_bodies_are_relaxed(body: bytes, relaxed: bytes) -> None:
    assert relax_body(body) == relaxed


def test_many_empty_lines_take_no_time() -> None:
    assert relax_body(b"\r\n" * 400_000 + b"a" + b"\r\n" * 400_000).endswith(
        b"\r\na\r\n"
    )


def test_fields_are_relaxed() -> None:
    assert relax_field("A: X") == "a:X"  # RFC 6376, 3.4.5
    assert relax_field("B : Y\t\r\n\tZ  ") == "b:Y Z"
    assert relax_field("C:  a  b ") == "c:a b"
    assert relax_field("D: a\u00a0b") == "d:a\u00a0b"  # a blank of another kind


@pytest.mark.parametrize("name", ["", "example.com; h=from", "EXAMPLE.com", "a\r\nb"])
def test_a_signing_domain_is_one_tag(name: str) -> None:
    never: Callable[[bytes], bytes] = lambda _: b""  # noqa: E731 - short
    with pytest.raises(MalformedError):
        Signer(Algorithm.RSA, name, "s", never)
    with pytest.raises(MalformedError):
        Signer(Algorithm.RSA, "example.com", name, never)


def test_the_key_gets_a_digest_and_nothing_else() -> None:
    seen: list[bytes] = []

    def sign(digest: bytes) -> bytes:
        seen.append(digest)
        return b"signature"

    sign_message(built(), [Signer(Algorithm.RSA, "example.com", "s", sign)], at=AT)

    assert [len(digest) for digest in seen] == [32]


@pytest.mark.parametrize("signer", [RSA, ED], ids=lambda signer: signer.algorithm)
def test_a_message_to_an_address_that_is_not_ascii_is_signed_as_it_is_sent(
    signer: Signer,
) -> None:
    """RFC 8616, 5: the octets of UTF-8 are what is signed."""
    to = Addressee("zoë@example.org", ALIAS, VALUES)
    signed = sign_message(build_message(template(), to, STAMP), [signer], at=AT)

    assert "<zoë@example.org>".encode() in signed.as_bytes()
    assert verify(signed.as_bytes())
    assert not verify(signed.as_bytes().replace("zoë".encode(), "zoê".encode()))
