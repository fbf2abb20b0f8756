"""What people of the cast do with their passkeys.

Cleo and Cyrus are the operator's custodians, Sam answers support. Ada and Amir own
the tenant acme, Ben and Ivan are its marketers. Eve owns another tenant.
"""

import hashlib
from datetime import timedelta

import pyrage

from listkeep.core.canonical import encode, parse
from listkeep.core.registry.facts import OWNERS
from listkeep.core.registry.words import six_words
from listkeep.keeper.gate.decisions import requests, showing
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m

from .instance import (
    ACME,
    DIRECT,
    KEEPER,
    NOON,
    OTHER,
    SERVICES,
    WAREHOUSE,
    Instance,
    carrier_id,
    service_key,
    service_subject,
    tenant_subject,
)


class Signing(Instance):
    """Sign-ins, requests, statements, and the changes of authority they make."""

    def populate(self) -> None:
        """Bring in everybody else of the cast, each by the signatures it takes."""
        self.add_tenant("acme", ACME, "ada", "amir")
        self.add_tenant("other", OTHER, "eve")
        for owner, tenant in (("ada", "acme"), ("amir", "acme"), ("eve", "other")):
            self.confirm(owner, tenant)
        self.add_person("sam", "support", by=("cleo", "cyrus"))
        self.add_person("ben", "marketer", by=("ada", "amir"))
        self.add_person("ivan", "marketer", by=("ada", "amir"))
        for name, (_, _, tenant) in SERVICES.items():
            if name == "dock":  # it came with the genesis
                continue
            by = ("ada", "amir") if tenant else ("cleo", "cyrus")
            view = self.ask(by[0], "service.add", self.service_subject(name))
            assert self.sign(by[1], view, "approve").state == "done"
        self.add_recipient("warehouse", WAREHOUSE, self.warehouse)
        for name in self.people:  # signed in before the curtain rises
            self.login(name)
            self.login(name, "dock")

    # --- people ---

    def subject(self, name: str, role: str, team: str = "") -> dict[str, str]:
        return self.meet(name).subject(role=role, team=team)

    def proofs(self, subject: object) -> tuple[m.Assertion, ...]:
        """Have the passkeys of the cast that a subject brings prove themselves."""
        fields: dict[str, str] = subject if isinstance(subject, dict) else {}
        owners = [parse(fields[o].encode()) for o in OWNERS if fields.get(o)]
        keys = [
            (person["id"], f"{key}::".split(":")[1])
            for person in owners or [fields]
            for key in person.get("keys", "").split()
        ]
        return tuple(
            person.prove(keeper=KEEPER)
            for wanted in keys
            for person in self.people.values()
            if (person.person, person.credential) == wanted
        )

    def login(self, name: str, service: str = DIRECT) -> str:
        """Sign in anew."""
        nonce = sessions.begin_sign_in(self.gate, now=self.now).nonce
        person = self.meet(name)
        assertion = person.sign_in(
            keeper=KEEPER, service=carrier_id(service), nonce=nonce
        )
        message = m.FinishSignIn(credential=person.credential, assertion=assertion)
        answer = sessions.finish_sign_in(self.gate, message, now=self.now)
        self._sessions[name, service] = answer.session, self.now
        return answer.session

    def session(self, name: str, service: str = DIRECT) -> str:
        """Use the session at hand, or sign in when it is idle or there is none."""
        token, seen = self._sessions.get((name, service), ("", NOON))
        fresh = timedelta() <= self.now - seen < timedelta(minutes=14)
        return token if token and fresh else self.login(name, service)

    def caller(self, name: str) -> m.Caller:
        """Speak through the dock: a person's session, or a service's key."""
        if name in SERVICES:
            return m.Caller(service_key=service_key(name))
        return m.Caller(session=self.session(name, "dock"))

    # --- requests ---

    def draft(
        self, name: str, action: str, subject: object = None, **facts: object
    ) -> m.RequestView:
        facts.setdefault("proofs", self.proofs(subject))
        message = m.DraftRequest(
            session=self.session(name),
            action=action,
            purpose="spring campaign",
            subject=encode(subject).decode() if subject else "",
            **facts,  # type: ignore[arg-type]
        )
        return requests.draft_request(self.gate, message, now=self.now)

    def ask(
        self, name: str, action: str, subject: object = None, **facts: object
    ) -> m.RequestView:
        """Draft a request and sign it as the one who asks."""
        return self.sign(name, self.draft(name, action, subject, **facts), "request")

    def statement(self, name: str, view: m.RequestView, decision: str) -> m.Assertion:
        return self.meet(name).sign_request(
            keeper=KEEPER,
            request=hashlib.sha256(view.terms).hexdigest(),
            decision=decision,
        )

    def sign(self, name: str, view: m.RequestView, decision: str) -> m.RequestView:
        return self.submit(view, self.statement(name, view, decision))

    def submit(self, view: m.RequestView, assertion: m.Assertion) -> m.RequestView:
        message = m.SubmitStatement(request=view.id, assertion=assertion)
        return requests.submit_statement(self.gate, message, now=self.now)

    def show(self, name: str, view: m.RequestView) -> m.RequestView:
        message = m.ShowRequest(session=self.session(name), request=view.id)
        answer = showing.show_requests(self.gate, message, service=DIRECT, now=self.now)
        (found,) = answer.requests
        return found

    # --- authority ---

    def add_tenant(self, name: str, tenant: str, *owners: str) -> m.RequestView:
        subject = tenant_subject(
            name, tenant, *(self.subject(owner, "owner") for owner in owners)
        )
        return self.sign("cyrus", self.ask("cleo", "tenant.add", subject), "approve")

    def confirm(self, name: str, tenant: str = "acme") -> m.RequestView:
        """Have both custodians hear somebody's six words on the telephone."""
        person = self.meet(name)
        subject = {"id": person.person, "words": six_words(person.keys)}
        view = self.ask("cleo", "person.confirm", subject, tenant=tenant)
        return self.sign("cyrus", view, "approve")

    def add_person(self, name: str, role: str, *, by: tuple[str, str]) -> m.RequestView:
        view = self.ask(by[0], "person.add", self.subject(name, role))
        return self.sign(by[1], view, "approve")

    def add_recipient(
        self, name: str, recipient: str, identity: pyrage.x25519.Identity
    ) -> m.RequestView:
        subject = {
            "id": recipient,
            "name": name,
            "public_key": str(identity.to_public()),
        }
        return self.sign("amir", self.ask("ada", "recipient.add", subject), "approve")

    def remove(self, name: str, tenant: str = "acme") -> m.RequestView:
        """Take somebody out by the word of both custodians."""
        subject = {"id": self.meet(name).person}
        view = self.ask("cleo", "person.revoke", subject, tenant=tenant)
        return view if view.state == "done" else self.sign("cyrus", view, "approve")

    def service_subject(self, name: str) -> dict[str, str]:
        return service_subject(name)

    def freeze(self, name: str, **facts: object) -> m.RequestView:
        return self.ask(name, "freeze", {"classes": "export+reveal"}, **facts)
