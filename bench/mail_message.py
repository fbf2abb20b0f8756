"""Time one message of 4 KB: ``python -m bench.mail_message --count 3000``.

Steps of the delivery proxy that are ours and need no network: read what the mail server
hands over, hold it against the template, build the message, sign it, and scrub a reply.
Microseconds of this process's CPU per message, the best of five rounds.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from listkeep.core.mail import (
    Addressee,
    Algorithm,
    AliasKey,
    Built,
    Draft,
    Signer,
    Stamp,
    build_message,
    make_alias,
    make_template,
    parse_mail,
    read_values,
    scrub_reply,
    sign_message,
)

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
KEY = AliasKey(b"send", bytes(32))
ALIAS = make_alias(KEY, bytes(16))
TO = f"{ALIAS}@p0.tok.example"
LINE = "<tr><td style='padding:4px'>One line of news, as long as lines are.</td></tr>"
TEXT = (
    "Dear [[first_name:sealed|reader]],\n\nyou have [[points:number]] points.\n"
    "https://shop.example.com/u/[[alias]]\n"
)
HTML = (
    "<!DOCTYPE html><html><body><p>Dear [[first_name:sealed|reader]], you have "
    "[[points:number]] points.</p><table>\n"
    + f"{LINE}\n" * 36
    + "</table><a href='https://shop.example.com/u/[[alias]]'>Unsubscribe</a></body></html>"
)
TEMPLATE = make_template(
    Draft(HTML, TEXT, "News <news@example.com>", "Hi [[first_name:sealed|you]]")
)
WHO = Addressee("zoe@example.org", ALIAS, {"first_name": "Zoë", "points": "1,200"})
STAMP = Stamp(AT, "<m.1@example.com>", f"https://u.example.com/u/{ALIAS}")


def main() -> int:
    """Print a line for each step."""
    parser = argparse.ArgumentParser(prog="python -m bench.mail_message")
    parser.add_argument("--count", type=int, default=2000)
    count = parser.parse_args().count
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    rsa_signer = Signer(
        Algorithm.RSA,
        "example.com",
        "r1",
        lambda digest: rsa_key.sign(digest, padding.PKCS1v15(), Prehashed(SHA256())),
    )
    ed_signer = Signer(
        Algorithm.ED25519, "example.com", "e1", Ed25519PrivateKey.generate().sign
    )
    built, came = _build(), _came()
    mail = parse_mail(came)
    reply = "550 5.1.1 <zoe@example.org>: Recipient address rejected: no such user"
    steps: dict[str, Callable[[], object]] = {
        "alias": lambda: make_alias(KEY, bytes(16)),
        "decode": lambda: parse_mail(came),
        "compare": lambda: read_values(TEMPLATE, mail, stands_for=(ALIAS, TO)),
        "build": _build,
        "sign rsa": lambda: sign_message(built, [rsa_signer], at=AT),
        "sign ed25519": lambda: sign_message(built, [ed_signer], at=AT),
        "scrub": lambda: scrub_reply(reply, address="zoe@example.org", names=["Zoë"]),
        "build + sign rsa": lambda: sign_message(_build(), [rsa_signer], at=AT),
        "all, rsa": lambda: (
            read_values(TEMPLATE, parse_mail(came), stands_for=(ALIAS, TO)),
            sign_message(_build(), [rsa_signer], at=AT),
        ),
    }
    sys.stdout.write(f"message of {len(built.as_bytes()):,} bytes\n")
    for name, step in steps.items():
        sys.stdout.write(f"{name:<18}{_time(step, count):>8.1f} us\n")
    return 0


def _build() -> Built:
    return build_message(TEMPLATE, WHO, STAMP)


def _came() -> bytes:
    made = EmailMessage()
    made["From"], made["To"] = "News <news@example.com>", TO
    made["Subject"] = "Hi [[first_name:sealed|you]]"
    values = {"[[points:number]]": "1,200", "[[alias]]": ALIAS}
    texts = [TEXT, HTML]
    for slot, value in values.items():
        texts = [text.replace(slot, value) for text in texts]
    made.set_content(texts[0])
    made.add_alternative(texts[1], subtype="html")
    return bytes(made)


def _time(step: Callable[[], object], count: int) -> float:
    rounds = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(count):
            step()
        rounds.append((time.process_time() - start) / count * 1e6)
    return min(rounds)


if __name__ == "__main__":
    sys.exit(main())
