"""The ways to keeper and dock, for the person who looks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

import httpx
from django.conf import settings

from listkeep.core.errors import Code, ListkeepError, MalformedError
from listkeep.wire.dock import DockClient
from listkeep.wire.keeper import KeeperClient

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Panel(Generic[T]):
    """A part of a page: what was answered, or why there is nothing."""

    value: T | None = None
    error: ListkeepError | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """What can be asked in the name of one session."""

    session: str

    @property
    def keeper(self) -> KeeperClient:
        """The keeper; its messages carry the session themselves."""
        return keeper()

    @property
    def dock(self) -> DockClient:
        """The dock, by the console's key and the session beside it."""
        return DockClient(
            settings.LISTKEEP_DOCK,
            bearer=service_key(),
            session=self.session,
            timeout_seconds=settings.LISTKEEP_TIMEOUT_SECONDS,
            transport=_transport(),
        )


def ask(question: Callable[[], T]) -> Panel[T]:
    """Ask for one part of a page; the others do not depend on it.

    Raises:
        RefusedError: Nobody is signed in any more: that is about the whole page.
        ListkeepError: Our own fault, which nobody can look past.
    """
    try:
        return Panel(question())
    except ListkeepError as error:
        if error.code is Code.NOT_SIGNED_IN or type(error) is ListkeepError:
            raise
        return Panel(error=error)


@lru_cache(maxsize=1)
def keeper() -> KeeperClient:
    """Give the one client of this process; it is shared between threads."""
    return KeeperClient(
        settings.LISTKEEP_KEEPER_SOCKET,
        service_key=service_key(),
        timeout_seconds=settings.LISTKEEP_TIMEOUT_SECONDS,
    )


@lru_cache(maxsize=1)
def _transport() -> httpx.BaseTransport:
    """Keep the connections to the dock, whoever asks over them."""
    return httpx.HTTPTransport()


def service_id() -> str:
    """Name this console as the keeper knows it."""
    return service_key()[4:18]


@lru_cache(maxsize=1)
def service_key() -> str:
    """Read the key by which the keeper knows this console.

    Raises:
        MalformedError: The file is missing, or holds no key.
    """
    path: Path = settings.LISTKEEP_SERVICE_KEY_FILE
    try:
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _no_key() from error
    if not key.startswith("lkk_s_"):
        raise _no_key()
    return key


def _no_key() -> MalformedError:
    return MalformedError(
        "the console's key cannot be read",
        code=Code.CONFIG_INVALID,
        hint="custodians make one: `listkeep service add NAME --kind console`; its "
        "file is named by service_key_file in console.toml",
    )
