"""An authenticator whose every byte a test may bend, and a maker who vouches for it."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from fido2 import cbor
from fido2.cose import ES256
from fido2.webauthn import AuthenticatorData

from listkeep.core.grants import Enrol, Genesis, SignIn, Statement
from listkeep.wire.messages import Assertion

FLAG = AuthenticatorData.FLAG
AAGUID = bytes.fromhex("2fc0579f811347eab116bb5a8db9202a")
OID_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
YEAR = timedelta(days=365)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def name_of(common_name: str, unit: str = "Authenticator Attestation") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Keys"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclass
class Maker:
    """A maker of authenticators with a root of its own."""

    name: str = "Example Root"
    starts_at: datetime = datetime(2020, 1, 1, tzinfo=UTC)
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @cached_property
    def root(self) -> x509.Certificate:
        return self.issue(self.name, self.key.public_key(), is_authority=True)

    @property
    def pem(self) -> bytes:
        return self.root.public_bytes(Encoding.PEM)

    def issue(
        self,
        name: str,
        public_key: ec.EllipticCurvePublicKey,
        *,
        is_authority: bool = False,
        aaguid: bytes | None = None,
        until: datetime | None = None,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(name))
            .issuer_name(name_of(self.name))
            .public_key(public_key)
            .serial_number(7)
            .not_valid_before(self.starts_at)
            .not_valid_after(until or self.starts_at + 30 * YEAR)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if aaguid is not None:
            value = x509.UnrecognizedExtension(OID_AAGUID, b"\x04\x10" + aaguid)
            builder = builder.add_extension(value, critical=False)
        return builder.sign(self.key, SHA256())


@dataclass
class Authenticator:
    """One passkey on a device of a page at ``origin``."""

    rp_id: str = "seal.localhost"
    origin: str = "http://seal.localhost:8471"
    flags: FLAG = FLAG.UP | FLAG.UV
    aaguid: bytes = AAGUID
    maker: Maker | None = None
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    count: int = 0

    @property
    def id(self) -> str:
        return base64url(self.credential_id)

    @property
    def public_key(self) -> bytes:
        public_key = self.key.public_key()
        cose = ES256.from_cryptography_key(public_key)  # type: ignore[no-untyped-call]
        return cbor.encode(cose)

    def client_data(self, kind: str, nonce: bytes, **changes: object) -> bytes:
        fields: dict[str, object] = {
            "type": f"webauthn.{kind}",
            "challenge": base64url(nonce),
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps({**fields, **changes}, separators=(",", ":")).encode()

    def data(self, flags: FLAG, made: bytes = b"") -> bytes:
        self.count += 1
        rp_id_hash = hashlib.sha256(self.rp_id.encode()).digest()
        return rp_id_hash + bytes([flags]) + self.count.to_bytes(4) + made

    def made(self) -> bytes:
        head = self.aaguid + len(self.credential_id).to_bytes(2) + self.credential_id
        return head + self.public_key

    def make(self, nonce: bytes, **changes: object) -> tuple[bytes, bytes]:
        """Make the passkey: client data and attestation object."""
        client_data = self.client_data("create", nonce, **changes)
        data = self.data(self.flags | FLAG.AT, self.made())
        if self.maker is None:
            return client_data, attestation("none", data, {})
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self.maker.issue("Example Key", key.public_key(), aaguid=self.aaguid)
        return client_data, self.packed(client_data, data, key, [leaf])

    @staticmethod
    def packed(
        client_data: bytes,
        data: bytes,
        key: ec.EllipticCurvePrivateKey,
        chain: list[x509.Certificate],
    ) -> bytes:
        """Attest with a key and the certificates that lead away from it."""
        message = data + hashlib.sha256(client_data).digest()
        statement: dict[str, object] = {
            "alg": -7,
            "sig": key.sign(message, ec.ECDSA(SHA256())),
        }
        if chain:
            statement["x5c"] = [each.public_bytes(Encoding.DER) for each in chain]
        return attestation("packed", data, statement)

    def sign(
        self, statement: Statement | SignIn | Enrol | Genesis, **changes: object
    ) -> Assertion:
        client_data = self.client_data("get", statement.challenge(), **changes)
        data = self.data(self.flags)
        message = data + hashlib.sha256(client_data).digest()
        return Assertion(
            statement=statement.format(),
            authenticator_data=data,
            client_data=client_data,
            signature=self.key.sign(message, ec.ECDSA(SHA256())),
        )

    def prove(self, *, keeper: str, person: str) -> Assertion:
        """Prove that the key can sign for being enrolled."""
        return self.sign(
            Enrol(
                keeper=keeper,
                person=person,
                credential=self.id,
                public_key=base64url(self.public_key),
            )
        )


def attestation(kind: str, data: bytes, statement: dict[str, object]) -> bytes:
    return cbor.encode({"fmt": kind, "attStmt": statement, "authData": data})
