"""Build the letter of one addressee, and draft what is to be signed of it."""

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime

from listkeep.core.mail import (
    Addressee,
    Algorithm,
    Built,
    DraftSignature,
    Purpose,
    ReturnAddress,
    SigningName,
    Stamp,
    build_message,
    draft_signatures,
    format_return_address,
    make_unsubscribe_proof,
)
from listkeep.wire.messages import sends as d

from .incoming import Parcel
from .sends import alias_key

Unsubscribe = Callable[[d.Send, str, str], str]  # of alias and proof
ALGORITHMS = {"rsa": Algorithm.RSA, "ed25519": Algorithm.ED25519}
_ID_BYTES = 20


def compose(
    parcel: Parcel, row: d.SendRow, *, unsubscribe: Unsubscribe, now: datetime
) -> Built:
    """Build the letter: the template, the application's values, the sealed fields.

    Raises:
        MalformedError: A value does not fit its slot, or an argument its field.
    """
    send, alias = parcel.send, parcel.alias
    proof = make_unsubscribe_proof(alias_key(send), alias)
    stamp = Stamp(
        now,
        message_id(parcel),
        unsubscribe_url=unsubscribe(send, alias, proof),
        feedback_id=feedback_id(parcel),
    )
    values = {**parcel.values, **row.values}
    addressee = Addressee(row.address, alias, values, proof=proof)
    return build_message(parcel.template, addressee, stamp)


def draft(built: Built, send: d.Send, *, now: datetime) -> tuple[DraftSignature, ...]:
    """Say what the keeper has to sign of a letter, for each key of the send."""
    names = [
        SigningName(ALGORITHMS[key.algorithm], key.domain, key.selector)
        for key in send.signing
    ]
    return draft_signatures(built, names, at=now) if names else ()


def return_path(parcel: Parcel) -> str:
    """Give the envelope sender: where it comes back to if nobody takes it."""
    return format_return_address(
        ReturnAddress(Purpose.BOUNCE, parcel.alias), mail_domain=parcel.send.mail_domain
    )


def message_id(parcel: Parcel) -> str:
    """Give the letter's id: the same each time it is sent, so that copies are found."""
    digest = hashlib.blake2b(
        parcel.token + parcel.trigger.encode(),
        key=parcel.send.alias_key,
        digest_size=_ID_BYTES,
        person=b"message-id",
    ).digest()
    return f"<{base64.b32encode(digest).decode().lower()}@{_domain(parcel)}>"


def feedback_id(parcel: Parcel) -> str:
    """Give what mailbox providers count complaints by: the send, not the addressee."""
    send = parcel.send
    return f"{send.tag.hex()}:{send.kind}:{send.route.id}:{_domain(parcel)}"


def _domain(parcel: Parcel) -> str:
    return parcel.template.sender.address.rpartition("@")[2]
