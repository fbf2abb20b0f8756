"""What the buildings say to each other: strict, typed, versioned by path.

Every message is one msgpack map of known keys; an unknown key, a missing key or a
wrong type is refused. One message that leaves the keeper has a field for an address
of a list in the clear: ``sends.SendRow``, for one mail each. Reveals and exports leave
as age ciphertext for one recipient. What people are told outside the instance has
messages of its own: ``notices``.
"""

from listkeep.wire.flows import RedeemCode

from .callers import Authorize, Caller, Empty, Health, Principal, Problem
from .lists import (
    CreateList,
    ExtendList,
    FindGone,
    FinishImport,
    FoundGone,
    FoundToken,
    ImportTicket,
    ListRecord,
    ListRecords,
    LookUp,
    OlderRows,
    SealedRows,
    SealRows,
    ShowLists,
    StartImport,
    Suppress,
    Suppressed,
)
from .records import (
    Invitation,
    Invite,
    LedgerEntry,
    LedgerPage,
    ListHeadProof,
    Proof,
    ReadLedger,
    ReadListHead,
    ReadProof,
    RegistryRows,
    ShowRegistry,
)
from .releases import Ciphertext, RowBatch, RunExport, RunReveal
from .signatures import (
    Assertion,
    BeginSignIn,
    DraftRequest,
    EndSession,
    FinishSignIn,
    Nonce,
    RequestView,
    RequestViews,
    Session,
    ShowRequest,
    SubmitStatement,
    WhoAmI,
)

__all__ = [
    "Assertion",
    "Authorize",
    "BeginSignIn",
    "Caller",
    "Ciphertext",
    "CreateList",
    "DraftRequest",
    "Empty",
    "EndSession",
    "ExtendList",
    "FindGone",
    "FinishImport",
    "FinishSignIn",
    "FoundGone",
    "FoundToken",
    "Health",
    "ImportTicket",
    "Invitation",
    "Invite",
    "LedgerEntry",
    "LedgerPage",
    "ListHeadProof",
    "ListRecord",
    "ListRecords",
    "LookUp",
    "Nonce",
    "OlderRows",
    "Principal",
    "Problem",
    "Proof",
    "ReadLedger",
    "ReadListHead",
    "ReadProof",
    "RedeemCode",
    "RegistryRows",
    "RequestView",
    "RequestViews",
    "RowBatch",
    "RunExport",
    "RunReveal",
    "SealRows",
    "SealedRows",
    "Session",
    "ShowLists",
    "ShowRegistry",
    "ShowRequest",
    "StartImport",
    "SubmitStatement",
    "Suppress",
    "Suppressed",
    "WhoAmI",
]
