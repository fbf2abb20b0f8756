"""Who is calling, and what comes back when there is nothing else to say."""

from listkeep.wire.base import Count, Credential, Id, Message


class Problem(Message, frozen=True, kw_only=True):
    """An error as it crosses the wire; rendered once at each edge."""

    family: str
    code: str
    message: str
    hint: str = ""


class Empty(Message, frozen=True, kw_only=True):
    """Nothing to say."""


class Health(Message, frozen=True, kw_only=True):
    """The keeper is there."""

    version: str
    keeper: str
    profile: str
    ledger_size: Count


class Caller(Message, frozen=True, kw_only=True):
    """Whom a building speaks for: a person's session or a tenant's service key."""

    session: Credential = ""
    service_key: Credential = ""


class Authorize(Message, frozen=True, kw_only=True):
    """Ask whether a caller may touch; the keeper decides, the dock obeys."""

    caller: Caller
    right: str
    list: Id | None = None


class Principal(Message, frozen=True, kw_only=True):
    """Who the keeper says is calling."""

    kind: str  # person, or a service kind: app, intake
    id: Id
    name: str
    tenant: str
    rights: tuple[str, ...]
    credentials: tuple[str, ...] = ()  # own ones, told to nobody else
    opens: tuple[str, ...] = ()  # kinds of the registry one may read, told by who-am-i
