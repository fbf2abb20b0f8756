"""Set a stage on a running demo instance: tenants, people, services, a list.

Only front doors are used, with the same messages the command line sends.
"""

import hashlib
from pathlib import Path

from listkeep.core.canonical import encode
from listkeep.wire import messages as m
from listkeep.wire.identifiers import new_id, new_service_key
from listkeep.wire.keeper import KeeperClient

from .people import SoftwarePerson

DIRECT = "keeper"
PURPOSE = "setting up the demo"


class Stage:
    """People of one instance, their sessions, and what they can do together."""

    def __init__(
        self, *, people: Path, keeper: KeeperClient, dock_service: str
    ) -> None:
        """Find out which keeper this is; nobody is signed in yet."""
        self._folder = people
        self._client = keeper
        self._dock_service = dock_service
        self.keeper = keeper.health().keeper
        self.people: dict[str, SoftwarePerson] = {}
        self.direct: dict[str, str] = {}
        self.carried: dict[str, str] = {}

    def enter(self, name: str) -> SoftwarePerson:
        """Bring somebody on stage, with a new passkey file unless there is one."""
        if (self._folder / f"{name}.json").exists():
            person = SoftwarePerson.load(self._folder, name)
        else:
            person = SoftwarePerson.create(self._folder, name)
        self.people[name] = person
        return person

    def sign_in(self, *names: str) -> None:
        """Sign people in: once to talk to the keeper, once through the dock."""
        for name in names:
            self.direct[name] = self.start_session(name, DIRECT)
            self.carried[name] = self.start_session(name, self._dock_service)

    def start_session(self, name: str, service: str) -> str:
        """Sign somebody in to one service, and give the session."""
        nonce = self._client.begin_sign_in().nonce
        person = self.people[name]
        assertion = person.sign_in(keeper=self.keeper, service=service, nonce=nonce)
        return self._client.finish_sign_in(
            m.FinishSignIn(credential=person.credential, assertion=assertion)
        ).session

    def ask(self, name: str, action: str, **facts: object) -> m.RequestView:
        """Draft a request and sign it as the one who asks."""
        view = self._client.draft_request(
            m.DraftRequest(
                session=self.direct[name],
                action=action,
                **{"purpose": PURPOSE, **facts},  # type: ignore[arg-type]
            )
        )
        return self.sign(name, view, "request")

    def sign(self, name: str, view: m.RequestView, decision: str) -> m.RequestView:
        """Sign a request with somebody's passkey."""
        assertion = self.people[name].sign_request(
            keeper=self.keeper,
            request=hashlib.sha256(view.terms).hexdigest(),
            decision=decision,
        )
        return self._client.submit_statement(
            m.SubmitStatement(request=view.id, assertion=assertion)
        )

    def agree(
        self, first: str, second: str, action: str, **facts: object
    ) -> m.RequestView:
        """Have one person ask and another approve."""
        return self.sign(second, self.ask(first, action, **facts), "approve")

    def found_tenant(
        self, name: str, *, custodians: tuple[str, str], owners: tuple[str, str]
    ) -> str:
        """Add a tenant with its two owners, by two custodians who call them up."""
        subject = {"id": new_id("t"), "name": name}
        for field, owner in zip(("owner_1", "owner_2"), owners, strict=True):
            person = self.enter(owner)
            subject[field] = encode(person.subject(role="owner")).decode()
        self.agree(
            *custodians,
            "tenant.add",
            subject=encode(subject).decode(),
            proofs=self._proofs(*owners),
        )
        for owner in owners:
            self.confirm(owner, tenant=name, by=custodians)
        return subject["id"]

    def confirm(self, name: str, *, tenant: str, by: tuple[str, str]) -> None:
        """Have both custodians hear the words of an owner's passkey."""
        person = self.people[name]
        subject = {"id": person.person, "words": person.words}
        self.agree(
            *by, "person.confirm", tenant=tenant, subject=encode(subject).decode()
        )

    def hire(
        self, name: str, *, role: str, by: tuple[str, str], team: str = ""
    ) -> None:
        """Add a person, by two of the same side; one of an agency has its team."""
        subject = self.enter(name).subject(role=role, team=team)
        self.agree(
            *by,
            "person.add",
            subject=encode(subject).decode(),
            proofs=self._proofs(name),
        )

    def add_service(self, name: str, *, kind: str, by: tuple[str, str]) -> str:
        """Add a service and return its key; only the verifier was ever sent."""
        service, key = new_service_key()
        subject = {
            "id": service,
            "name": name,
            "kind": kind,
            "verifier": hashlib.sha256(key.encode()).hexdigest(),
        }
        self.agree(*by, "service.add", subject=encode(subject).decode())
        return key

    def add_recipient(self, name: str, public_key: str, *, by: tuple[str, str]) -> None:
        """Enrol somebody copies may be encrypted to."""
        subject = {"id": new_id("c"), "name": name, "public_key": public_key}
        self.agree(*by, "recipient.add", subject=encode(subject).decode())

    def add_browser_passkey(self, name: str, *, by: str) -> SoftwarePerson:
        """Give somebody another passkey, which several browsers may hold."""
        person = self.people[name]
        further = SoftwarePerson.create(self._folder / "browsers", name, of=person)
        further.counts = False
        subject = {"id": person.person, "keys": further.keys}
        self.agree(
            name,
            by,
            "passkey.add",
            purpose="a passkey for browsers",
            subject=encode(subject).decode(),
            proofs=(further.prove(keeper=self.keeper),),
        )
        return further

    def sign_for_import(
        self, name: str, list_name: str, *, file: Path, rows: int
    ) -> str:
        """Have an owner sign for a file by digest and row count."""
        with file.open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
        subject = {"sha256": digest, "rows": str(rows)}
        view = self.ask(
            name,
            "import",
            list=list_name,
            cap=rows,
            subject=encode(subject).decode(),
        )
        return view.id

    def _proofs(self, *names: str) -> tuple[m.Assertion, ...]:
        return tuple(self.people[name].prove(keeper=self.keeper) for name in names)
