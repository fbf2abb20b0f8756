"""Parse addresses and give each the one form in which it is compared.

Rules, version 1 (design, section 5):

- the *spelling* is kept as it was typed, without the blanks around it;
- the *index form* is what tokens are made of: local part in NFKC and lower case
  (or NFKC alone where a tenant asks for case), domain as lower-case A-labels;
- an address has at most 254 bytes, its local part at most 64, in either form;
- quoted local parts, address literals, display names, comments, domains of one
  label and special-use domains (``.local``, ``.onion``, ...) are refused, the
  reserved ``.test`` and ``.example`` are not;
- a local part that NFKC turns into something else than a local part is refused,
  so that no look-alike of ``@`` or ``.`` ends up in an index form.

ASCII takes a path of a few passes in C over a whole batch, each linear; it only
ever *suspects* an address, the verdict is the one of ``parse_address``. The rest
is slower: international local parts follow email-validator's rules, which give
the verdict on every other domain, once for each.

No error, ``repr`` or ``str`` made here holds an address.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from email_validator import SPECIAL_USE_DOMAIN_NAMES, validate_email

from .errors import Code, MalformedError

RULE_VERSION: Final = 1
"""Part of every token's key: a change of the rules must raise it."""

MAX_ADDRESS_BYTES: Final = 254
MAX_LOCAL_BYTES: Final = 64

_ATEXT = "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+/=?^_`{|}~-"
_ATOM = rf"[A-Z{re.escape(_ATEXT)}]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_INTERNATIONAL_ATOM = rf"[A-Z{re.escape(_ATEXT)}\x80-\U0010ffff]+"
_INTERNATIONAL_LOCAL = re.compile(rf"{_INTERNATIONAL_ATOM}(?:\.{_INTERNATIONAL_ATOM})*")
# Labels with hyphens in third and fourth place are left to email-validator: they
# are Punycode, which must be well formed, or nothing at all.
_LABEL = r"(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_TOP_LABEL = r"(?!..--)(?:[a-z0-9][a-z0-9-]{0,61})?[a-z]"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_TOP_LABEL}")
_SPECIAL_USE = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES if name != "test")

# What copying from web pages and spreadsheets leaves around an address: blanks,
# zero-width and direction marks, the byte order mark.
_EDGES: Final = (
    " \t\n\r\v\f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b"
    "\u202c\u202d\u202e\u202f\u205f\u2060\u3000\ufeff"
)

# Characters to classes: 0 is never part of a plain address, "." separates (and so
# do "@" and the end of a line), "a" is the rest. Two separators in a row betray
# an empty local part, label or line, and a dot at an end.
_CLASSES: Final = bytes(
    ord(".") if chr(byte) in ".@\n" else ord("a") if chr(byte) in _ATEXT else 0
    for byte in range(256)
)
_AFTER_AT = re.compile("@(.*)")
_SUSPECT: Final = "\0@a.test"  # has a domain, so the fast way to all domains stays


class Address(NamedTuple):
    """An address as somebody typed it, and as it is compared.

    It prints as ``Address(...)`` so
    that no log or traceback shows what it holds.
    """

    spelling: str
    index_form: str

    def __repr__(self) -> str:
        """Say nothing."""
        return "Address(...)"


def parse_address(text: str, *, case_sensitive: bool = False) -> Address:
    """Parse one address; surrounding blanks are dropped.

    Raises:
        MalformedError: This is not an address we can keep and deliver to.
    """
    spelling = text.strip(_EDGES)
    if len(spelling) > MAX_ADDRESS_BYTES:  # before any expression sees it
        raise _invalid()
    local, _, domain = spelling.rpartition("@")
    index_domain = _index_domain(domain.lower() if domain.isascii() else domain)
    if index_domain is None or not _is_local(local):
        raise _invalid()
    index_local = _fold(local, case_sensitive=case_sensitive)
    if index_local != local and not _is_local(index_local):
        raise _invalid()
    index = f"{index_local}@{index_domain}"
    sizes = (len(form.encode()) for form in (spelling, index))
    if max(sizes) > MAX_ADDRESS_BYTES:
        raise _invalid()
    return Address(spelling, index)


def index_form(spelling: str, *, case_sensitive: bool = False) -> str:
    """Give the form under which this address is compared and tokenized.

    Raises:
        MalformedError: This is not an address.
    """
    return parse_address(spelling, case_sensitive=case_sensitive).index_form


def parse_many(
    texts: Sequence[str], *, case_sensitive: bool = False
) -> list[Address | None]:
    """Parse a batch; what is not an address becomes ``None`` in its place.

    The answer is that of ``parse_address`` for each, several times faster. Pass
    a few thousand at once.
    """
    if case_sensitive:
        return [_find_address(text, case_sensitive=True) for text in texts]
    columns = zip(*parse_columns(texts), strict=True)
    return [Address(text, form) if text and form else None for text, form in columns]


def find_spellings(texts: Sequence[str]) -> list[str | None]:
    """Give of each of a batch the address as it was typed; None for what is none.

    The answer is the ``spelling`` of ``parse_address`` for each, several times faster.
    """
    return parse_columns(texts)[0]


def parse_columns(texts: Sequence[str]) -> tuple[list[str | None], list[str | None]]:
    """Give spellings and index forms of a batch, as ``parse_many`` does, as columns."""
    prepared = _lower(texts)
    if prepared is None:
        found = [_find_address(text) for text in texts]
        spellings = [each.spelling if each else None for each in found]
        return spellings, [each.index_form if each else None for each in found]
    lines, suspects = prepared
    spelled: list[str | None] = [*texts]
    forms: list[str | None] = [*lines]
    for position in suspects:
        address = _find_address(texts[position])
        spelled[position] = address.spelling if address else None
        forms[position] = address.index_form if address else None
    return spelled, forms


def index_forms(spellings: Sequence[str]) -> list[str | None]:
    """Give the index form of each of a batch; None in the place of what has none.

    The answer is that of ``index_form`` for each, several times faster.
    """
    prepared = _lower(spellings)
    if prepared is None:
        return [_find_form(spelling) for spelling in spellings]
    lines, suspects = prepared
    forms: list[str | None] = [*lines]
    for position in suspects:
        forms[position] = _find_form(spellings[position])
    return forms


def _lower(
    texts: Sequence[str],
) -> tuple[list[str], set[int]] | None:
    """Lower a batch at once, and say where that may not do.

    Nothing if somebody's address has a line break in it.
    """
    joined = "\n".join(texts)
    if not joined.isascii():
        joined = "\n".join([text if text.isascii() else _SUSPECT for text in texts])
    lowered = joined.lower()
    lines = lowered.split("\n")
    if len(lines) != len(texts):
        return None
    return lines, _suspects(lowered, lines)


def _suspects(lowered: str, lines: list[str]) -> set[int]:
    """Give the positions of all lines that are not surely plain addresses."""
    found = set()
    classes = lowered.encode().translate(_CLASSES)
    for sign in (b"\0", b".."):
        place, line, counted_to = classes.find(sign), 0, 0
        while place >= 0:
            line += lowered.count("\n", counted_to, place)
            counted_to = place
            found.add(line)
            if sign == b"..":  # the pair may lie across the end of the line
                found.add(line + lowered.count("\n", place, place + 2))
            place = classes.find(sign, place + 1)
    # The edges of the batch are separators too.
    found.update(
        position
        for position in (0, len(lines) - 1)
        if not lines[position][:1].strip(".@") or not lines[position][-1:].strip(".@")
    )
    if len(max(lines, key=len)) > MAX_LOCAL_BYTES:
        long = MAX_LOCAL_BYTES
        found.update(i for i, line in enumerate(lines) if len(line) > long)
    domains = _AFTER_AT.findall(lowered)
    if len(domains) != len(lines):
        domains = [line.partition("@")[2] for line in lines]
    odd = {domain for domain in set(domains) if _index_domain(domain) != domain}
    if odd:
        found.update(i for i, domain in enumerate(domains) if domain in odd)
    found.discard(len(lines))
    return found


def _find_address(text: str, *, case_sensitive: bool = False) -> Address | None:
    try:
        return parse_address(text, case_sensitive=case_sensitive)
    except MalformedError:
        return None


def _find_form(spelling: str) -> str | None:
    address = _find_address(spelling)
    return address.index_form if address else None


@lru_cache(maxsize=65_536)  # bounded: a file may hold millions of domains
def _index_domain(domain: str) -> str | None:
    """Give the A-label form of a domain, or None if there can be no mail for it."""
    if _DOMAIN.fullmatch(domain):
        special = f".{domain}".endswith(_SPECIAL_USE)
        return None if special or len(domain) > 253 else domain
    if domain.isascii() and "xn--" not in domain:
        return None
    try:
        checked = validate_email(
            f"a@{domain}", check_deliverability=False, test_environment=True
        )
    except ValueError:
        return None
    return checked.ascii_domain


def _is_local(local: str) -> bool:
    if len(local) > MAX_LOCAL_BYTES:
        return False
    if local.isascii():
        return _LOCAL.fullmatch(local) is not None
    # RFC 6531 adds all of Unicode; as email-validator does, take only what can be
    # seen: letters, marks (not in front), numbers, punctuation, symbols.
    composed = unicodedata.normalize("NFC", local)
    return (
        _INTERNATIONAL_LOCAL.fullmatch(composed) is not None
        and all(unicodedata.category(sign)[0] in "LMNPS" for sign in local)
        and not unicodedata.category(local[0]).startswith("M")
        and len(local.encode()) <= MAX_LOCAL_BYTES
    )


def _fold(local: str, *, case_sensitive: bool) -> str:
    """Fold to NFKC and lower case until nothing changes, so folding twice is once."""
    if local.isascii():
        return local if case_sensitive else local.lower()
    folded = unicodedata.normalize("NFKC", local)
    if case_sensitive:
        return folded
    while (lower := unicodedata.normalize("NFKC", folded.lower())) != folded:
        folded = lower
    return folded


def _invalid() -> MalformedError:
    # Always raised outside of an except clause: email-validator's messages quote
    # the address, and a chained exception would carry them into a log.
    return MalformedError(
        "this is not an e-mail address",
        code=Code.ADDRESS_INVALID,
        hint="write it as name@domain, without a display name or quotation marks",
    )


_BRANDS: Final = {
    "gmail": "gmail.com googlemail.com",
    "outlook": "msn.com passport.com windowslive.com",
    "yahoo": "ymail.com rocketmail.com yahoo.co.uk yahoo.com.br yahoo.co.jp",
    "aol": "aol.com aol.de aol.co.uk aol.fr aim.com",
    "icloud": "icloud.com me.com mac.com",
    "gmx": "gmx.de gmx.net gmx.at gmx.ch gmx.com gmx.org",
    "webde": "web.de email.de",
    "tonline": "t-online.de magenta.de",
    "orange": "orange.fr wanadoo.fr",
    "free": "free.fr",
    "libero": "libero.it virgilio.it iol.it inwind.it",
    "wp": "wp.pl o2.pl",
    "onet": "onet.pl op.pl poczta.onet.pl vp.pl",
    "uol": "uol.com.br bol.com.br",
    "mailru": "mail.ru bk.ru inbox.ru list.ru",
    "yandex": "yandex.ru yandex.com ya.ru",
    "proton": "proton.me protonmail.com pm.me",
    "qq": "qq.com foxmail.com",
    "netease": "163.com 126.com yeah.net",
    "naver": "naver.com",
    "docomo": "docomo.ne.jp",
}
_COUNTRIES = "com de fr it es nl be at ch se dk no pl pt ie ca in jp com.au com.mx"
_PROVIDERS: Final = {
    domain: bucket for bucket, domains in _BRANDS.items() for domain in domains.split()
} | {
    f"{brand}.{country}": bucket
    for bucket, brands in (("outlook", "outlook hotmail live"), ("yahoo", "yahoo"))
    for brand in brands.split()
    for country in (*_COUNTRIES.split(), "co.uk", "com.br", "co.jp")
}
PROVIDER_BUCKETS: Final = (*_BRANDS, "other")
"""The buckets in a fixed, append-only order: their position may go into a domain."""


def provider_bucket(index_form: str) -> str:
    """Name the mailbox provider by the domain, so that mail can be paced by it.

    A table of well-known domains, no look-up: whoever is not in it is ``other``.
    """
    return _PROVIDERS.get(index_form.rpartition("@")[2], "other")
