"""People with software passkeys, for the demo profile and for drills.

A software passkey is a private key in a file: whoever copies the file is that
person. Only an instance whose genesis says ``demo`` accepts it. The signatures are
real WebAuthn assertions, so everything behind them is the real thing.
"""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.cose import ES256
from fido2.webauthn import AuthenticatorData

from listkeep.core.errors import Code, ConflictError, UnavailableError
from listkeep.core.grants import Enrol, Genesis, Recovery, SignIn, Statement
from listkeep.core.registry.keyring import format_keys
from listkeep.core.registry.passkeys import Credential, Kind
from listkeep.core.registry.words import six_words
from listkeep.wire.messages import Assertion

RP_ID = "seal.localhost"
_FLAGS = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV
_SYNCED = AuthenticatorData.FLAG.BE | AuthenticatorData.FLAG.BS


@dataclass(slots=True)
class SoftwarePerson:
    """One person and the software passkey in their file.

    Somebody with two passkeys has two files, of which each tells the same person.
    """

    path: Path
    person: str
    name: str
    credential: str
    key: ec.EllipticCurvePrivateKey
    kind: Kind = Kind.SOFTWARE  # what the passkey claims to be
    counts: bool = True  # one that several browsers hold stays at 0, as synced ones do

    @classmethod
    def create(cls, folder: Path, name: str, *, of: Self | None = None) -> Self:
        """Make the file of a new person's passkey, or of a further one of somebody.

        Raises:
            ConflictError: There is one of this name.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{name}.json"
        key = ec.generate_private_key(ec.SECP256R1())
        identity = base64.b32encode(secrets.token_bytes(8)).decode().lower()[:12]
        who = (of.person, of.name) if of else (f"p_{identity}", name)
        person = cls(path, *who, _base64url(secrets.token_bytes(16)), key)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        facts = {
            "person": person.person,
            "name": person.name,
            "credential": person.credential,
            "private_key": pem.decode(),
        }
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError as error:
            raise ConflictError(
                "there is a passkey file of this name",
                code=Code.ALREADY_EXISTS,
                hint="choose another name",
            ) from error
        with os.fdopen(descriptor, "w") as file:
            json.dump(facts, file)
        return person

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read a person's passkey file.

        Raises:
            UnavailableError: There is none, or it cannot be used.
        """
        path = folder / f"{name}.json"
        try:
            facts = json.loads(path.read_text())
            key = _read_key(facts["private_key"])
            return cls(path, facts["person"], facts["name"], facts["credential"], key)
        except FileNotFoundError as error:
            known = sorted(file.stem for file in folder.glob("*.json"))
            raise UnavailableError(
                "there is no software passkey of this name",
                code=Code.CREDENTIAL_UNKNOWN,
                hint=f"known here: {', '.join(known) or 'nobody yet'}",
            ) from error
        except (ValueError, LookupError, TypeError) as error:
            raise UnavailableError(
                "a passkey file is damaged",
                code=Code.CREDENTIAL_UNKNOWN,
                hint="remove it and enrol this person anew",
            ) from error

    @property
    def public_key(self) -> bytes:
        """The COSE public key, as an authenticator would report it."""
        public_key = self.key.public_key()
        cose = ES256.from_cryptography_key(public_key)  # type: ignore[no-untyped-call]
        return cbor.encode(cose)

    def sign_request(self, *, keeper: str, request: str, decision: str) -> Assertion:
        """Sign a decision on the terms with this digest."""
        return self.sign(
            Statement(
                keeper=keeper,
                person=self.person,
                credential=self.credential,
                decision=decision,
                request=request,
            )
        )

    def sign_in(
        self, *, keeper: str, service: str, nonce: str, binding: str = ""
    ) -> Assertion:
        """Sign a sign-in for the service that will carry the session."""
        return self.sign(
            SignIn(keeper=keeper, service=service, nonce=nonce, binding=binding)
        )

    def sign_recovery(self, *, keeper: str, recovery: str) -> Assertion:
        """Accept, as a custodian, that the end of the ledger is lost."""
        return self.sign(
            Recovery(
                keeper=keeper,
                person=self.person,
                credential=self.credential,
                recovery=recovery,
            )
        )

    def private_key(self) -> str:
        """Write the private key, PKCS #8 in base64url: who has it is this person."""
        return _base64url(
            self.key.private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )

    @property
    def keys(self) -> str:
        """The passkey as it stands in terms, as long as it is the only one."""
        return format_keys([self.describe()])

    @property
    def words(self) -> str:
        """The six words people compare before they trust the passkey."""
        return six_words(self.keys)

    def describe(self) -> Credential:
        """Describe the passkey as the registry knows it."""
        return Credential(
            id=self.credential, public_key=self.public_key, kind=self.kind
        )

    def subject(self, *, role: str, team: str = "") -> dict[str, str]:
        """Describe this person for ``person.add``."""
        return {
            "id": self.person,
            "name": self.name,
            "role": role,
            "team": team,
            "keys": self.keys,
        }

    def prove(self, *, keeper: str) -> Assertion:
        """Prove to a keeper that the key can sign."""
        return self.sign(
            Enrol(
                keeper=keeper,
                person=self.person,
                credential=self.credential,
                public_key=_base64url(self.public_key),
            )
        )

    def sign(
        self, statement: Statement | SignIn | Enrol | Genesis | Recovery
    ) -> Assertion:
        """Make a WebAuthn assertion over a statement, outside any browser."""
        client_data = json.dumps(
            {
                "type": "webauthn.get",
                "challenge": _base64url(statement.challenge()),
                "origin": f"listkeep-cli://{statement.keeper}",
                "crossOrigin": False,
            },
            separators=(",", ":"),
        ).encode()
        flags = _FLAGS | _SYNCED if self.kind is Kind.SYNCED else _FLAGS
        data = AuthenticatorData.create(
            hashlib.sha256(RP_ID.encode()).digest(), flags, self._count()
        )
        message = bytes(data) + hashlib.sha256(client_data).digest()
        return Assertion(
            statement=statement.format(),
            authenticator_data=bytes(data),
            client_data=client_data,
            signature=self.key.sign(message, ec.ECDSA(SHA256())),
        )

    def _count(self) -> int:
        """Advance the signature counter kept beside the key file."""
        if not self.counts:
            return 0
        path = self.path.with_suffix(".count")
        count = int(path.read_text()) + 1 if path.exists() else 1
        draft = path.with_suffix(".new")
        draft.write_text(str(count))
        draft.replace(path)
        return count


def _read_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not a key of a passkey")
    return key


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
