"""What a domain asks of those who send it mail, over the web (MTA-STS, RFC 8461).

A policy that was fetched is kept until it ends, also when its record in the DNS is
gone: whoever could make it vanish is whom it is against.
"""

import re
import ssl
from dataclasses import dataclass
from typing import Final

import httpx

from .trust import verified_context

MAX_POLICY_BYTES: Final = 64 * 1024
MAX_AGE_SECONDS: Final = 31_557_600
_PATH = "/.well-known/mta-sts.txt"
_RECORD = re.compile(r"v=STSv1\s*;(?:[^;]*;)*?\s*id=(?P<id>[A-Za-z0-9]{1,32})\s*;?.*")
_PATTERN = re.compile(r"(?:\*\.)?(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}")
_FETCH_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """A policy: which mail servers are the domain's, and how strictly."""

    mode: str  # enforce, testing or none
    patterns: tuple[str, ...]
    max_age: int

    @property
    def is_enforced(self) -> bool:
        """Whether a mail server that does not fit gets nothing."""
        return self.mode == "enforce"

    def allows(self, host: str) -> bool:
        """Tell whether a mail server is one of the domain's (RFC 8461, 4.1)."""
        parent = host.partition(".")[2]
        return any(pattern in (host, f"*.{parent}") for pattern in self.patterns)


def parse_record(texts: tuple[str, ...]) -> str:
    """Read the id of a domain's policy from its TXT records; empty if it has none."""
    records = [text for text in texts if text.startswith("v=STSv1")]
    match = _RECORD.fullmatch(records[0]) if len(records) == 1 else None
    return match["id"] if match else ""


def parse_policy(text: str) -> StsPolicy | None:
    """Read a policy; ``None`` if it is none."""
    fields: dict[str, str] = {}
    patterns: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        name, colon, value = line.partition(":")
        name, value = name.strip(), value.strip().lower()
        if name == "mx" and _PATTERN.fullmatch(value):
            patterns.append(value)
        elif colon:
            fields.setdefault(name, value)
    age = fields.get("max_age", "")
    if (
        fields.get("version") != "stsv1"
        or fields.get("mode") not in {"enforce", "testing", "none"}
        or not (age.isascii() and age.isdecimal() and len(age) <= 10)
        or (fields["mode"] != "none" and not patterns)
    ):
        return None
    return StsPolicy(fields["mode"], tuple(patterns), min(int(age), MAX_AGE_SECONDS))


async def fetch_policy(
    domain: str, address: str, *, ca_file: str, port: int = 443
) -> str | None:
    """Fetch a domain's policy from the address that was checked; ``None`` if not there.

    No redirect is followed and no proxy is taken; the certificate has to be that of the
    policy's own host (RFC 8461, 3.3).
    """
    host = f"mta-sts.{domain}"
    url = httpx.URL(f"https://{host}:{port}{_PATH}")
    context: ssl.SSLContext = verified_context(ca_file)
    try:
        async with (
            httpx.AsyncClient(
                timeout=_FETCH_SECONDS,
                trust_env=False,
                follow_redirects=False,
                verify=context,
            ) as client,
            client.stream(
                "GET",
                url.copy_with(host=address),
                headers={"host": host, "user-agent": "listkeep"},
                extensions={"sni_hostname": host},
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                return None
            return await _read(response)
    except (httpx.HTTPError, OSError):
        return None


async def _read(response: httpx.Response) -> str | None:
    data = b""
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > MAX_POLICY_BYTES:
            return None
    return data.decode("ascii", "replace")
