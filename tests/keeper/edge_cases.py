"""How each path of the keeper's edge is called, and what a stranger is told there."""

from collections.abc import Callable

import msgspec

from listkeep.core.grants import format_time
from listkeep.keeper.gate.sign_in.sessions import begin_sign_in
from listkeep.wire import messages as m
from listkeep.wire.messages import budgets as b
from listkeep.wire.messages import erasures as e
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import keys as k
from listkeep.wire.messages import notices as n
from listkeep.wire.messages import policies as p
from listkeep.wire.messages import restores as r
from listkeep.wire.messages import scrubs, suppressions
from listkeep.wire.messages import sends as d

from . import edge_tickets as tickets
from .edge import ASSERTION, PLANTED
from .edge_stage import Case, Stage
from .flows import Program
from .scrubbing import report
from .sending import LISTED


def _caller(stage: Stage, name: str) -> m.Caller:
    return stage.world.caller(name) if name else m.Caller()


def _session(stage: Stage, name: str, service: str = "keeper") -> str:
    return stage.world.session(name, service) if name else ""


def _sign_up(stage: Stage) -> str:
    ticket = stage.world.start_import("intake", stage.rows.list_id).ticket
    stage.world.seal(ticket, stage.rows.addresses[:1])
    return ticket


def _sign_in(stage: Stage, name: str) -> m.FinishSignIn:
    if not name:
        return m.FinishSignIn(credential="", assertion=ASSERTION)

    nonce = begin_sign_in(stage.world.gate, now=stage.world.now).nonce
    person = stage.world.meet(name)
    return m.FinishSignIn(
        credential=person.credential,
        assertion=person.sign_in(keeper="k_demo", service="keeper", nonce=nonce),
    )


def _redeem(stage: Stage, name: str) -> m.RedeemCode:
    cli = Program.of_cli(stage.world)
    return cli.message(cli.code("ben") if name == "ben" else "lkc_o_nobodynobody_x")


def _statement(stage: Stage, name: str) -> m.SubmitStatement:
    signed = stage.world.statement(name, stage.waiting, "deny") if name else ASSERTION
    return m.SubmitStatement(request=stage.waiting.id, assertion=signed)


KEYS: dict[str, Callable[[Stage, str], msgspec.Struct]] = {
    "read": lambda _s, _n: k.ReadKeys(),
    "renew": lambda s, _n: k.RenewKey(list=s.rows.list_id),
    "reseal": lambda s, _n: k.RenewRows(list=s.rows.list_id, rows=s.rows.whole()),
    "destroy": lambda s, _n: k.DestroyKeys(list=s.young),
}


def _erase(stage: Stage, name: str) -> e.EraseEntry:
    return e.EraseEntry(
        session=_session(stage, name, "dock"),
        request=stage.erasure.id,
        token=stage.rows.sealed[0].token,
        lists=(e.ErasedFrom(list=stage.rows.list_id, removed=True),),
    )


def _open(stage: Stage, name: str) -> n.OpenContact:
    notices = stage.world.registry.book.notices
    contact = stage.contact if name == "ben" else "d_nobodynobody"
    return n.OpenContact(contact=contact, notice=notices[-1].index)


def _close(stage: Stage, name: str) -> i.CloseIncident:
    """Name an incident that is open."""
    opened = report(stage.world, "rows-extra", list_id=stage.rows.list_id)
    return i.CloseIncident(
        caller=_caller(stage, name), incident=opened.id, reason="a test"
    )


SENDS: dict[str, Callable[[Stage, str], msgspec.Struct]] = {
    "read": lambda _s, _n: d.ReadSends(),
    "open": lambda s, _n: d.OpenForSend(
        request=s.send, rows=s.rows.whole(), triggers=["", ""]
    ),
    "sign": lambda s, _n: d.SignForSend(
        request=s.send,
        algorithm="ed25519",
        domain=LISTED,
        selector="lk1-ed25519",
        digests=[],
    ),
    "close": lambda s, _n: d.CloseForSend(
        request=s.send,
        ended=d.RowNames(tokens=s.rows.sealed[0].token, triggers=[""]),
    ),
    "finish": lambda s, _n: d.FinishSend(request=s.send, delivered=0, failed=0),
    "returned": lambda s, _n: d.ReportReturned(
        items=[d.ReturnedItem(request=s.send, token=bytes(16), outcome="complaint")]
    ),
}
CASES: dict[str, Case] = {
    "health": Case(lambda _s, _n: m.Empty(), told="", nobody=""),
    "process": Case(lambda _s, _n: m.Empty(), told="", nobody=""),
    "authorize": Case(
        lambda s, n: m.Authorize(
            caller=_caller(s, n), right="view", list=s.rows.list_id
        ),
        by_service=True,
    ),
    "lists/create": Case(
        lambda s, n: m.CreateList(caller=_caller(s, n), name="fresh"),
        stranger="sam",
        told="not-permitted",
        by_service=True,
    ),
    "lists/extend": Case(
        lambda s, n: m.ExtendList(
            caller=_caller(s, n), list=s.rows.list_id, fields=("city",)
        ),
        by_service=True,
    ),
    "lists/show": Case(
        lambda s, n: m.ShowLists(caller=_caller(s, n), list=s.rows.list_id),
        by_service=True,
    ),
    "suppress": Case(
        lambda s, n: m.Suppress(
            caller=_caller(s, n),
            list=s.rows.list_id,
            tokens=s.rows.tokens(0),
            reason="bounced",
        ),
        by_service=True,
    ),
    "sign-in/begin": Case(lambda _s, _n: m.BeginSignIn(), told="", nobody=""),
    "sign-in/finish": Case(
        _sign_in,
        stranger="mallory",
        told="credential-unknown",
        nobody="message-invalid",
    ),
    "sign-in/redeem": Case(_redeem, nobody="not-found"),
    "sign-out": Case(
        lambda s, n: m.EndSession(
            session="lks_n_nobodynobody_x" if n == "eve" else _session(s, n)
        ),
        told="not-signed-in",
    ),
    "who-am-i": Case(
        lambda s, n: m.WhoAmI(
            session=_session(s, n, "dock" if n == "eve" else "keeper")
        ),
        told="not-signed-in",
    ),
    "requests/draft": Case(
        lambda s, n: m.DraftRequest(
            session=_session(s, n),
            action="export",
            purpose="a copy",
            list=s.rows.list_id,
            cap=2,
            recipient="warehouse",
        ),
    ),
    "requests/show": Case(
        lambda s, n: m.ShowRequest(session=_session(s, n), request=s.waiting.id),
    ),
    "requests/explain": Case(
        lambda s, n: p.ExplainRequest(session=_session(s, n), request=s.waiting.id),
    ),
    "policy/show": Case(
        lambda s, n: p.ShowPolicy(session=_session(s, n), tenant="acme"),
    ),
    "budgets/show": Case(lambda s, n: b.ShowBudgets(session=_session(s, n)), told=""),
    "requests/statement": Case(
        _statement, told="not-permitted", nobody="message-invalid"
    ),
    "registry/show": Case(
        lambda s, n: m.ShowRegistry(session=_session(s, n), kind="person"),
        insider="ada",
        stranger="sam",
        told="not-permitted",
    ),
    "people/invite": Case(
        lambda s, n: m.Invite(session=_session(s, n), role="marketer", name="nora"),
        insider="ada",
        stranger="ben",
        told="not-permitted",
    ),
    "ledger/entries": Case(
        lambda s, n: m.ReadLedger(session=_session(s, n)), insider="ada", told=""
    ),
    "ledger/proof": Case(
        lambda s, n: m.ReadProof(session=_session(s, n), index=0), told=""
    ),
    "ledger/head": Case(
        lambda s, n: m.ReadListHead(session=_session(s, n), list=s.rows.list_id),
        insider="ada",
    ),
    "imports/start": Case(
        lambda s, n: m.StartImport(caller=_caller(s, n), list=s.rows.list_id),
        by_service=True,
    ),
    "imports/seal": Case(tickets.seal, nobody="not-found", by_service=True),
    "imports/gone": Case(tickets.gone, nobody="not-found", by_service=True),
    "imports/finish": Case(tickets.finish, nobody="not-found", by_service=True),
    "suppressions/read": Case(
        lambda s, _n: suppressions.ReadSuppressions(list=s.rows.list_id),
        told="",
        nobody="",
        by_service=True,
        is_docks=True,
    ),
    "suppressions/keep": Case(
        lambda s, _n: suppressions.KeepSuppressions(
            list=s.rows.list_id, reason="bounced", tokens=b""
        ),
        told="",
        nobody="",
        by_service=True,
        is_docks=True,
    ),
    "suppressions/readmit": Case(
        lambda s, _n: suppressions.Readmit(ticket=_sign_up(s), token=s.rows.tokens(0)),
        told="",
        nobody="",
        by_service=True,
        is_docks=True,
    ),
    "restores/start": Case(
        lambda s, n: r.StartRestore(
            caller=_caller(s, n),
            list=s.rows.list_id,
            moment=format_time(s.world.now),
            rows=1,
        ),
        by_service=True,
    ),
    "restores/reseal": Case(tickets.reseal, nobody="not-found", by_service=True),
    "restores/finish": Case(tickets.end_restore, nobody="not-found", by_service=True),
    "erase": Case(_erase, insider="ada", by_service=True),
    "look-up": Case(
        lambda s, n: m.LookUp(
            caller=_caller(s, n), list=s.rows.list_id, address=PLANTED
        ),
        by_service=True,
    ),
    "reveals/run": Case(
        lambda s, n: m.RunReveal(
            session=_session(s, n), request=s.reveal.id, rows=s.rows.batch(0)
        ),
        told="not-permitted",
    ),
    "exports/run": Case(
        lambda s, n: m.RunExport(
            session=_session(s, n, "dock"), request=s.granted.id, format="csv"
        ),
        by_service=True,
        streamed=True,
    ),
    "notices/read": Case(
        lambda s, name: n.ReadNotices(caller=_caller(s, name)),
        insider="ada",
        told="",
        by_service=True,
    ),
    "notices/digest": Case(
        lambda _s, _n: n.ReadDigestContacts(day="2026-01-04"),
        told="",
        nobody="",
        by_service=True,
    ),
    "notices/open": Case(_open, nobody="not-found", by_service=True),
    "scrubs/read": Case(
        lambda _s, _n: scrubs.ReadScrubs(),
        told="",
        nobody="",
        by_service=True,
        is_docks=True,
    ),
    "scrubs/rows": Case(
        lambda s, _n: scrubs.ScrubRows(
            list=s.rows.list_id, rows=s.rows.whole(), subscribed=b"\1\1"
        ),
        told="",
        nobody="",
        by_service=True,
    ),
    "sends/start": Case(
        lambda s, name: d.StartSend(session=_session(s, name, "dock"), request=s.send),
        by_service=True,
    ),
    **{
        f"sends/{path}": Case(
            message,
            told="",
            nobody="",
            by_service=True,
            is_docks=True,
            opens=path == "open",
        )
        for path, message in SENDS.items()
    },
    "keys/show": Case(
        lambda s, name: k.ShowKeys(session=_session(s, name)), insider="ada", told=""
    ),
    **{
        f"keys/{path}": Case(
            message,
            told="",
            nobody="",
            by_service=True,
            is_docks=True,
            streamed=path == "destroy",
        )
        for path, message in KEYS.items()
    },
    "incidents/report": Case(
        lambda s, _n: i.OpenIncident(kind="rows-invalid", list=s.rows.list_id),
        told="",
        nobody="",
        by_service=True,
        is_docks=True,
    ),
    "incidents/show": Case(
        lambda s, name: i.ShowIncidents(caller=_caller(s, name)),
        insider="ada",
        told="",
        by_service=True,
    ),
    "incidents/close": Case(_close, insider="ada", by_service=True),
    "contacts/secret": Case(
        lambda s, name: n.ShowContactSecret(session=_session(s, name), contact="hook"),
        insider="ada",
    ),
}
