"""The dock's way to the keeper: the port, and the one client of this process."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol

from django.conf import settings

from listkeep.core.errors import Code, MalformedError
from listkeep.wire import messages as m
from listkeep.wire.keeper import KeeperClient
from listkeep.wire.messages import erasures as e
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import keys as k
from listkeep.wire.messages import notices as n
from listkeep.wire.messages import restores as r
from listkeep.wire.messages import scrubs as s
from listkeep.wire.messages import sends as d
from listkeep.wire.messages import suppressions as sp

_TIMEOUT_SECONDS = 60


class Keeper(Protocol):
    """What the dock asks of a keeper; each method raises the keeper's own errors.

    Methods may be called from several threads at once.
    """

    def health(self) -> m.Health:
        """Tell that it is there."""

    def authorize(self, message: m.Authorize) -> m.Principal:
        """Say who a caller is, or refuse."""

    def create_list(self, message: m.CreateList) -> m.ListRecord:
        """Open a list."""

    def extend_list(self, message: m.ExtendList) -> m.ListRecord:
        """Append sealed fields; those it has already change nothing."""

    def show_lists(self, message: m.ShowLists) -> m.ListRecords:
        """Show the lists a caller may view; none where it may not know any."""

    def start_import(self, message: m.StartImport) -> m.ImportTicket:
        """Permit an import."""

    def seal_packed(self, message: bytes) -> m.SealedRows:
        """Seal rows of a permitted import, in a ``SealRows`` that is written."""

    def find_gone(self, message: m.FindGone) -> m.FoundGone:
        """Say who was erased since an import began."""

    def finish_import(self, message: m.FinishImport) -> None:
        """Close an import, whatever came of it."""

    def start_restore(self, message: r.StartRestore) -> r.RestoreTicket:
        """Permit taking a list back to an earlier time."""

    def reseal_rows(self, message: r.ResealRows) -> m.SealedRows:
        """Seal earlier rows of a list anew."""

    def finish_restore(self, message: r.FinishRestore) -> None:
        """Close a restore, whatever came of it."""

    def erase_entry(self, message: e.EraseEntry) -> None:
        """Record that one person is erased, if that was signed for."""

    def suppress(self, message: m.Suppress) -> m.Suppressed:
        """Make tokens unsendable and unexportable."""

    def look_up(self, message: m.LookUp) -> m.FoundToken:
        """Compute one token and charge for it."""

    def read_keys(self, message: k.ReadKeys) -> k.HeldKeys:
        """Say which keys every list holds."""

    def renew_key(self, message: k.RenewKey) -> k.ListKeys:
        """Begin a list's next key."""

    def renew_rows(self, message: k.RenewRows) -> m.SealedRows:
        """Seal rows anew under the newest key."""

    def destroy_keys(
        self, message: k.DestroyKeys, held: Iterable[k.HeldRows]
    ) -> k.ListKeys:
        """Destroy older keys, after all rows were seen under the newest."""

    def show_requests(self, message: m.ShowRequest) -> m.RequestViews:
        """Show requests a person may see."""

    def redeem_code(self, message: m.RedeemCode) -> m.Session:
        """Turn the code of a browser's sign-in into a session, once."""

    def who_am_i(self, message: m.WhoAmI) -> m.Principal:
        """Say whose session this is."""

    def end_session(self, message: m.EndSession) -> None:
        """End a session at once."""

    def read_notices(self, message: n.ReadNotices) -> n.Notices:
        """Read what people are to be told: everything, or what a caller may read."""

    def read_digest_contacts(self, message: n.ReadDigestContacts) -> n.DigestContacts:
        """Say whom to tell about a day that is over."""

    def read_suppressions(self, message: sp.ReadSuppressions) -> sp.Suppressions:
        """Say whom of a list the keeper knows as suppressed."""

    def keep_suppressions(self, message: sp.KeepSuppressions) -> m.Suppressed:
        """Take whom the dock knew as suppressed, after something was put back."""

    def readmit(self, message: sp.Readmit) -> m.Suppressed:
        """Let somebody back who left or bounced, signed up anew and confirmed it."""

    def open_contact(self, message: n.OpenContact) -> n.OpenedContact:
        """Say where one contact is, for one thing it is to be told."""

    def read_scrubs(self, message: s.ReadScrubs) -> s.ScrubStates:
        """Say which lists there are to look over."""

    def scrub_rows(self, message: s.ScrubRows) -> s.ScrubbedRows:
        """Say which rows are not genuine, and count a pass over them."""

    def report_incident(self, message: i.OpenIncident) -> i.Incident:
        """Record that something is wrong, unless it is recorded and open."""

    def show_incidents(self, message: i.ShowIncidents) -> i.Incidents:
        """Show incidents: everything, or what a caller may know of."""

    def close_incident(self, message: i.CloseIncident) -> i.Incident:
        """Close an incident for those whose it is."""

    def start_send(self, message: d.StartSend) -> d.Send:
        """Begin a granted send."""

    def read_sends(self, message: d.ReadSends) -> d.Sends:
        """Say which sends go on, and which may still get something back, by pages."""

    def open_for_send(self, message: d.OpenForSend) -> d.OpenedForSend:
        """Open rows, each for one message that leaves now."""

    def close_for_send(self, message: d.CloseForSend) -> None:
        """Hear what came of rows that were opened, and close those that are over."""

    def sign_for_send(self, message: d.SignForSend) -> d.SignedForSend:
        """Sign messages for a sending domain, by their digests."""

    def finish_send(self, message: d.FinishSend) -> None:
        """Close a send, whatever came of it."""

    def report_returned(self, message: d.ReportReturned) -> d.ReturnedCounts:
        """Take what came back, and suppress by rule."""

    def run_export(
        self, message: m.RunExport, batches: Iterable[m.RowBatch]
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Open sealed rows into a stream only the recipient can read."""


_ports: dict[str, Keeper] = {}
_lock = Lock()


def get_keeper() -> Keeper:
    """Get the keeper of this process.

    Raises:
        MalformedError: The dock has no service key to speak with.
    """
    with _lock:
        if "keeper" not in _ports:
            key = read_service_key(settings.LISTKEEP_SERVICE_KEY_FILE)
            _ports["keeper"] = KeeperClient(
                settings.LISTKEEP_KEEPER_SOCKET,
                service_key=key,
                timeout_seconds=_TIMEOUT_SECONDS,
            )
        return _ports["keeper"]


def service_id(path: Path) -> str:
    """Tell the name under which the keeper knows this dock: its key begins with it.

    Raises:
        MalformedError: The dock has no service key.
    """
    return read_service_key(path)[4:18]


@contextmanager
def use_keeper(keeper: Keeper) -> Iterator[None]:
    """Speak to another keeper for a while, as tests do."""
    earlier = _ports.get("keeper")
    _ports["keeper"] = keeper
    try:
        yield
    finally:
        _ports.pop("keeper", None)
        if earlier is not None:
            _ports["keeper"] = earlier


def read_service_key(path: Path) -> str:
    """Read the key by which the keeper knows this dock.

    Raises:
        MalformedError: There is none, or others on this machine may read it.
    """
    try:
        is_private = not path.stat().st_mode & 0o077
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        is_private, key = True, ""
    if not key:
        raise MalformedError(
            f"{path.name} is missing or unreadable: the dock has no service key",
            code=Code.CONFIG_INVALID,
            hint="run `listkeep init`",
        )
    if not is_private:
        raise MalformedError(
            f"others may read {path.name}, the dock's service key",
            code=Code.CONFIG_INVALID,
            hint=f"chmod 600 {path.name} and have the key replaced",
        )
    return key
