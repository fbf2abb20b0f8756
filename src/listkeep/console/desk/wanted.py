"""Which entries of the ledger are looked for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest

_LONGEST: Final = 40  # of an id, or of what an event is called
_WHO: Final = ("person", "principal")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What an entry has to be about; what is empty leaves it open."""

    event: str = ""
    list: str = ""
    who: str = ""
    request: str = ""

    @classmethod
    def read(cls, request: HttpRequest) -> "Wanted":
        """Read what the address of a page says."""
        names = (each.name for each in fields(cls))
        return cls(**{name: request.GET.get(name, "")[:_LONGEST] for name in names})

    @property
    def query(self) -> str:
        """Write it for the address of another page; empty: all are wanted."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return urlencode({name: text for name, text in given.items() if text})

    def takes(self, entry: Mapping[str, str]) -> bool:
        """Tell whether an entry is one of them."""
        return (
            self.event in ("", entry["event"])
            and self.list in ("", entry.get("list", ""))
            and self.request in ("", entry.get("request", ""))
            and self.who in ("", *(entry.get(name, "") for name in _WHO))
        )
