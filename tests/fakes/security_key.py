"""A security key in software: CTAP2 with PIN, byte for byte as over USB.

It answers getInfo, clientPin (key agreement, retries, token by PIN, with and without
permissions) and getAssertion, so that the whole client runs as with real hardware.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2 import cbor
from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin, PinProtocolV2
from fido2.hid import CAPABILITY, CTAPHID
from fido2.webauthn import AuthenticatorData

ERR = CtapError.ERR
FLAG = AuthenticatorData.FLAG
CMD = ClientPin.CMD


@dataclass
class SecurityKey(CtapDevice):
    """One key: passkeys by credential id, a PIN, and a holder who touches it or not."""

    passkeys: dict[bytes, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    rp_id: str = "seal.localhost"
    pin: str = "1234"
    options: dict[str, bool] = field(
        default_factory=lambda: {"clientPin": True, "pinUvAuthToken": True}
    )
    protocol: Any = field(default_factory=PinProtocolV2)  # untyped in the library
    is_touched: bool = True
    is_protected: bool = False  # says nothing of its passkeys without a PIN
    is_ctap2: bool = True
    counter: int = 0
    retries: int = 8
    wrong_in_a_row: int = 0
    calls: list[str] = field(default_factory=list)
    is_closed: bool = False
    broken_at: str = ""
    _agreement: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    _token: bytes = b""

    @property
    def capabilities(self) -> int:
        return CAPABILITY.CBOR if self.is_ctap2 else 0

    @classmethod
    def list_devices(cls) -> Any:
        return iter(())

    def close(self) -> None:
        self.is_closed = True

    def add(self, credential: bytes, key: ec.EllipticCurvePrivateKey) -> Self:
        self.passkeys[credential] = key
        return self

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: Event | None = None,  # noqa: ARG002 - nobody cancels here
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        assert cmd == CTAPHID.CBOR
        fields: Any = cbor.decode(data[1:]) if data[1:] else {}
        command = Ctap2.CMD(data[0])
        self.calls.append(command.name)
        if self.broken_at == command.name:
            raise OSError("it was taken out")
        try:
            answers: dict[Ctap2.CMD, Callable[[Any], dict[int, Any]]] = {
                Ctap2.CMD.GET_INFO: lambda _: self._info(),
                Ctap2.CMD.CLIENT_PIN: self._client_pin,
                Ctap2.CMD.GET_ASSERTION: lambda each: self._assert(each, on_keepalive),
            }
            answer = answers[command](fields)
        except CtapError as error:
            return bytes([error.code])
        return b"\x00" + cbor.encode(answer)

    def _info(self) -> dict[int, Any]:
        info = {
            1: ["FIDO_2_0", "FIDO_2_1"],
            3: bytes(16),
            4: self.options,
            5: 1200,
            6: [self.protocol.VERSION],
            8: 64,
        }
        return {key: value for key, value in info.items() if value}

    def _client_pin(self, fields: Mapping[int, Any]) -> dict[int, Any]:
        match fields[2]:
            case CMD.GET_PIN_RETRIES:
                return {3: self.retries}
            case CMD.GET_KEY_AGREEMENT:
                numbers = self._agreement.public_key().public_numbers()
                x, y = numbers.x.to_bytes(32), numbers.y.to_bytes(32)
                return {1: {1: 2, 3: -25, -1: 1, -2: x, -3: y}}
            case CMD.GET_TOKEN_USING_PIN:
                if fields[10] != self.rp_id or not fields[9] & 2:
                    raise CtapError(ERR.UNAUTHORIZED_PERMISSION)
            case CMD.GET_TOKEN_USING_PIN_LEGACY:
                assert not self.options.get("pinUvAuthToken")
            case CMD.GET_TOKEN_USING_UV:
                return self._new_token(self._shared(fields[3]))
        shared = self._shared(fields[3])
        self._check_pin(self.protocol.decrypt(shared, fields[6]))
        return self._new_token(shared)

    def _new_token(self, shared: bytes) -> dict[int, Any]:
        self._token = os.urandom(32)
        return {2: self.protocol.encrypt(shared, self._token)}

    def _shared(self, peer: Mapping[int, Any]) -> bytes:
        public = ec.EllipticCurvePublicNumbers(
            int.from_bytes(peer[-2]), int.from_bytes(peer[-3]), ec.SECP256R1()
        ).public_key()
        shared: bytes = self.protocol.kdf(self._agreement.exchange(ec.ECDH(), public))
        return shared

    def _check_pin(self, digest: bytes) -> None:
        if not self.retries:
            raise CtapError(ERR.PIN_BLOCKED)
        if self.wrong_in_a_row >= 3:
            raise CtapError(ERR.PIN_AUTH_BLOCKED)
        if digest == hashlib.sha256(self.pin.encode()).digest()[:16]:
            self.wrong_in_a_row = 0
            return
        self.retries -= 1
        self.wrong_in_a_row += 1
        raise CtapError(ERR.PIN_INVALID)

    def _assert(
        self,
        fields: Mapping[int, Any],
        on_keepalive: Callable[[STATUS], None] | None,
    ) -> dict[int, Any]:
        options = fields.get(5, {})
        proof = fields.get(6)
        expected = self.protocol.authenticate(self._token, fields[2])
        if proof is not None and proof != expected:
            raise CtapError(ERR.PIN_AUTH_INVALID)
        verified = bool(proof) or options.get("uv", False)
        if self.options.get("alwaysUv") and not verified:
            raise CtapError(ERR.PUAT_REQUIRED)
        known = self.passkeys if fields[1] == self.rp_id else {}
        hidden = self.is_protected and not verified
        found = [each["id"] for each in fields[3] if each["id"] in known and not hidden]
        if not found:
            raise CtapError(ERR.NO_CREDENTIALS)
        present = options.get("up", True)
        if present:
            if on_keepalive is not None:
                on_keepalive(STATUS.PROCESSING)
                on_keepalive(STATUS.UPNEEDED)
            if not self.is_touched:
                raise CtapError(ERR.USER_ACTION_TIMEOUT)
            self.counter += 1
        flags = (FLAG.UP if present else 0) | (FLAG.UV if verified else 0)
        data = AuthenticatorData.create(
            hashlib.sha256(fields[1].encode()).digest(), FLAG(flags), self.counter
        )
        signature = known[found[0]].sign(bytes(data) + fields[2], ec.ECDSA(SHA256()))
        credential = {"type": "public-key", "id": found[0]}
        return {1: credential, 2: bytes(data), 3: signature}
