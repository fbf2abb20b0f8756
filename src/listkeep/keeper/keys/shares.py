"""Split a key so that any k of n holders have it together, and k - 1 have nothing.

For each group of k holders the key is the exclusive-or of k pieces, one for each; all
but the last are random. So whoever lacks one piece of every group knows nothing of the
key, whatever they can compute, and there is no arithmetic that could be got wrong. It
takes one piece for each group somebody is in: at most 35 with eight holders.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import Code, ListkeepError, MalformedError, VerificationError

from .provider import KEY_BYTES

_MOST_BYTES = 16_384
_MOST_HOLDERS = 8
_VERSION = "1"
_FIELDS = {"version", "copy", "holder", "holders", "needed", "pieces"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one holder has: a piece for each group they are in, in their order."""

    copy: str
    holder: str
    holders: tuple[str, ...]  # sorted
    needed: int
    pieces: tuple[bytes, ...]

    def format(self) -> bytes:
        """Write it as one line of canonical JSON."""
        pieces = (base64.urlsafe_b64encode(each).decode() for each in self.pieces)
        return encode(
            {
                "version": _VERSION,
                "copy": self.copy,
                "holder": self.holder,
                "holders": " ".join(self.holders),
                "needed": str(self.needed),
                "pieces": " ".join(pieces),
            }
        )

    @classmethod
    def parse(cls, text: bytes) -> "Share":
        """Read a share.

        Raises:
            MalformedError: It is none, or one that was changed.
        """
        try:
            fields = parse(text.strip(), max_bytes=_MOST_BYTES)
            if set(fields) != _FIELDS or fields["version"] != _VERSION:
                raise _no_share()
            share = cls(
                copy=fields["copy"],
                holder=fields["holder"],
                holders=tuple(fields["holders"].split(" ")),
                needed=int(fields["needed"]),
                pieces=tuple(map(base64.urlsafe_b64decode, fields["pieces"].split())),
            )
        except (ValueError, ListkeepError) as error:
            raise _no_share() from error
        if share.holders != tuple(sorted(set(share.holders))):
            raise _no_share()
        few = 2 <= share.needed <= len(share.holders) <= _MOST_HOLDERS
        groups = _groups(share.holders, share.needed) if few else []
        count = sum(share.holder in group for group in groups)
        if len(share.pieces) != count or {*map(len, share.pieces)} != {KEY_BYTES}:
            raise _no_share()
        return share

    def digest(self) -> str:
        """Name the share by the SHA-256 of its bytes; nobody guesses it from that."""
        return hashlib.sha256(self.format()).hexdigest()


def split_key(
    key: bytes,
    *,
    copy: str,
    holders: Sequence[str],
    needed: int,
    random: Callable[[int], bytes],
) -> tuple[Share, ...]:
    """Split a key among holders, one share for each."""
    names = tuple(sorted(holders))
    pieces: dict[str, list[bytes]] = {name: [] for name in names}
    for group in _groups(names, needed):
        rest = key
        for name in group[:-1]:
            piece = random(len(key))
            pieces[name].append(piece)
            rest = _mix(rest, piece)
        pieces[group[-1]].append(rest)
    return tuple(
        Share(
            copy=copy,
            holder=name,
            holders=names,
            needed=needed,
            pieces=tuple(pieces[name]),
        )
        for name in names
    )


def join_shares(shares: Sequence[Share], *, expected: Mapping[str, str]) -> bytes:
    """Put a key together from any k shares of one copy.

    ``expected`` has the digest of each holder's share, as the copy names them.

    Raises:
        VerificationError: A share is another copy's, or was changed; it is named.
        MalformedError: There are too few.
    """
    for share in shares:
        if expected.get(share.holder) != share.digest():
            raise VerificationError(
                f"the share of {share.holder} is not the one of this copy",
                hint="it was changed, or belongs to another copy of the keys",
            )
    # Whoever forged a copy's header can name shares in it that never were one key's.
    if len({(each.copy, each.holders, each.needed) for each in shares}) > 1:
        raise VerificationError(
            "these are not shares of one key",
            hint="they belong to several copies of the keys",
        )
    mine = {share.holder: share for share in shares}
    needed = shares[0].needed if shares else 2
    if len(mine) < needed:
        raise MalformedError(
            f"there are shares of {len(mine)} holders, and it takes {needed}",
            hint="fewer give nothing; ask another holder for theirs",
        )
    group = tuple(sorted(mine))[:needed]
    key = bytes(KEY_BYTES)
    for name in group:
        groups = [each for each in _groups(mine[name].holders, needed) if name in each]
        key = _mix(key, mine[name].pieces[groups.index(group)])
    return key


def _groups(holders: Sequence[str], needed: int) -> list[tuple[str, ...]]:
    return list(combinations(holders, needed))


def _mix(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _no_share() -> MalformedError:
    return MalformedError(
        "this is no share of a key",
        code=Code.MESSAGE_INVALID,
        hint="decrypt it first: `listkeep keys open-share`",
    )
