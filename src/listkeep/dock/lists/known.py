"""Which of the tokens a person can have is the one an entry has.

A tenant whose index key was renewed holds several, and a person could have a token
under each. The one that an entry has in any of the tenant's lists wins, so that
somebody keeps one token throughout.
"""

from collections.abc import Sequence

from listkeep.wire.messages import keys as k

from . import bulk
from .keeper import Keeper

_TOKENS_AT_ONCE = 4096


class KnownTokens:
    """Tokens of entries in the lists of one tenant."""

    def __init__(self, tenant: str, keeper: Keeper) -> None:
        """Take the tenant; which lists it has is asked once, when it matters."""
        self._tenant, self._keeper = tenant, keeper
        self._lists: tuple[str, ...] | None = None

    def find(self, tokens: Sequence[bytes]) -> frozenset[bytes]:
        """Find those of some tokens that an entry has."""
        if self._lists is None:
            self._lists = tuple(
                each.list
                for each in self._keeper.read_keys(k.ReadKeys()).lists
                if each.tenant == self._tenant
            )
        known: set[bytes] = set()
        for start in range(0, len(tokens), _TOKENS_AT_ONCE):
            some = tokens[start : start + _TOKENS_AT_ONCE]
            for list_id in self._lists:
                rows = bulk.find_rows(("token",), list_id, some)
                known.update(bytes(row[0]) for row in rows)
        return frozenset(known)
