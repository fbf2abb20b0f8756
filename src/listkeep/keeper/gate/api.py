"""The gate's part of the wire: who is calling, sign-in, requests, lists, ledger."""

from django.urls import path
from msgspec.structs import replace

from listkeep import __version__
from listkeep.core.grants import format_time
from listkeep.core.ledger.tree import leaf_hash
from listkeep.keeper.gate.custody.erasures import erase_entry
from listkeep.keeper.gate.custody.incidents import close_incident, report_incident
from listkeep.keeper.gate.custody.lists import (
    authorize,
    create_list,
    extend_list,
    show_lists,
)
from listkeep.keeper.gate.custody.readmissions import readmit
from listkeep.keeper.gate.custody.reconciling import (
    keep_suppressions,
    read_suppressions,
)
from listkeep.keeper.gate.custody.suppressions import suppress
from listkeep.keeper.gate.decisions.explanations import explain_request
from listkeep.keeper.gate.decisions.policies import show_policy
from listkeep.keeper.gate.decisions.requests import (
    draft_request,
    submit_statement,
)
from listkeep.keeper.gate.decisions.showing import show_requests
from listkeep.keeper.gate.people.enrolments import invite
from listkeep.keeper.gate.showing.budgets import show_budgets
from listkeep.keeper.gate.showing.incidents import show_incidents
from listkeep.keeper.gate.showing.keys import show_keys
from listkeep.keeper.gate.showing.ledger_views import prove_list_head, visible_body
from listkeep.keeper.gate.showing.notices import (
    open_contact,
    read_digest_contacts,
    read_notices,
    show_contact_secret,
)
from listkeep.keeper.gate.showing.process import show_process
from listkeep.keeper.gate.showing.rows import readable_kinds, registry_rows
from listkeep.keeper.gate.sign_in.callers import principal_of
from listkeep.keeper.gate.sign_in.codes import redeem_code
from listkeep.keeper.gate.sign_in.sessions import (
    DIRECT,
    begin_sign_in,
    end_session,
    finish_sign_in,
    resolve_session,
)
from listkeep.keeper.ledger.queries import prove_entry, read_entries, read_head
from listkeep.keeper.ledger.services import ledger_key
from listkeep.wire import messages as m
from listkeep.wire.messages import budgets as b
from listkeep.wire.messages import erasures as e
from listkeep.wire.messages import incidents as i
from listkeep.wire.messages import keys as k
from listkeep.wire.messages import notices as n
from listkeep.wire.messages import policies as p
from listkeep.wire.messages import processes as q
from listkeep.wire.messages import suppressions as s

from .endpoint import Call, audible, carried, direct, endpoint
from .turns import Gate


@endpoint(m.Empty)
def health(gate: Gate, _message: m.Empty, call: Call) -> m.Health:
    """Say that the keeper is there and which instance it is.

    The root's provider is not asked: what is in use works without it.
    """
    with gate.view(call.now) as registry:
        return m.Health(
            version=__version__,
            keeper=registry.keeper,
            profile=registry.profile,
            ledger_size=registry.frontier.size,
        )


@endpoint(m.Empty)
def process(gate: Gate, _message: m.Empty, call: Call) -> q.ProcessFacts:
    """Say how this process is protected, whether its root answers, keys are renewed."""
    return show_process(gate, now=call.now)


@endpoint(m.BeginSignIn)
def sign_in_begin(gate: Gate, _message: m.BeginSignIn, call: Call) -> m.Nonce:
    """Hand out a nonce to sign in with."""
    return begin_sign_in(gate, now=call.now)


@endpoint(m.RedeemCode)
def sign_in_redeem(gate: Gate, message: m.RedeemCode, call: Call) -> m.Session:
    """Start a session that was signed for in a browser."""
    return redeem_code(gate, message, carrier=call.audience(), now=call.now)


@endpoint(m.EndSession)
def sign_out(gate: Gate, message: m.EndSession, call: Call) -> m.Empty:
    """End a session."""
    end_session(gate, message.session, now=call.now)
    return m.Empty()


@endpoint(m.WhoAmI)
def who_am_i(gate: Gate, message: m.WhoAmI, call: Call) -> m.Principal:
    """Say whose session this is."""
    service = call.audience()
    with gate.view(call.now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=service, now=call.now
        )
    found = replace(principal_of(person), opens=readable_kinds(person))
    if service != DIRECT:
        return found
    return replace(found, credentials=tuple(key.id for key in person.credentials))


@endpoint(m.DraftRequest)
def requests_draft(gate: Gate, message: m.DraftRequest, call: Call) -> m.RequestView:
    """Write the terms of what a person wants; the console prepares some of it."""
    return draft_request(gate, message, service=call.audience("console"), now=call.now)


@endpoint(m.ShowRegistry)
def registry_show(gate: Gate, message: m.ShowRegistry, call: Call) -> m.RegistryRows:
    """Show people, services, recipients or tenants."""
    with gate.view(call.now) as registry:
        person = resolve_session(
            gate,
            registry,
            message.session,
            service=call.audience("console"),
            now=call.now,
        )
        return m.RegistryRows(rows=registry_rows(registry, person, message.kind))


@endpoint(m.Invite)
def people_invite(gate: Gate, message: m.Invite, call: Call) -> m.Invitation:
    """Make a link at the origin where people sign."""
    with gate.view(call.now) as registry:
        person = resolve_session(
            gate, registry, message.session, service=DIRECT, now=call.now
        )
    made = invite(
        gate,
        person,
        tenant=message.tenant,
        role=message.role,
        name=message.name,
        team=message.team,
        now=call.now,
    )
    seal_origin, *_ = gate.party.origins
    return m.Invitation(
        id=made.id,
        link=made.link(seal_origin),
        expires_at=format_time(made.expires_at),
    )


@endpoint(m.ReadLedger)
def ledger_entries(gate: Gate, message: m.ReadLedger, call: Call) -> m.LedgerPage:
    """Show entries: bodies to those they concern, leaf hashes to everybody."""
    with gate.view(call.now) as registry:
        person = resolve_session(
            gate,
            registry,
            message.session,
            service=call.audience("console"),
            now=call.now,
        )
        _, checkpoint = read_head()
        entries = tuple(
            m.LedgerEntry(
                index=index,
                leaf=leaf_hash(body),
                body=visible_body(registry, person, body),
            )
            for index, body in read_entries(message.start, limit=message.limit)
        )
    return m.LedgerPage(
        entries=entries,
        checkpoint=checkpoint,
        ledger_key=ledger_key(gate.store, origin=gate.origin).format(),
    )


@endpoint(m.ReadProof)
def ledger_proof(gate: Gate, message: m.ReadProof, call: Call) -> m.Proof:
    """Prove that an entry is in the ledger."""
    with gate.view(call.now) as registry:
        resolve_session(
            gate,
            registry,
            message.session,
            service=call.audience("console"),
            now=call.now,
        )
    leaf, proof, checkpoint = prove_entry(message.index)
    return m.Proof(
        index=message.index, leaf=leaf, path=tuple(proof), checkpoint=checkpoint
    )


@endpoint(n.ReadDigestContacts)
def notices_digest(
    gate: Gate, message: n.ReadDigestContacts, call: Call
) -> n.DigestContacts:
    """Say whom to tell about a day."""
    call.service("dock")
    return read_digest_contacts(gate, message, now=call.now)


_VIEWS = {
    "health": health,
    "process": process,
    "authorize": carried(m.Authorize, authorize, "dock", "console"),
    "lists/create": carried(m.CreateList, create_list, "dock"),
    "lists/extend": carried(m.ExtendList, extend_list, "dock"),
    "lists/show": carried(m.ShowLists, show_lists, "dock", "console"),
    "suppress": carried(m.Suppress, suppress, "dock"),
    "suppressions/read": carried(s.ReadSuppressions, read_suppressions, "dock"),
    "suppressions/keep": carried(s.KeepSuppressions, keep_suppressions, "dock"),
    "suppressions/readmit": carried(s.Readmit, readmit, "dock"),
    "erase": carried(e.EraseEntry, erase_entry, "dock"),
    "sign-in/begin": sign_in_begin,
    "sign-in/finish": direct(m.FinishSignIn, finish_sign_in),
    "sign-in/redeem": sign_in_redeem,
    "sign-out": sign_out,
    "who-am-i": who_am_i,
    "requests/draft": requests_draft,
    "requests/show": audible(m.ShowRequest, show_requests),
    "requests/statement": direct(m.SubmitStatement, submit_statement),
    "requests/explain": audible(p.ExplainRequest, explain_request),
    "policy/show": audible(p.ShowPolicy, show_policy),
    "budgets/show": audible(b.ShowBudgets, show_budgets),
    "registry/show": registry_show,
    "people/invite": people_invite,
    "ledger/entries": ledger_entries,
    "ledger/proof": ledger_proof,
    "ledger/head": direct(m.ReadListHead, prove_list_head),
    "notices/read": carried(n.ReadNotices, read_notices, "dock"),
    "notices/digest": notices_digest,
    "notices/open": carried(n.OpenContact, open_contact, "dock"),
    "keys/show": direct(k.ShowKeys, show_keys),
    "contacts/secret": direct(n.ShowContactSecret, show_contact_secret),
    "incidents/report": carried(i.OpenIncident, report_incident, "dock"),
    "incidents/show": carried(i.ShowIncidents, show_incidents, "dock"),
    "incidents/close": carried(i.CloseIncident, close_incident, "dock"),
}
urlpatterns = [path(route, view) for route, view in _VIEWS.items()]
