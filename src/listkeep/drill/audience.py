"""Write a realistic audience, shaped like a Mailchimp export, from a seed.

The same rows, seed and marker give the same bytes. Every row is one of three
kinds, in exact numbers known beforehand: *good* (an address seen for the first
time), *duplicate* (an address of an earlier row in another spelling) or *bad* (a
broken address or a short row). *Planted* rows are good ones whose address has
the marker in it, so that a test can look for it wherever it should not be.

Domains are big mailbox providers' or reserved ones: nobody's mailbox is hit by
accident, because local parts end in a running number.
"""
# ruff: noqa: S311 - repeatable is the point, secret is not

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from random import Random
from typing import Final

from .locales import (
    INTERNATIONAL_DOMAINS,
    INTERNATIONAL_NAMES,
    LOCALES,
    ORGANIZATIONS,
    Locale,
)

HEADER: Final = (
    "Email Address,First Name,Last Name,Country,Language,Plan,MEMBER_RATING,"
    "OPTIN_TIME,Postal code,Phone,LEID,EUID,NOTES,TAGS"
)

_ROWS_PER_CHUNK: Final = 1000
_FIRST_NUMBER: Final = 1_000_000
_DUPLICATES_PER_1000: Final = 12
_BAD_PER_1000: Final = 6
_INTERNATIONAL_PER_1000: Final = 6
_PLANS: Final = {  # with ratings: who pays also reads
    f"{plan},{rating}": weight
    for plan, weights in {
        "free": (5, 36, 12, 7, 2),
        "pro": (1, 8, 8, 7, 4),
        "team": (1, 2, 3, 3, 2),
    }.items()
    for rating, weight in enumerate(weights, 1)
}
_EXTRAS: Final = {  # notes and tags, as Mailchimp quotes them
    ",": 880,
    ',"""customer"""': 60,
    ',"""customer"",""fair 2023"""': 30,
    ',"""newsletter"""': 25,
    '"Met at the fair, call back",': 4,
    '"Prefers mail.\nNo calls, please.",': 1,
}
_BEGINNINGS: Final = ("{0}.{1}", "{0}{1}", "{0}_{1}", "{0[0]}.{1}", "{0}", "{1}.{0}")
_MARKER = re.compile("[a-z][a-z0-9]{3,30}")


@dataclass(frozen=True)
class SampleAudience:
    """An audience as a recipe: iterate to get the file's bytes, any number of times."""

    rows: int
    seed: int
    marker: str = ""
    planted: int = 0

    def __post_init__(self) -> None:
        """Refuse a recipe that cannot be followed to the letter."""
        if self.rows < 0 or not 0 <= self.planted <= self.rows // 2:
            raise ValueError("at most every second row can be planted")
        if self.planted and not _MARKER.fullmatch(self.marker):
            raise ValueError("a marker is 4 to 31 lower-case letters and digits")

    @property
    def duplicates(self) -> int:
        """Count the rows that repeat an earlier address in another spelling."""
        return _part(range(self.rows), _DUPLICATES_PER_1000)

    @property
    def bad(self) -> int:
        """Count the rows an import must turn away."""
        return _part(range(self.rows), _BAD_PER_1000)

    @property
    def good(self) -> int:
        """Count the distinct addresses, planted ones included."""
        return self.rows - self.duplicates - self.bad

    @cached_property
    def planted_addresses(self) -> tuple[str, ...]:
        """Give the addresses that carry the marker, as the file spells them."""
        random = Random(f"{self.seed} planted")
        return tuple(
            f"{self.marker}.{random.choice(ORGANIZATIONS)}{number}"
            f"@{random.choice(ORGANIZATIONS)}.example"
            for number in range(self.planted)
        )

    def __iter__(self) -> Iterator[bytes]:
        """Yield the file, about a thousand rows at a time."""
        random = Random(f"{self.seed} {self.rows}")
        planted = iter(self.planted_addresses)
        yield f"{HEADER}\n".encode()
        earlier: list[str] = []
        for start in range(0, self.rows, _ROWS_PER_CHUNK):
            stretch = range(start, min(start + _ROWS_PER_CHUNK, self.rows))
            rows = _make_rows(random, stretch)
            broken = [
                _break(random, rows.pop()) for _ in range(_part(stretch, _BAD_PER_1000))
            ]
            _make_international(random, rows, _part(stretch, _INTERNATIONAL_PER_1000))
            repeatable = self._plant(rows, stretch, planted)
            repeated = [
                _respell(random, random.choice(earlier or repeatable))
                for _ in range(_part(stretch, _DUPLICATES_PER_1000))
            ]
            if earlier:  # in the first stretch, repetitions must stay at the end
                broken, repeated = broken + repeated, []
            for row in broken:
                rows.insert(random.randrange(len(rows) + 1), row)
            earlier = repeatable
            yield "\n".join([*rows, *repeated, ""]).encode()

    def _plant(
        self, rows: list[str], stretch: range, planted: Iterator[str]
    ) -> list[str]:
        """Plant at even distances; give the rows that others may repeat.

        Planted rows are not repeated, and others only if they are ASCII: there,
        case is surely only case.
        """
        before, after = (
            self.planted * row // self.rows for row in (stretch.start, stretch.stop)
        )
        plants = after - before
        places = {plant * len(rows) // plants for plant in range(plants)}
        for place in sorted(places):
            rows[place] = _readdress(rows[place], next(planted))
        return [
            row
            for place, row in enumerate(rows)
            if row.isascii() and place not in places
        ]


@dataclass(frozen=True)
class _Pools:
    """What the rows of one country are drawn from."""

    people: list[tuple[str, str]]  # how they begin their address, and their names
    domains: list[str]
    weights: list[int]  # cumulative, as random.choices likes them
    postal_codes: list[str]


@lru_cache
def _pools(locale: Locale) -> _Pools:
    random = Random(locale.country)
    people = []
    for first in locale.first.split():
        for last in locale.last.split():
            shown, given, family = _read_name(first, last)
            people += [(begin.format(given, family), shown) for begin in _BEGINNINGS]
    shares = [entry.split(":") for entry in locale.providers.split()]
    domains = [domain for domain, _ in shares]
    weights = [int(share) * len(ORGANIZATIONS) for _, share in shares]
    rest = max(100 - sum(int(share) for _, share in shares), 1)
    for name in ORGANIZATIONS:
        domains.append(f"{name}-{locale.country.lower()}.example")
        weights.append(rest)
    codes = [
        "".join(random.choice("123456789") if sign == "9" else sign for sign in code)
        for code in [locale.postal] * 800
    ]
    return _Pools(people, domains, list(accumulate(weights)), codes)


def _read_name(first: str, last: str) -> tuple[str, str, str]:
    """Split ``Shown=latin`` names into what is shown and what goes into addresses."""
    shown, latin = [], []
    for name in (first, last):
        text, _, given = name.partition("=")
        plain = unicodedata.normalize("NFKD", given or text).encode("ascii", "ignore")
        shown.append(text)
        latin.append(re.sub("[^a-z]", "", plain.decode().lower()))
    return ",".join(shown), latin[0], latin[1]


@lru_cache
def _sign_up_times() -> list[str]:
    random = Random("times")
    start = datetime(2014, 1, 1, tzinfo=UTC)
    times = (
        start + timedelta(seconds=random.randrange(12 * 365 * 86_400))
        for _ in range(5000)
    )
    return [f"{time:%Y-%m-%d %H:%M:%S}" for time in times]


def _make_rows(random: Random, stretch: range) -> list[str]:
    """Make good rows for a stretch of the file, less those that will repeat others."""
    total = len(stretch) - _part(stretch, _DUPLICATES_PER_1000)
    weights = [locale.weight for locale in LOCALES]
    chosen = random.choices(range(len(LOCALES)), weights, k=total)
    numbers = iter(range(_FIRST_NUMBER + stretch.start, _FIRST_NUMBER + stretch.stop))
    rows: list[str] = []
    for place, locale in enumerate(LOCALES):
        rows += _make_country(random, locale, chosen.count(place), numbers)
    random.shuffle(rows)
    return rows


def _make_international(random: Random, rows: list[str], count: int) -> None:
    """Give some rows an address beyond ASCII, by its domain or its local part."""
    for place in range(len(rows) - count, len(rows)):
        local = rows[place].partition("@")[0]
        domain = random.choice(INTERNATIONAL_DOMAINS)
        if place % 2:
            local = f"{random.choice(INTERNATIONAL_NAMES)}.{local}"
            domain = f"{random.choice(ORGANIZATIONS)}.example"
        rows[place] = _readdress(rows[place], f"{local}@{domain}")


def _make_country(
    random: Random, locale: Locale, count: int, numbers: Iterator[int]
) -> list[str]:
    pools, choices = _pools(locale), random.choices
    place = f"{locale.country},{locale.language}"
    phone = locale.phone
    return [
        f"{begin}{number}@{domain},{names},{place},{plan},{time},{code},"
        f"{phone}{number * 7919 % 10_000_000:07},{number},"
        f"{number * 2_654_435_761 % 2**40:010x},{extras}"
        for (begin, names), domain, plan, time, code, extras, number in zip(
            choices(pools.people, k=count),
            choices(pools.domains, cum_weights=pools.weights, k=count),
            choices(list(_PLANS), list(_PLANS.values()), k=count),
            choices(_sign_up_times(), k=count),
            choices(pools.postal_codes, k=count),
            choices(list(_EXTRAS), list(_EXTRAS.values()), k=count),
            numbers,
            strict=False,  # numbers go on into the next country
        )
    ]


def _respell(random: Random, row: str) -> str:
    """Write the same address as another person, form or import would."""
    local, _, domain = row.partition(",")[0].partition("@")
    spellings = (
        f"{local.upper()}@{domain}",
        f"{local.title()}@{domain}",
        f"{local}@{domain.upper()}",
        f"  {local}@{domain} ",
        f"{local}@{domain}\u200b",
        f"{chr(ord(local[0]) + 0xFEE0)}{local[1:]}@{domain}",  # full width
    )
    return _readdress(row, random.choice(spellings))


def _break(random: Random, row: str) -> str:
    """Spoil a row as typing, cutting and exporting do."""
    address = row.partition(",")[0]
    local, _, domain = address.partition("@")
    if random.random() < 0.3:
        return ",".join(row.split(",")[:3])
    spoiled = (
        "",
        local,
        f"{local}@",
        f"{local}@@{domain}",
        f"{local} @{domain}",
        f"{local}..{local}@{domain}",
        f".{local}@{domain}",
        f"{local}@{domain}.",
        f"{local}@localhost",
        f"{local}@{domain.replace('.', '..')}",
        f"<{address}>",
    )
    return _readdress(row, random.choice(spoiled))


def _readdress(row: str, address: str) -> str:
    return f"{address},{row.partition(',')[2]}"


def _part(stretch: range, per_thousand: int) -> int:
    """Give a stretch its whole rows of a share, so that the sum is exact."""
    return stretch.stop * per_thousand // 1000 - stretch.start * per_thousand // 1000
