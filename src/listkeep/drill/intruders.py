"""Intruders with something live in their hands: a session, a key, a passkey.

What an intruder already knew (a guess it tested) is not loot, but how many guesses
it could test is noted, because a dictionary of guesses is an attack of its own.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import httpx
import pyrage

from listkeep.core.errors import ListkeepError
from listkeep.wire import messages as m
from listkeep.wire.keeper import KeeperClient

from .loot import Loot
from .people import SoftwarePerson
from .scene import Scene, attempt, batch_of, browse, call
from .thieves import remembered_ids

_BATCH = 10
_PAGES = 40
_WANTED = 30


def steal_session(scene: Scene, session: str) -> Loot:
    """Drive a signed-in person's session over HTTP, from another machine."""
    loot = scene.loot()
    with browse(scene, session) as http:
        _read_everything(scene, loot, http)
        _open_rows_without_signature(scene, loot, http, session)
        for guess in scene.planted[:60]:
            answer = call(
                loot, http, "POST", f"lists/{scene.list_name}/look-up", address=guess
            )
            if answer is None:
                loot.tried("look-up of guesses: budget spent")
                break
    return loot


def steal_app_key(scene: Scene, key: str) -> Loot:
    """Use the key of the ESP's application for all it is worth."""
    loot = scene.loot()
    with browse(scene, key) as http:
        _read_everything(scene, loot, http)
        for guess in scene.planted[:5]:
            call(loot, http, "POST", f"lists/{scene.list_name}/look-up", address=guess)
        _test_guesses_by_import(scene, loot, http)
    return loot


def _test_guesses_by_import(scene: Scene, loot: Loot, http: httpx.Client) -> None:
    """Add guessed addresses and look which tokens are new: an oracle for guesses."""
    path = f"lists/{scene.list_name}/imports"
    begun = call(loot, http, "POST", path, format="csv")
    if begun is None:
        return
    guesses = "Email Address\r\n" + "\r\n".join(scene.planted[:50])
    answer = http.put(f"imports/{begun['id']}/file", content=guesses.encode())
    loot.tried(f"PUT /v1/imports/…/file: {answer.status_code}")
    loot.take(answer.content)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Insider:
    """A colleague with an own passkey, two sessions and no scruples."""

    scene: Scene
    loot: Loot
    http: httpx.Client
    keeper: KeeperClient
    person: SoftwarePerson
    session: str

    def ask(self, action: str, **facts: Any) -> m.RequestView:
        """Draft a request and sign it as the one who asks."""
        view = self.keeper.draft_request(
            m.DraftRequest(
                session=self.session,
                action=action,
                purpose="a complaint",
                list=self.scene.list_name,
                **facts,
            )
        )
        return self.sign(view, "request")

    def sign(self, view: m.RequestView, decision: str) -> m.RequestView:
        """Sign a request with the own passkey."""
        assertion = self.person.sign_request(
            keeper=self.scene.keeper,
            request=hashlib.sha256(view.terms).hexdigest(),
            decision=decision,
        )
        return self.keeper.submit_statement(
            m.SubmitStatement(request=view.id, assertion=assertion)
        )

    def reveal(self, tokens: list[str]) -> bool:
        """Sign for some rows and open them; false when the keeper refuses."""
        identity = pyrage.x25519.Identity.generate()
        path = f"lists/{self.scene.list_name}/sealed"
        answer = call(self.loot, self.http, "POST", path, tokens=tokens)
        try:
            view = self.ask(
                "reveal",
                selection=" ".join(tokens),
                recipient=str(identity.to_public()),
            )
            opened = self.keeper.run_reveal(
                m.RunReveal(
                    session=self.session,
                    request=view.id,
                    rows=batch_of((answer or {})["rows"]),
                )
            )
        except ListkeepError as error:
            self.loot.tried(f"reveal of {len(tokens)} more: {error.code}")
            return False
        self.loot.take(pyrage.decrypt(opened.age, [identity]))
        self.loot.tried(f"reveal of {opened.rows}: opened")
        return True

    def export_alone(self) -> None:
        """Ask for an export, approve it oneself, and run it all the same."""
        try:
            view = self.ask(
                "export", selection="all", cap=1000, recipient=self.scene.recipient
            )
        except ListkeepError as error:
            self.loot.tried(f"export request: {error.code}")
            return
        attempt(self.loot, lambda: self.sign(view, "approve"))
        call(self.loot, self.http, "POST", "exports", request=view.id, format="csv")


def abuse_insider(
    scene: Scene, person: SoftwarePerson, *, direct: str, carried: str
) -> Loot:
    """Reveal and export as much as one marketer's own passkey can sign for.

    The planted entries are revealed first: an insider knows whom to look for.
    """
    loot = scene.loot()
    with browse(scene, carried) as http, KeeperClient(scene.keeper_socket) as keeper:
        insider = _Insider(
            scene=scene,
            loot=loot,
            http=http,
            keeper=keeper,
            person=person,
            session=direct,
        )
        wanted = []
        for address in scene.planted[:_WANTED]:
            path = f"lists/{scene.list_name}/look-up"
            answer = call(loot, http, "POST", path, address=address) or {}
            wanted += [answer["token"]] if answer.get("found") else []
        tokens = wanted + _read_everything(scene, loot, http)
        for start in range(0, len(tokens), _BATCH):
            if not insider.reveal(tokens[start : start + _BATCH]):
                break
        for size in (5, 1):  # what is left of the budget, row by row
            while insider.reveal(tokens[-size:]) and size < len(tokens):
                tokens = tokens[:-size]
        insider.export_alone()
    return loot


def _read_everything(scene: Scene, loot: Loot, http: httpx.Client) -> list[str]:
    """Read what a list shows to whoever may view it; returns some tokens."""
    name = scene.list_name
    described = call(loot, http, "GET", "openapi.json") or {}
    paths = described.get("paths", {})
    call(loot, http, "GET", "lists")
    call(loot, http, "GET", f"lists/{name}")
    for what in ("count", "facets", "tokens?stream=jsonl", "tokens?stream=csv"):
        call(loot, http, "GET", f"lists/{name}/{what}")
    page = call(loot, http, "GET", f"lists/{name}/tokens?limit=400") or {}
    tokens = [entry["token"] for entry in page.get("entries", [])]
    for token in tokens[:3]:
        call(loot, http, "GET", f"lists/{name}/entries/{token}")
    loot.tried(f"{len(paths)} paths described, {len(tokens)} tokens read")
    return tokens


def _open_rows_without_signature(
    scene: Scene, loot: Loot, http: httpx.Client, session: str
) -> None:
    """Take sealed rows page by page, and ask dock and keeper to open them."""
    page = call(loot, http, "GET", f"lists/{scene.list_name}/tokens?limit=400") or {}
    tokens = [entry["token"] for entry in page.get("entries", [])]
    for start in range(0, min(len(tokens), _PAGES * _BATCH), _BATCH):
        few = tokens[start : start + _BATCH]
        call(loot, http, "POST", f"lists/{scene.list_name}/sealed", tokens=few)
    for _, request in remembered_ids(scene) or {("", "r_aaaaaaaaaaaa")}:
        call(loot, http, "POST", "exports", request=request, format="csv")
    identity = pyrage.x25519.Identity.generate()
    with KeeperClient(scene.keeper_socket) as keeper:
        attempt(
            loot,
            lambda: keeper.draft_request(
                m.DraftRequest(
                    session=session,
                    action="reveal",
                    purpose="support",
                    list=scene.list_name,
                    selection=" ".join(tokens[:_BATCH]),
                    recipient=str(identity.to_public()),
                )
            ),
        )
