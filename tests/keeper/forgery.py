"""Assertions no honest authenticator or browser makes, with real signatures."""

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.webauthn import AuthenticatorData

from listkeep.core.grants import Enrol, Genesis, SignIn, Statement
from listkeep.drill.people import RP_ID, SoftwarePerson, _base64url
from listkeep.wire.messages import Assertion

UP = AuthenticatorData.FLAG.UP
UV = AuthenticatorData.FLAG.UV


def client_data(
    statement: Statement | SignIn | Enrol | Genesis, **changes: object
) -> bytes:
    """Write client data as an honest client would, but for what is changed."""
    fields: dict[str, object] = {
        "type": "webauthn.get",
        "challenge": _base64url(statement.challenge()),
        "origin": f"listkeep-cli://{statement.keeper}",
        "crossOrigin": False,
    }
    return json.dumps({**fields, **changes}, separators=(",", ":")).encode()


def forge(
    person: SoftwarePerson,
    statement: Statement | SignIn | Enrol | Genesis,
    *,
    client: bytes | None = None,
    rp_id: str = RP_ID,
    flags: AuthenticatorData.FLAG = UP | UV,
    count: int | None = None,
) -> Assertion:
    """Sign a statement with a person's own key, in a way that must not count."""
    client = client_data(statement) if client is None else client
    data = bytes(
        AuthenticatorData.create(
            hashlib.sha256(rp_id.encode()).digest(),
            flags,
            person._count() if count is None else count,
        )
    )
    message = data + hashlib.sha256(client).digest()
    return Assertion(
        statement=statement.format(),
        authenticator_data=data,
        client_data=client,
        signature=person.key.sign(message, ec.ECDSA(SHA256())),
    )
