"""Token addresses: what a list is called in software that insists on an address.

    <token>@p<bucket>.<token domain>

The bucket is the place of the mailbox provider in ``PROVIDER_BUCKETS``, so that a mail
server can pace its mail by domain without knowing who reads it.
"""

import re
from dataclasses import dataclass

from listkeep.core.addresses import PROVIDER_BUCKETS
from listkeep.core.errors import Code, MalformedError

from .aliases import checked_domain, parse_bucket

OTHER_BUCKET = PROVIDER_BUCKETS.index("other")

_TOKEN = re.compile(r"[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """A token's text and the bucket of its provider."""

    token: str
    bucket: int


def find_bucket(provider: object) -> int:
    """Find the bucket of a provider by its name; whatever is none is ``other``."""
    if isinstance(provider, str) and provider in PROVIDER_BUCKETS:
        return PROVIDER_BUCKETS.index(provider)
    return OTHER_BUCKET


def format_token_ending(bucket: int, *, token_domain: str) -> str:
    """Write what follows the token in the addresses of one bucket.

    Raises:
        MalformedError: There is no such bucket, or the domain is none.
    """
    if not 0 <= bucket < len(PROVIDER_BUCKETS):
        raise MalformedError("there is no such provider bucket", code=Code.MAIL_INVALID)
    return f"@p{bucket}.{checked_domain(token_domain)}"


def format_token_address(address: TokenAddress, *, token_domain: str) -> str:
    """Write what an application has instead of the real address.

    Raises:
        MalformedError: A part of it cannot be written.
    """
    if not _TOKEN.fullmatch(address.token):
        raise MalformedError("not a token", code=Code.TOKEN_INVALID)
    return address.token + format_token_ending(
        address.bucket, token_domain=token_domain
    )


def parse_token_address(text: str, *, token_domain: str) -> TokenAddress:
    """Read a token address; letters may have changed their case on the way.

    Raises:
        MalformedError: It is none, or of another domain.
    """
    local, _, domain = text.lower().rpartition("@")
    bucket = parse_bucket(domain, token_domain=token_domain)
    if not _TOKEN.fullmatch(local):
        raise MalformedError("not a token address", code=Code.MAIL_INVALID)
    return TokenAddress(local, bucket)
