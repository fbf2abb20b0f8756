"""The keeper's client: HTTP over a unix socket, msgpack both ways."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx
import msgspec

from listkeep.core.errors import Code, MalformedError, UnavailableError

from . import messages as m
from .base import FRAME_BYTES, MEDIA_TYPE, decode, encode
from .lines import Lines, not_there, too_late
from .messages import budgets as b
from .messages import erasures as e
from .messages import incidents as i
from .messages import keys as k
from .messages import notices as n
from .messages import policies as p
from .messages import processes as q
from .messages import restores as r
from .messages import scrubs as s
from .messages import sends as d
from .messages import suppressions as sp
from .problems import error_of

_R = TypeVar("_R", bound=msgspec.Struct)


class KeeperClient:
    """Speak to one keeper, as a service (with its key) or for a person (without).

    Every method raises the keeper's own error, or ``UnavailableError`` when it does
    not answer in time. Safe to share between threads.
    """

    def __init__(
        self, socket: Path, *, service_key: str = "", timeout_seconds: float = 30
    ) -> None:
        """Prepare a client; nothing is sent yet."""
        headers = {"content-type": MEDIA_TYPE}
        if service_key:
            headers["authorization"] = f"Bearer {service_key}"
        self._http = httpx.Client(
            # No TLS on a socket of this machine; preparing it would take most
            # of the time that a short command takes.
            transport=httpx.HTTPTransport(uds=str(socket), verify=False),
            base_url="http://keeper/v1/",
            headers=headers,
            timeout=httpx.Timeout(timeout_seconds, connect=5),
        )
        self._lines = Lines(socket, headers=headers, timeout_seconds=timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        self._lines.close()

    def health(self) -> m.Health:
        """Ask whether the keeper is there."""
        return self._call("health", m.Empty(), m.Health)

    def process(self) -> q.ProcessFacts:
        """Ask how the keeper's process is protected."""
        return self._call("process", m.Empty(), q.ProcessFacts)

    # --- for services ---

    def authorize(self, message: m.Authorize) -> m.Principal:
        """Ask who a caller is and whether it may touch."""
        return self._call("authorize", message, m.Principal)

    def create_list(self, message: m.CreateList) -> m.ListRecord:
        """Open a list."""
        return self._call("lists/create", message, m.ListRecord)

    def extend_list(self, message: m.ExtendList) -> m.ListRecord:
        """Append sealed fields to a list."""
        return self._call("lists/extend", message, m.ListRecord)

    def show_lists(self, message: m.ShowLists) -> m.ListRecords:
        """Read the lists a caller may view."""
        return self._call("lists/show", message, m.ListRecords)

    def start_import(self, message: m.StartImport) -> m.ImportTicket:
        """Ask to add rows to a list."""
        return self._call("imports/start", message, m.ImportTicket)

    def seal_rows(self, message: m.SealRows) -> m.SealedRows:
        """Seal up to 4096 rows."""
        return self._call("imports/seal", message, m.SealedRows)

    def find_gone(self, message: m.FindGone) -> m.FoundGone:
        """Ask who was erased since an import began."""
        return self._call("imports/gone", message, m.FoundGone)

    def seal_packed(self, message: bytes) -> m.SealedRows:
        """Seal the same, with the message written by whoever had the rows."""
        return self._send("imports/seal", message, m.SealedRows)

    def finish_import(self, message: m.FinishImport) -> None:
        """Close an import."""
        self._call("imports/finish", message, m.Empty)

    def start_restore(self, message: r.StartRestore) -> r.RestoreTicket:
        """Ask to take a list back to an earlier time."""
        return self._call("restores/start", message, r.RestoreTicket)

    def reseal_rows(self, message: r.ResealRows) -> m.SealedRows:
        """Have up to 4096 earlier rows of a list sealed anew."""
        return self._call("restores/reseal", message, m.SealedRows)

    def finish_restore(self, message: r.FinishRestore) -> None:
        """Close a restore."""
        self._call("restores/finish", message, m.Empty)

    def erase_entry(self, message: e.EraseEntry) -> None:
        """Have one person's erasure recorded."""
        self._call("erase", message, m.Empty)

    def suppress(self, message: m.Suppress) -> m.Suppressed:
        """Make addresses unsendable and unexportable."""
        return self._call("suppress", message, m.Suppressed)

    def read_suppressions(self, message: sp.ReadSuppressions) -> sp.Suppressions:
        """Ask whom of a list the keeper knows as suppressed."""
        return self._call("suppressions/read", message, sp.Suppressions)

    def keep_suppressions(self, message: sp.KeepSuppressions) -> m.Suppressed:
        """Tell whom the dock knew as suppressed, after something was put back."""
        return self._call("suppressions/keep", message, m.Suppressed)

    def readmit(self, message: sp.Readmit) -> m.Suppressed:
        """Have somebody let back who signed up anew and confirmed it."""
        return self._call("suppressions/readmit", message, m.Suppressed)

    def look_up(self, message: m.LookUp) -> m.FoundToken:
        """Ask for the token of one exact address."""
        return self._call("look-up", message, m.FoundToken)

    def read_notices(self, message: n.ReadNotices) -> n.Notices:
        """Read what people are to be told."""
        return self._call("notices/read", message, n.Notices)

    def read_digest_contacts(self, message: n.ReadDigestContacts) -> n.DigestContacts:
        """Read whom to tell about a day that is over."""
        return self._call("notices/digest", message, n.DigestContacts)

    def open_contact(self, message: n.OpenContact) -> n.OpenedContact:
        """Ask where one contact is, for one thing it is to be told."""
        return self._call("notices/open", message, n.OpenedContact)

    def read_keys(self, message: k.ReadKeys) -> k.HeldKeys:
        """Read which keys every list holds, and say what is left of renewals."""
        return self._call("keys/read", message, k.HeldKeys)

    def renew_key(self, message: k.RenewKey) -> k.ListKeys:
        """Ask that a list's next key be begun."""
        return self._call("keys/renew", message, k.ListKeys)

    def renew_rows(self, message: k.RenewRows) -> m.SealedRows:
        """Have rows under an older key sealed under the newest."""
        return self._call("keys/reseal", message, m.SealedRows)

    def destroy_keys(
        self, message: k.DestroyKeys, held: Iterable[k.HeldRows]
    ) -> k.ListKeys:
        """Stream all rows of a list in, and have its older keys destroyed."""
        with (
            _translated(),
            self._http.stream(
                "POST", "keys/destroy", content=_frames(message, held)
            ) as response,
        ):
            answer = response.read()
        if response.status_code != httpx.codes.OK:
            raise _problem(answer)
        return _answer(answer, k.ListKeys)

    def read_scrubs(self, message: s.ReadScrubs) -> s.ScrubStates:
        """Ask which lists there are to look over."""
        return self._call("scrubs/read", message, s.ScrubStates)

    def scrub_rows(self, message: s.ScrubRows) -> s.ScrubbedRows:
        """Ask which rows of a batch are not genuine."""
        return self._call("scrubs/rows", message, s.ScrubbedRows)

    def start_send(self, message: d.StartSend) -> d.Send:
        """Begin a granted send; begun already, get it as it is."""
        return self._call("sends/start", message, d.Send)

    def read_sends(self, message: d.ReadSends) -> d.Sends:
        """Read the sends that go on, and a page of those that ended."""
        return self._call("sends/read", message, d.Sends)

    def open_for_send(self, message: d.OpenForSend) -> d.OpenedForSend:
        """Have rows opened, each for one message that leaves now."""
        return self._call("sends/open", message, d.OpenedForSend)

    def close_for_send(self, message: d.CloseForSend) -> None:
        """Say what came of rows that were opened, so that they stay closed."""
        self._call("sends/close", message, m.Empty)

    def sign_for_send(self, message: d.SignForSend) -> d.SignedForSend:
        """Have messages signed for a sending domain, by their digests."""
        return self._call("sends/sign", message, d.SignedForSend)

    def finish_send(self, message: d.FinishSend) -> None:
        """Close a send."""
        self._call("sends/finish", message, m.Empty)

    def report_returned(self, message: d.ReportReturned) -> d.ReturnedCounts:
        """Tell what came back, so that the keeper suppresses by its rules."""
        return self._call("sends/returned", message, d.ReturnedCounts)

    def report_incident(self, message: i.OpenIncident) -> i.Incident:
        """Say that something is wrong; get the incident it is part of."""
        return self._call("incidents/report", message, i.Incident)

    def show_incidents(self, message: i.ShowIncidents) -> i.Incidents:
        """Read incidents: all, or those a caller may know of."""
        return self._call("incidents/show", message, i.Incidents)

    def close_incident(self, message: i.CloseIncident) -> i.Incident:
        """Close an incident for a caller."""
        return self._call("incidents/close", message, i.Incident)

    @contextmanager
    def run_export(
        self, message: m.RunExport, batches: Iterable[m.RowBatch]
    ) -> Iterator[Iterator[bytes]]:
        """Stream sealed rows in; get the recipient's age file as a stream of bytes.

        The keeper has recorded the outcome before the first byte arrives.
        """
        with (
            _translated(),
            self._http.stream(
                "POST", "exports/run", content=_frames(message, batches)
            ) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise _problem(response.read())
            yield response.iter_bytes(524_288)

    # --- for persons ---

    def begin_sign_in(self) -> m.Nonce:
        """Ask for a nonce to sign in with."""
        return self._call("sign-in/begin", m.BeginSignIn(), m.Nonce)

    def finish_sign_in(self, message: m.FinishSignIn) -> m.Session:
        """Sign in."""
        return self._call("sign-in/finish", message, m.Session)

    def redeem_code(self, message: m.RedeemCode) -> m.Session:
        """Sign in with the code a browser came back with."""
        return self._call("sign-in/redeem", message, m.Session)

    def end_session(self, message: m.EndSession) -> None:
        """Sign out."""
        self._call("sign-out", message, m.Empty)

    def who_am_i(self, message: m.WhoAmI) -> m.Principal:
        """Ask whose session this is."""
        return self._call("who-am-i", message, m.Principal)

    def draft_request(self, message: m.DraftRequest) -> m.RequestView:
        """Have the keeper write the exact terms of a request."""
        return self._call("requests/draft", message, m.RequestView)

    def show_requests(self, message: m.ShowRequest) -> m.RequestViews:
        """Read requests."""
        return self._call("requests/show", message, m.RequestViews)

    def submit_statement(self, message: m.SubmitStatement) -> m.RequestView:
        """Hand in a signed statement."""
        return self._call("requests/statement", message, m.RequestView)

    def explain_request(self, message: p.ExplainRequest) -> p.Explanation:
        """Ask what the policy in force says to one request."""
        return self._call("requests/explain", message, p.Explanation)

    def show_policy(self, message: p.ShowPolicy) -> p.PolicyTexts:
        """Read the policy in force."""
        return self._call("policy/show", message, p.PolicyTexts)

    def show_budgets(self, message: b.ShowBudgets) -> b.BudgetRows:
        """Read what the person of a session has spent, and may."""
        return self._call("budgets/show", message, b.BudgetRows)

    def run_reveal(self, message: m.RunReveal) -> m.Ciphertext:
        """Open the few rows of a granted reveal."""
        return self._call("reveals/run", message, m.Ciphertext)

    def show_registry(self, message: m.ShowRegistry) -> m.RegistryRows:
        """Read people, services, recipients or tenants."""
        return self._call("registry/show", message, m.RegistryRows)

    def show_contact_secret(self, message: n.ShowContactSecret) -> n.ContactSecret:
        """Read the secret by which a webhook's receiver knows us."""
        return self._call("contacts/secret", message, n.ContactSecret)

    def show_keys(self, message: k.ShowKeys) -> k.KeyRows:
        """Read the keys of the lists one may know."""
        return self._call("keys/show", message, k.KeyRows)

    def invite(self, message: m.Invite) -> m.Invitation:
        """Make a link over which somebody makes passkeys."""
        return self._call("people/invite", message, m.Invitation)

    def read_ledger(self, message: m.ReadLedger) -> m.LedgerPage:
        """Read entries."""
        return self._call("ledger/entries", message, m.LedgerPage)

    def read_proof(self, message: m.ReadProof) -> m.Proof:
        """Read the proof that an entry is in the ledger."""
        return self._call("ledger/proof", message, m.Proof)

    def read_list_head(self, message: m.ReadListHead) -> m.ListHeadProof:
        """Read the proof of a list's newest entry."""
        return self._call("ledger/head", message, m.ListHeadProof)

    def _call(self, path: str, message: msgspec.Struct, kind: type[_R]) -> _R:
        return self._send(path, encode(message), kind)

    def _send(self, path: str, body: bytes, kind: type[_R]) -> _R:
        answer = self._lines.ask(f"/v1/{path}", body)
        if answer.status != httpx.codes.OK:
            raise _problem(answer.body)
        return _answer(answer.body, kind)


def _problem(content: bytes) -> Exception:
    return error_of(_answer(content, m.Problem))


def _answer(content: bytes, kind: type[_R]) -> _R:
    """Read an answer; what cannot be read is not the caller's malformed message."""
    try:
        return decode(content, kind)
    except MalformedError as error:
        raise UnavailableError(
            "the keeper's answer was not understood",
            code=Code.KEEPER_UNAVAILABLE,
            hint="look at the keeper's log; both sides must run the same version",
        ) from error


def _frames(
    message: msgspec.Struct, batches: Iterable[msgspec.Struct]
) -> Iterator[bytes]:
    first = encode(message)
    yield len(first).to_bytes(FRAME_BYTES, "big") + first
    for batch in batches:
        frame = encode(batch)
        yield len(frame).to_bytes(FRAME_BYTES, "big") + frame
    yield bytes(FRAME_BYTES)  # the end, so that a cut stream is not a short one


@contextmanager
def _translated() -> Iterator[None]:
    """Turn transport errors into ours, without the texts they carry."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise too_late() from error
    except httpx.HTTPError as error:
        raise not_there() from error
