"""A sign-in that begins in one program and is signed on the keeper's page.

Authorization code with PKCE (RFC 7636, S256 only). Whoever begins keeps ``state``
and ``verifier`` to itself: the first shows that the answer came to the browser that
began, the second that the code is redeemed by the program that began.
"""

import base64
import hashlib
import re
import secrets
from typing import Annotated
from urllib.parse import urlencode

import msgspec

from .base import Message

CLI = "cli"
_RANDOM_BYTES = 32
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1


class BegunFlow(msgspec.Struct, frozen=True, kw_only=True):
    """What the program that began a sign-in has to remember. A secret."""

    client: str
    redirect: str
    state: str
    verifier: str

    def authorize_url(self, seal_origin: str) -> str:
        """Tell where the person signs."""
        query = {
            "client": self.client,
            "redirect": self.redirect,
            "state": self.state,
            "challenge": challenge_of(self.verifier),
        }
        return f"{seal_origin}/authorize?{urlencode(query)}"


class RedeemCode(Message, frozen=True, kw_only=True):
    """Redeem the code of a browser's sign-in, by the client that began it."""

    code: Annotated[str, msgspec.Meta(max_length=100)]
    verifier: Annotated[str, msgspec.Meta(max_length=128)]
    client: Annotated[str, msgspec.Meta(max_length=40)]


def begin_flow(client: str, *, redirect: str) -> BegunFlow:
    """Begin a sign-in that nobody else can finish."""
    return BegunFlow(
        client=client,
        redirect=redirect,
        state=secrets.token_urlsafe(_RANDOM_BYTES),
        verifier=secrets.token_urlsafe(_RANDOM_BYTES),
    )


def challenge_of(verifier: str) -> str:
    """Compute the challenge that a verifier answers (S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_verifier(text: str) -> bool:
    """Tell whether a text has the form of a verifier."""
    return _VERIFIER.fullmatch(text) is not None


def cli_client(service: str = "") -> str:
    """Name the command line, for itself or to carry a session to a service."""
    return f"{CLI}.{service}" if service else CLI
