"""Read the addresses of links so that nobody could read them differently.

Browsers and mail clients forgive much in a URL: backslashes, blanks, user names in
front of the host, hosts in other alphabets. Each of these has hidden a phishing link
already, and a template needs none of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from html.entities import html5

from listkeep.core.addresses import parse_address
from listkeep.core.errors import MalformedError

from .slots import Kind, Slot, format_slot

ALIAS_SLOT = format_slot(Slot(Kind.ALIAS, Kind.ALIAS))
PROOF_SLOT = format_slot(Slot(Kind.PROOF, Kind.PROOF))
MAX_URL_CHARACTERS = 900
UNREADABLE_LINK = (
    "a link or an image whose address is not taken",
    (
        "write https://name.example/…, other signs as %20; a slot only as [[alias]], "
        "a whole piece of the path or a whole value of the query"
    ),
)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TAIL = r"(?:[A-Za-z0-9._~:@!$&'()*+,;=/?-]|%[0-9A-Fa-f]{2})*"
_WEB = re.compile(
    rf"(?P<scheme>https?)://(?P<host>(?:{_LABEL}\.)+(?:xn--[a-z0-9-]+|[a-z]{{2,63}}))"
    rf"(?::[0-9]{{1,5}})?(?P<tail>(?:[/?]{_TAIL})?)(?:#{_TAIL})?",
    re.IGNORECASE,
)
# One whole piece of the path or one whole value of the query, nothing less.
_ALIAS_PLACE = re.compile(rf"(?<=[/=]){re.escape(ALIAS_SLOT)}(?=[/?&#]|$)")
# Behind the alias, and in what is followed by people: an image is fetched by programs.
_PROOF_PLACE = re.compile(
    rf"(?<={re.escape(ALIAS_SLOT)}/){re.escape(PROOF_SLOT)}(?=[/?&#]|$)"
)
_ALIAS_STAND_IN = "aliasaliasaliasaliasaliasalias"
_PROOF_STAND_IN = "proofproofproofproofproofp"
_MAIL_FIELD = r"(?:subject|body)=(?:(?!%0[AD])[^&#\s\[\]])*"
_MAILTO = re.compile(
    rf"mailto:([^?\s%]+)(?:\?{_MAIL_FIELD}(?:&{_MAIL_FIELD})?)?", re.IGNORECASE
)
_TELEPHONE = re.compile(r"tel:\+?[0-9-]{3,20}", re.IGNORECASE)
_INSIDE = re.compile(r"#[A-Za-z0-9._-]*")
_CONTENT = re.compile(r"cid:([A-Za-z0-9._@+-]{1,100})", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?:\bhttps?://|\bwww\.)[^\s<>\"]*", re.IGNORECASE)

_REFERENCE = re.compile(
    r"&(#[0-9]{1,7};|#[xX][0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]*;?)?"
)
# Names that old parsers read without a semicolon: `&section=` as `§ion=`.
_LEGACY = tuple(name for name in html5 if not name.endswith(";"))


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads, or where an image comes from.

    ``kind`` is ``link`` or ``image``; ``domain`` is empty where nothing is fetched
    (``tel``, ``cid`` and places inside the message).
    """

    kind: str
    scheme: str
    domain: str
    bears_alias: bool = False
    content_id: str = ""


def read_href(url: str) -> Link | None:
    """Read the target of a link; ``None`` if it is refused."""
    if found := _read_web(url, "link"):
        return found
    if match := _MAILTO.fullmatch(url):
        try:
            domain = parse_address(match[1]).index_form.rpartition("@")[2]
        except MalformedError:
            return None
        return Link("link", "mailto", domain)
    if _TELEPHONE.fullmatch(url):
        return Link("link", "tel", "")
    return Link("link", "#", "") if _INSIDE.fullmatch(url) else None


def read_source(url: str) -> Link | None:
    """Read where an image comes from; ``None`` if it is refused."""
    if match := _CONTENT.fullmatch(url):
        return Link("image", "cid", "", content_id=match[1])
    return _read_web(url, "image")


def find_links(text: str) -> Iterator[tuple[int, Link | None]]:
    """Yield what mail clients make links of in a text, with its place."""
    for match in _IN_TEXT.finditer(text):
        url = match[0].rstrip(".,;:!?)'*")
        url = url if "://" in url else f"https://{url}"
        yield match.start(), _read_web(url, "link")


def decode_attribute(raw: str) -> str | None:
    """Decode the character references of an attribute.

    ``None`` if parsers do not agree on them, or if they hide a control character.
    """
    for match in _REFERENCE.finditer(raw):
        name = match[1] or ""
        if name.startswith("#"):
            sign = unescape(match[0])
            if not sign.isprintable() or [*map(ord, sign)] != [_number(name)]:
                return None
        elif not name.endswith(";"):
            rest = raw[match.start() + 1 :]
            if rest.startswith(("#", *_LEGACY)):
                return None
        elif name not in html5:
            return None
    return unescape(raw)


def _number(reference: str) -> int:
    """Give the number of a reference; HTML silently replaces what has no sign."""
    digits = reference[1:-1]
    return int(digits[1:], 16) if digits[0] in "xX" else int(digits)


def _read_web(url: str, kind: str) -> Link | None:
    if kind == "link":
        url = _PROOF_PLACE.sub(_PROOF_STAND_IN, url)
    plain, count = _ALIAS_PLACE.subn(_ALIAS_STAND_IN, url)
    match = _WEB.fullmatch(plain)
    if match is None or len(url) > MAX_URL_CHARACTERS or count > 1:
        return None
    if count and _ALIAS_STAND_IN not in match["tail"]:
        return None  # behind the #, where no server sees it
    return Link(kind, match["scheme"].lower(), match["host"].lower(), count == 1)
