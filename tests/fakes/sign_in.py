"""Sign-in by a browser at a keeper in memory: codes that work once."""

from dataclasses import dataclass, field

from listkeep.core.errors import Code, RefusedError
from listkeep.wire import messages as m
from listkeep.wire.base import Message
from listkeep.wire.flows import challenge_of


@dataclass(frozen=True)
class _Waiting:
    challenge: str
    client: str
    session: str


@dataclass
class FakeSignIn:
    """The sessions of a keeper for tests."""

    service: str = "s_dockdockdock"  # who speaks to it
    principals: dict[str, m.Principal] = field(default_factory=dict)
    _codes: dict[str, _Waiting] = field(default_factory=dict)
    _spent: set[str] = field(default_factory=set)

    # --- what tests say to it ---

    def issue_code(self, session: str, *, challenge: str, client: str = "") -> str:
        """Have the owner of a session sign in on the keeper's page once more."""
        code = f"lkc_{len(self._codes)}"
        self._codes[code] = _Waiting(challenge, client or self.service, session)
        return code

    # --- what the dock asks ---

    def redeem_code(self, message: m.RedeemCode) -> m.Session:
        self._called("redeem_code", message)
        waiting = self._codes.get(message.code)
        if waiting is None:
            raise RefusedError("there is no such code", code=Code.NOT_FOUND)
        if message.code in self._spent:
            raise RefusedError("used before", code=Code.REPLAYED)
        self._spent.add(message.code)
        if not waiting.client == message.client == self.service:
            raise RefusedError("another service")
        if challenge_of(message.verifier) != waiting.challenge:
            raise RefusedError("another browser")
        principal = self.principals[waiting.session]
        return m.Session(
            session=waiting.session,
            person=principal.id,
            name=principal.name,
            expires_at="2026-01-05T20:00:00Z",
        )

    def who_am_i(self, message: m.WhoAmI) -> m.Principal:
        self._called("who_am_i", message)
        return self._principal(m.Caller(session=message.session))

    def end_session(self, message: m.EndSession) -> None:
        self._called("end_session", message)
        self._principal(m.Caller(session=message.session))
        del self.principals[message.session]

    # --- inside ---

    def _called(self, method: str, message: Message) -> None:
        raise NotImplementedError

    def _principal(self, caller: m.Caller) -> m.Principal:
        found = self.principals.get(caller.session or caller.service_key)
        if found is None:
            raise RefusedError("nobody is signed in", code=Code.NOT_SIGNED_IN)
        return found
