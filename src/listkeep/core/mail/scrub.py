"""Take the addressee out of what a remote mail server says about a message.

Mail servers repeat the address in their replies, whole or in part, and the reply goes
into queues, logs and bounces. Codes stay, because software decides by them; the text
is kept as far as it names nobody, because people who look after deliverability read it.

What is taken out: everything with an at sign in any of its spellings, the local part,
the domain, each word of the name. If the local part is still there in another spelling,
escaped, encoded or spelled apart, the whole text is withheld.
"""

import base64
import binascii
import codecs
import quopri
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import unescape

MAX_REPLY_CHARACTERS = 2000
PLACE = "<addressee>"
WITHHELD = "(text withheld)"

_REPLY_CODE = re.compile(r"\s*([2-5][0-5][0-9])(?:[ -]|\Z)")
_STATUS = re.compile(r"(?<![\w.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![\w.])")
_AT = r"(?:@|\uff20|\ufe6b|%40|=40|&#64;|&#x40;|&commat;|\\@|[\[({<]\s*at\s*[\])}>])"
_ADDRESS_LIKE = re.compile(
    rf"[^\s<>,;:\"'()\[\]]*{_AT}[^\s<>,;:\"'()\[\]]*", re.IGNORECASE
)
_ENCODED = re.compile(r"[A-Za-z0-9+/_=-]{8,}")
_CONTINUATION = re.compile(r"\r?\n\s*(?:[2-5][0-5][0-9][ -])?")
_BARE = re.compile(r"[A-Za-z ,.:;'()-]*")
_APART = re.compile(r"[^0-9a-z\u0080-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a mail server said, without whom it said it about."""

    code: int
    status: str
    text: str

    def __str__(self) -> str:
        """Write it as the answer that is passed on, in one line."""
        return " ".join(filter(None, (str(self.code), self.status, self.text)))


def scrub_reply(raw: str, *, address: str, names: Collection[str] = ()) -> Reply:
    """Read a reply (RFC 5321, 4.2; RFC 3463) and take the addressee out of its text.

    ``names`` are the names known of the addressee. A reply without a code counts as
    451: try again, and let people look.
    """
    whole = raw[: 4 * MAX_REPLY_CHARACTERS]
    match = _REPLY_CODE.match(whole)
    rest = _CONTINUATION.sub(" ", whole[match.end() :] if match else whole).strip()
    found = _STATUS.search(rest)
    status = found[1] if found else ""
    if status:
        rest = rest.replace(status, " ")
    return Reply(
        int(match[1]) if match else 451,
        status,
        scrub_text(rest, address=address, names=names),
    )


def scrub_text(text: str, *, address: str, names: Collection[str] = ()) -> str:
    """Take an addressee out of a text; what cannot be cleaned is withheld whole."""
    visible = "".join(c if c.isprintable() else " " for c in text)
    local, _, domain = address.rpartition("@")
    clean = _ADDRESS_LIKE.sub(PLACE, visible[:MAX_REPLY_CHARACTERS])
    for word in sorted(_words(local, domain, names), key=len, reverse=True):
        clean = _without(clean, word)
    clean = " ".join(clean.split())
    secrets = {local, domain, address}
    secrets |= {word for word in _words(local, "", names) if len(word) >= 4}
    plain = clean.replace(PLACE, " ")
    if any(_is_in(secret, plain) for secret in secrets if len(secret) >= 3):
        return WITHHELD
    if not local.isascii() and not _is_bare(plain, local):
        return WITHHELD
    return clean


def _is_bare(text: str, local: str) -> bool:
    """Tell whether a text has no place for a local part that is not ASCII.

    Such a one has too many spellings to look for each: composed or not, escaped,
    in another encoding, without its marks.
    """
    marked = unicodedata.normalize("NFKD", local)
    bare = "".join(sign for sign in marked if sign.isascii())
    is_there = len(bare) >= 3 and _is_in(bare, text)
    return _BARE.fullmatch(text) is not None and not is_there


def _words(local: str, domain: str, names: Collection[str]) -> set[str]:
    """Give what stands for somebody: whole, and the words it is made of."""
    words = {local, local.partition("+")[0], domain}
    words |= {word for name in names for word in [name, *name.split()]}
    words |= {word for word in re.split(r"[._+=-]", local) if len(word) >= 3}
    return {word for word in words if word}


def _without(text: str, word: str) -> str:
    """Replace a word; a short one only where it stands alone."""
    pattern = re.escape(word) if len(word) >= 4 else _alone(word)
    parts = text.split(PLACE)
    return PLACE.join(
        re.sub(pattern, PLACE, part, flags=re.IGNORECASE) for part in parts
    )


def _is_in(secret: str, text: str) -> bool:
    wanted = secret.lower()
    letters = _APART.sub("", wanted)
    readings = [reading.lower() for reading in _readings(text)]
    if len(letters) >= 4:
        return any(letters in _APART.sub("", reading) for reading in readings)
    # Three letters are in many words: only where they stand alone.
    return any(map(re.compile(_alone(wanted)).search, readings))


def _alone(word: str) -> str:
    """Give a pattern for a word that is no part of another; digits may touch it."""
    return rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])"


def _readings(text: str) -> Iterator[str]:
    """Read a text in the ways something can be hidden in it."""
    yield text
    yield text[::-1]
    yield unescape(text)
    yield codecs.encode(text, "rot13")
    as_quoted = text.replace("%", "=").encode("utf-8", "replace")
    yield quopri.decodestring(as_quoted).decode("utf-8", "replace")
    for match in _ENCODED.finditer(text):
        for decode in (bytes.fromhex, _from_base64):
            try:
                yield decode(match[0]).decode("utf-8", "replace")
            except (ValueError, binascii.Error):
                continue


def _from_base64(text: str) -> bytes:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
