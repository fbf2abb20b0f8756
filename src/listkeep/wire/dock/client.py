"""The dock's client: its HTTP API for the command line and for drills."""

from listkeep.wire.answers import DockHealth, DockNotices

from .entries import EntryCalls
from .history import HistoryCalls
from .incidents import IncidentCalls
from .lists import ListCalls
from .releases import ReleaseCalls
from .returned import ReturnedCalls
from .sending import SendCalls
from .sends import ProgressCalls
from .sign_up_forms import FormCalls


class DockClient(
    ListCalls,
    EntryCalls,
    FormCalls,
    HistoryCalls,
    ReleaseCalls,
    SendCalls,
    ProgressCalls,
    ReturnedCalls,
    IncidentCalls,
):
    """Speak to one dock as a person (session) or a service (key).

    Every method raises the dock's own error, or ``UnavailableError`` when it does
    not answer. Lists are named by id or name.
    """

    def health(self) -> DockHealth:
        """Ask whether the dock is there."""
        return self.get("health", DockHealth)

    def read_notices(self, start: int) -> DockNotices:
        """Read what contacts are told, from a ledger entry on."""
        return self.get("notices", DockNotices, start=str(start))

    def read_unusual_notices(self, *, limit: int) -> DockNotices:
        """Read the newest warnings and alarms, the newest last."""
        return self.get("notices", DockNotices, unusual="true", limit=limit)
