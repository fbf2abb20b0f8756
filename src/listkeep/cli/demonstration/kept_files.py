"""Files of a kept demo: audiences of reserved domains, and two letters."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from listkeep.core.addresses import provider_bucket
from listkeep.drill.audience import SampleAudience
from listkeep.drill.provider import GONE, TIRED

DOMAIN = "news.example.com"
FACETS = ("country:text", "language:text", "plan:text", "provider:text")
_SEED = 2011
_PROVIDERS = ("gmail", "outlook")
_AT_ONCE = 4  # thousand rows in a file
_ADDRESS = re.compile(rb"^([^,@\n]+@)([^,\n@]+)(?=,)", re.MULTILINE)
_LETTER = """\
From: News <news@{domain}>
To: [[first_name:sealed|Reader]]
Subject: {title}, [[first_name:sealed|reader]]
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Dear [[first_name:sealed|reader]],

{title}: https://shop.example.com/{page}/[[alias]]
"""


@dataclass(frozen=True, slots=True)
class Files:
    """What lies beside the instance for whoever tries it."""

    folder: Path

    @property
    def new_readers(self) -> Path:
        """People for a first import."""
        return self.folder / "new-readers.csv"

    @property
    def letter(self) -> Path:
        """A letter to send to them."""
        return self.folder / "summer.eml"

    @property
    def identity(self) -> Path:
        """The key that opens copies for the warehouse."""
        return self.folder / "warehouse.key"

    def write(self) -> None:
        """Write what there is to try with."""
        self.folder.mkdir(mode=0o700, parents=True)
        people = b"".join(_people(1500, seed=_SEED + 1, away=GONE, every=50))
        self.new_readers.write_bytes(people)
        self.letter.write_bytes(letter("Summer is here", "summer"))


def letter(title: str, page: str) -> bytes:
    """Write a letter that a send may say."""
    return _LETTER.format(domain=DOMAIN, title=title, page=page).encode()


def newsletter() -> list[bytes]:
    """Make the files of a newsletter, each with a header."""
    return _files(8000, seed=_SEED, away=GONE, every=40)


def customers() -> list[bytes]:
    """Make those of customers who have had too much mail already."""
    return _files(3000, seed=_SEED + 2, away=TIRED, every=6)


def members() -> list[bytes]:
    """Make those of another tenant's members."""
    return _files(2000, seed=_SEED + 3, away=GONE, every=100)


def _files(rows: int, *, seed: int, away: str, every: int) -> list[bytes]:
    header, *parts = _people(rows, seed=seed, away=away, every=every, tells=True)
    return [
        header + b"".join(parts[at : at + _AT_ONCE])
        for at in range(0, len(parts), _AT_ONCE)
    ]


def _people(
    rows: int, *, seed: int, away: str, every: int, tells: bool = False
) -> Iterator[bytes]:
    """Give an audience at reserved domains; each so many have theirs at ``away``.

    ``tells``: who keeps a mailbox is a column, since no provider has a reserved domain.
    Only the largest are named: more of them, or in a small file, would leave too many
    rows alone with their facets.
    """
    count = 0

    def readdress(found: re.Match[bytes]) -> bytes:
        nonlocal count
        count += 1
        known = found[2].decode(errors="replace").strip().lower()
        name, provider = known.partition(".")[0], provider_bucket(f"x@{known}")
        provider = provider if provider in _PROVIDERS else "other"
        domain = away if count % every == 0 else f"{name}.example"
        told = f"{domain},{provider}" if tells else domain
        return found[1] + told.encode()

    header, *parts = SampleAudience(rows, seed)
    yield header.replace(b",", b",provider,", 1) if tells else header
    for part in parts:
        yield _ADDRESS.sub(readdress, part)
