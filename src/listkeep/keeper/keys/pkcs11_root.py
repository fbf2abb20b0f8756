"""The provider named ``pkcs11``: the root is a key in a token, which keeps it.

AES-256-GCM happens inside of the token. A session that broke (a card pulled out, a
daemon restarted, a fork) is opened anew, once, and the call tried again; a token that
still does not answer is an outage. One lock for all tokens: opening anew ends every
session of this process, and a session is not made for two threads at once.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from listkeep.core.errors import UnavailableError

from .provider import (
    KEY_BYTES,
    NONCE_BYTES,
    WrongKeyError,
    away,
    read_private,
    try_out,
)

_T = TypeVar("_T")
_TAG_BITS = 128


class _Process:
    """What all tokens of a process share: one user at a time, one beginning."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.id = os.getpid()
        # Handles are numbers, given out anew after each beginning: an older one could
        # be another root's by now.
        self.beginnings = 0

    def begin_anew(self, module: str) -> None:
        """Forget all sessions, and look again which tokens are there."""
        self.beginnings += 1
        self.id = os.getpid()
        _library().lib(module).reinitialize()


_PROCESS = _Process()


class Pkcs11Root:
    """An AES key that was made in the token and never leaves it."""

    def __init__(self, *, module: str, token: str, label: str, pin_file: Path) -> None:
        """Say where it is; the token is asked when a key is used."""
        self._module, self._token, self._label = module, token, label
        self._pin_file = pin_file
        self._session: Any = None
        self._key: Any = None
        self._beginning = 0

    def wrap(self, key: bytes, *, key_id: str) -> bytes:
        """Wrap a key inside of the token."""
        nonce = os.urandom(NONCE_BYTES)
        wrapped = self._use(lambda root: root.encrypt(key, **_gcm(nonce, key_id)))
        return nonce + bytes(wrapped)

    def unwrap(self, wrapped: bytes, *, key_id: str) -> bytes:
        """Unwrap a key inside of the token.

        Raises:
            WrongKeyError: It was wrapped under another root or id, or changed.
            UnavailableError: The token does not answer.
        """
        nonce, body = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        if len(body) != KEY_BYTES + _TAG_BITS // 8:
            raise WrongKeyError
        try:
            key = self._use(lambda root: root.decrypt(body, **_gcm(nonce, key_id)))
        except UnavailableError as error:
            # Tokens name a wrong tag in as many ways as there are makers. One that
            # wraps and unwraps meanwhile has told us that this key is not its own.
            self._require_working(error)
            raise WrongKeyError from error
        return bytes(key)

    def health(self) -> None:
        """Wrap and unwrap once."""
        try_out(self)

    def make(self) -> None:
        """Make the root in the token, unless it is there.

        Raises:
            UnavailableError: The token does not answer, or makes no such key.
        """
        pkcs11 = _library()

        def make(session: Any) -> None:
            if list(session.get_objects(self._search())):
                return
            session.generate_key(
                pkcs11.KeyType.AES,
                KEY_BYTES * 8,
                label=self._label,
                store=True,
                capabilities=pkcs11.MechanismFlag.ENCRYPT
                | pkcs11.MechanismFlag.DECRYPT,
                template={
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                },
            )

        self._change(make)

    def retire(self) -> str:
        """Destroy the root in the token."""

        def destroy(session: Any) -> None:
            for root in list(session.get_objects(self._search())):
                root.destroy()

        self._change(destroy)
        return ""

    def _change(self, act: Callable[[Any], None]) -> None:
        """Do something to the token's objects, on a session of its own."""
        with _PROCESS.lock:
            try:
                _PROCESS.begin_anew(self._module)
                session = self._open_session(rw=True)
                act(session)
                session.close()
            except _foreign() as error:
                raise _away() from error

    def _require_working(self, error: UnavailableError) -> None:
        try:
            self.wrap(bytes(KEY_BYTES), key_id="health")
        except UnavailableError:
            raise error from None

    def _use(self, act: Callable[[Any], _T]) -> _T:
        """Do something with the root, on a session opened anew if the old one broke."""
        with _PROCESS.lock:
            if self._is_open():
                try:
                    return act(self._key)
                except _foreign():
                    self._close()
            try:
                self._open()
                return act(self._key)
            except _foreign() as error:
                self._close()
                raise _away() from error

    def _is_open(self) -> bool:
        return (
            self._session is not None
            and self._beginning == _PROCESS.beginnings
            and _PROCESS.id == os.getpid()
        )

    def _open(self) -> None:
        _PROCESS.begin_anew(self._module)
        self._session = self._open_session(rw=False)
        self._key = self._session.get_key(**self._template())
        self._beginning = _PROCESS.beginnings

    def _close(self) -> None:
        self._session = self._key = None

    def _open_session(self, *, rw: bool) -> Any:
        pkcs11 = _library()
        pin = read_private(self._pin_file, "the token's PIN").decode().strip()
        token = pkcs11.lib(self._module).get_token(token_label=self._token)
        try:
            return token.open(rw=rw, user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:  # by another session of this process
            return token.open(rw=rw)

    def _template(self) -> dict[str, Any]:
        pkcs11 = _library()
        return {
            "object_class": pkcs11.ObjectClass.SECRET_KEY,
            "key_type": pkcs11.KeyType.AES,
            "label": self._label,
        }

    def _search(self) -> dict[Any, Any]:
        pkcs11 = _library()
        return {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
            pkcs11.Attribute.LABEL: self._label,
        }


def _gcm(nonce: bytes, key_id: str) -> dict[str, Any]:
    pkcs11 = _library()
    return {
        "mechanism": pkcs11.Mechanism.AES_GCM,
        "mechanism_param": pkcs11.GCMParams(nonce, key_id.encode(), _TAG_BITS),
    }


def _library() -> Any:
    try:
        import pkcs11  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise away(
            "a token needs another library", "install listkeep[pkcs11]"
        ) from error
    return pkcs11


def _foreign() -> tuple[type[Exception], ...]:
    return (_library().PKCS11Error, RuntimeError)


def _away() -> UnavailableError:
    return away(
        "the token with the root key does not answer",
        "is it there, is its module right, and do the PIN and the labels fit?",
    )
