"""Sign with a hardware security key, without a browser: CTAP2 over USB HID.

What is signed is the same statement, under the same RP ID, as on the keeper's page;
only the origin says that it came from here (``listkeep-cli://<keeper>``). A keeper
may be set not to accept that. The key verifies its holder by PIN or finger and wants
to be touched; the PIN goes to the key, encrypted, and nowhere else.
"""

import getpass
import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fido2.ctap import STATUS, CtapDevice, CtapError
from fido2.ctap2.base import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.hid import CtapHidDevice

from listkeep.core.errors import Code, RefusedError, UnavailableError
from listkeep.core.grants import Recovery, Statement
from listkeep.core.registry.passkeys import decode_base64url, encode_base64url
from listkeep.wire import messages as m

from .home import Instance
from .output import is_interactive, note

_PIN_TRIES = 3
_GUIDE = "docs/guides/sign-with-a-hardware-key.md"
_PERMISSION = ClientPin.PERMISSION.GET_ASSERTION
Token = tuple[bytes, ClientPin] | None


@dataclass(frozen=True, slots=True)
class HardwarePerson:
    """A person whose passkeys are on security keys; which one is found when signing."""

    person: str
    credentials: tuple[str, ...]
    rp_id: str

    def sign_request(self, *, keeper: str, request: str, decision: str) -> m.Assertion:
        """Sign a decision on the terms with this digest, on whichever key is there.

        Raises:
            UnavailableError: No key, not one of this person's, or it did not answer.
            RefusedError: The PIN was wrong, or nobody touched the key.
        """

        def state(credential: str) -> Statement:
            return Statement(
                keeper=keeper,
                person=self.person,
                credential=credential,
                decision=decision,
                request=request,
            )

        return self._sign(state)

    def sign_recovery(self, *, keeper: str, recovery: str) -> m.Assertion:
        """Accept, as a custodian, that the end of the ledger is lost.

        Raises:
            UnavailableError: No key, not one of this person's, or it did not answer.
            RefusedError: The PIN was wrong, or nobody touched the key.
        """

        def state(credential: str) -> Recovery:
            return Recovery(
                keeper=keeper,
                person=self.person,
                credential=credential,
                recovery=recovery,
            )

        return self._sign(state)

    def _sign(self, state: Callable[[str], Statement | Recovery]) -> m.Assertion:
        with _connected() as devices, _translated():
            device, credential = self._find(devices)
            return _sign(device, credential, state, rp_id=self.rp_id)

    def _find(self, devices: Sequence[CtapDevice]) -> tuple["_Key", bytes]:
        """Find a key that holds one of the passkeys; ask it silently, without a PIN.

        A passkey may hide from who does not know the PIN (credProtect): of a single
        key that is asked for, of several it is not guessed whose PIN it would be.
        """
        keys = [_Key(Ctap2(device)) for device in devices if _speaks_ctap2(device)]
        ids = [decode_base64url(credential) for credential in self.credentials]
        for key in keys:
            found = key.find(ids, rp_id=self.rp_id)
            if found is not None:
                return key, found
        if len(keys) == 1:
            key = keys[0]
            key.verify_user(self.rp_id)
            found = key.find(ids, rp_id=self.rp_id)
            if found is not None:
                return key, found
        raise UnavailableError(
            "no security key that is plugged in holds a passkey of this person",
            code=Code.CREDENTIAL_UNKNOWN,
            hint="plug in the one key that was enrolled, and only that one",
        )


def load_hardware(instance: Instance, session: str) -> HardwarePerson:
    """Ask the keeper which passkeys the signed-in person has.

    Raises:
        RefusedError: Nobody is signed in.
    """
    with instance.keeper() as keeper:
        principal = keeper.who_am_i(m.WhoAmI(session=session))
    return HardwarePerson(
        person=principal.id,
        credentials=principal.credentials,
        rp_id=urlsplit(instance.seal.seal_origin).hostname or "",
    )


class _Key:
    """One security key, and what it allows since its holder was verified."""

    def __init__(self, ctap: Ctap2) -> None:
        self.ctap = ctap
        self._token: bytes | None = None
        self._pin: ClientPin | None = None
        self._verifies_itself = False

    def find(self, ids: Sequence[bytes], *, rp_id: str) -> bytes | None:
        """Find the first of these passkeys that the key holds; nobody has to touch."""
        longest = self.ctap.info.max_cred_id_length
        blank = bytes(32)
        for each in ids:
            if longest and len(each) > longest:
                continue
            try:
                self._assert(each, blank, rp_id=rp_id, options={"up": False})
            except CtapError as error:
                if error.code in (
                    CtapError.ERR.NO_CREDENTIALS,
                    CtapError.ERR.INVALID_CREDENTIAL,
                    CtapError.ERR.PUAT_REQUIRED,
                ):
                    continue
                raise
            return each
        return None

    def verify_user(self, rp_id: str) -> None:
        """Have the key make sure that its holder is there, by finger or by PIN."""
        if self._token or self._verifies_itself:
            return
        options = self.ctap.info.options
        if options.get("uv") and options.get("pinUvAuthToken"):
            self._pin = ClientPin(self.ctap)
            note("put your finger on the security key")
            self._token = self._pin.get_uv_token(_PERMISSION, rp_id)
        elif options.get("uv"):
            self._verifies_itself = True
        elif options.get("clientPin"):
            self._pin = ClientPin(self.ctap)
            self._token = _ask_pin(self._pin, rp_id)
        else:
            raise UnavailableError(
                "the security key has no PIN and knows no finger",
                code=Code.CREDENTIAL_UNKNOWN,
                hint=f"set a PIN with the key maker's program; see {_GUIDE}",
            )

    def sign(
        self, credential: bytes, digest: bytes, *, rp_id: str
    ) -> tuple[bytes, bytes]:
        """Sign the digest of client data; the holder touches the key."""
        told: set[int] = set()

        def prompt(status: int) -> None:
            if status == STATUS.UPNEEDED and not told:
                told.add(status)
                note("touch the security key")

        options = {"uv": True} if self._verifies_itself else None
        found = self._assert(
            credential, digest, rp_id=rp_id, options=options, on_keepalive=prompt
        )
        return bytes(found.auth_data), found.signature

    def _assert(
        self,
        credential: bytes,
        digest: bytes,
        *,
        rp_id: str,
        options: dict[str, bool] | None,
        on_keepalive: Callable[[int], None] | None = None,
    ) -> Any:
        proof: tuple[bytes | None, int | None] = (None, None)
        if self._token and self._pin:
            protocol = self._pin.protocol
            proof = protocol.authenticate(self._token, digest), protocol.VERSION
        return self.ctap.get_assertion(
            rp_id,
            digest,
            [{"type": "public-key", "id": credential}],
            None,
            options,
            *proof,
            on_keepalive=on_keepalive,
        )


def _sign(
    key: _Key,
    credential: bytes,
    state: Callable[[str], Statement | Recovery],
    *,
    rp_id: str,
) -> m.Assertion:
    statement = state(encode_base64url(credential))
    client_data = json.dumps(
        {
            "type": "webauthn.get",
            "challenge": encode_base64url(statement.challenge()),
            "origin": f"listkeep-cli://{statement.keeper}",
            "crossOrigin": False,
        },
        separators=(",", ":"),
    ).encode()
    key.verify_user(rp_id)
    digest = hashlib.sha256(client_data).digest()
    data, signature = key.sign(credential, digest, rp_id=rp_id)
    return m.Assertion(
        statement=statement.format(),
        authenticator_data=data,
        client_data=client_data,
        signature=signature,
    )


def _ask_pin(pin: ClientPin, rp_id: str) -> bytes:
    """Ask for the key's PIN until it is right, at most three times."""
    if not is_interactive():
        raise RefusedError(
            "nobody is there to type the security key's PIN",
            hint="sign in a terminal, or on the keeper's page",
        )
    for _ in range(_PIN_TRIES):
        typed = getpass.getpass("listkeep: PIN of the security key: ")
        try:
            return pin.get_pin_token(
                unicodedata.normalize("NFC", typed), _PERMISSION, rp_id
            )
        except CtapError as error:
            if error.code != CtapError.ERR.PIN_INVALID:
                raise
        tries, _ = pin.get_pin_retries()
        note(f"that is not its PIN; the key allows {tries} more tries")
    raise RefusedError(
        "the PIN was wrong three times; nothing was signed",
        code=Code.SIGNATURE_INVALID,
        hint="take the key out and begin again; it locks itself after eight",
    )


@contextmanager
def _connected() -> Iterator[list[CtapDevice]]:
    """Open all security keys that are plugged in, and close them again."""
    with ExitStack() as stack:
        devices: list[CtapDevice] = []
        try:
            for device in CtapHidDevice.list_devices():
                devices.append(device)
                stack.callback(device.close)
        except OSError:
            devices = []  # no HID here, or none that this user may open
        if not devices:
            raise UnavailableError(
                "there is no security key, or this user may not open it",
                code=Code.CREDENTIAL_UNKNOWN,
                hint=f"plug it in; on Linux it needs a udev rule, see {_GUIDE}",
            )
        yield devices


def _speaks_ctap2(device: CtapDevice) -> bool:
    try:
        Ctap2(device)
    except (CtapError, ValueError):  # a U2F key of the first kind verifies nobody
        return False
    return True


@contextmanager
def _translated() -> Iterator[None]:
    """Say in our words what a key says in numbers."""
    try:
        yield
    except CtapError as error:
        raise _refusal(error) from None
    except OSError as error:
        raise UnavailableError(
            "the security key was taken out or does not answer",
            code=Code.CREDENTIAL_UNKNOWN,
            hint="plug it in and try again; nothing was signed",
        ) from error


def _refusal(error: CtapError) -> RefusedError:
    code = error.code
    late = (
        CtapError.ERR.ACTION_TIMEOUT,
        CtapError.ERR.USER_ACTION_TIMEOUT,
        CtapError.ERR.KEEPALIVE_CANCEL,
        CtapError.ERR.OPERATION_DENIED,
    )
    words = {
        CtapError.ERR.PIN_BLOCKED: ("the security key has locked itself", _LOCKED),
        CtapError.ERR.PIN_AUTH_BLOCKED: (
            "the security key takes no more PINs for now",
            "take it out, plug it in again and mind the PIN",
        ),
        **dict.fromkeys(late, ("nobody touched the security key in time", _AGAIN)),
    }
    message, advice = words.get(code, ("the security key did not sign", _AGAIN))
    return RefusedError(message, code=Code.SIGNATURE_INVALID, hint=advice)


_AGAIN = "try again; nothing was signed"
_LOCKED = "it has to be reset, which deletes its passkeys: enrol another key"
