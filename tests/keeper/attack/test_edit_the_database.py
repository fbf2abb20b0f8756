"""Somebody writes to the keeper's database, but has no key of the key store."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db.models import Model

from listkeep.core.errors import VerificationError
from listkeep.core.grants import Terms
from listkeep.keeper.gate.decisions import requests
from listkeep.keeper.gate.models import Draft, Session, Suppression
from listkeep.keeper.gate.sign_in import sessions
from listkeep.wire import messages as m
from tests.keeper.instance import DIRECT, refusal
from tests.keeper.world import World


def resolve(world: World, token: str, service: str = DIRECT) -> str:
    with world.gate.view(world.now) as registry:
        return sessions.resolve_session(
            world.gate, registry, token, service=service, now=world.now
        ).name


def row_of(token: str) -> Session:
    return Session.objects.get(id=token[4:18])


@pytest.mark.parametrize("what", ["person", "service", "expires_at", "issued_at", "id"])
def test_an_edited_session_signs_nobody_in(world: World, what: str) -> None:
    token = world.login("ben")
    row = row_of(token)
    values = {
        "person": world.meet("ada").person,
        "service": "s_dockdockdock",
        "expires_at": row.expires_at + timedelta(hours=1),
        "issued_at": row.issued_at + timedelta(hours=1),
        "id": "n_aaaaaaaaaaaa",
    }
    Session.objects.filter(id=row.id).update(**{what: values[what]})

    assert refusal(resolve, world, token) == "not-signed-in"
    assert refusal(resolve, world, token, "s_dockdockdock") == "not-signed-in"


def test_a_planted_session_signs_nobody_in(world: World) -> None:
    Session.objects.create(
        id="n_plantedplant",
        verifier=bytes(32),
        person=world.meet("ada").person,
        service=DIRECT,
        issued_at=world.now,
        expires_at=world.now + timedelta(hours=8),
        seen_at=world.now,
    )

    assert refusal(resolve, world, "lks_n_plantedplant_") == "not-signed-in"
    assert refusal(resolve, world, "lks_n_plantedplant_x") == "not-signed-in"


def test_one_sessions_proof_does_not_serve_another_row(world: World) -> None:
    ben, ada = world.login("ben"), world.login("ada")
    row = row_of(ada)
    row.verifier = row_of(ben).verifier
    row.save()

    assert refusal(resolve, world, ada) == "not-signed-in"
    stolen = f"{ada[:19]}{ben[19:]}"
    assert refusal(resolve, world, stolen) == "not-signed-in"


def test_an_ended_session_put_back_stays_ended(world: World) -> None:
    token = world.login("ben")
    row = row_of(token)
    sessions.end_session(world.gate, token, now=world.now)
    row.seen_at = world.now
    row.save()

    assert refusal(resolve, world, token) == "not-signed-in"


def test_a_planted_draft_cannot_be_signed(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    honest = Terms.parse(view.terms)
    for change in (
        {"cap": 100_000},
        {"purpose": "something else"},
        {"nonce": "00" * 16},
        {"nonce": f"{'00' * 16}.{'00' * 16}"},
        {"expires": honest.expires + timedelta(days=30)},
    ):
        terms = changed_terms(honest, **change)
        name = requests.request_id(terms)
        Draft.objects.create(id=name, terms=terms.format(), expires_at=terms.expires)
        planted = _renamed(view, name, terms)
        assert refusal(world.sign, "ben", planted, "request") == "not-found", change
    assert rows


def test_an_edited_draft_cannot_be_signed_under_its_old_name(world: World) -> None:
    world.list_with_rows(1)
    view = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    terms = changed_terms(Terms.parse(view.terms), cap=9)
    Draft.objects.filter(id=view.id).update(terms=terms.format())

    for text in (view, _renamed(view, view.id, terms)):
        assert refusal(world.sign, "ben", text, "request") == "not-found"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda terms: terms + b" ",
        lambda terms: terms.replace(b'"cap":"1"', b'"cap":"01"'),
        lambda terms: terms.replace(b'"cap":"1"', b'"cap":"1","cap":"9"'),
        lambda terms: terms.replace(b'"cap":"1"', b'"cap":1'),
        lambda _terms: b"",
    ],
    ids=["space", "zero", "twice", "number", "empty"],
)
def test_terms_in_another_spelling_cannot_be_signed(
    world: World, spoil: Callable[[bytes], bytes]
) -> None:
    world.list_with_rows(1)
    view = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    changed = spoil(view.terms)
    assert changed != view.terms
    Draft.objects.filter(id=view.id).update(terms=changed)

    code = refusal(world.sign, "ben", view, "request")
    assert code in ("json-not-canonical", "request-invalid")


def test_a_suppression_deleted_by_hand_closes_the_lists_exports(world: World) -> None:
    rows = world.list_with_rows(2)
    world.suppress("ben", rows, 0)
    view = world.granted_export(rows)
    Suppression.objects.all().delete()

    with pytest.raises(VerificationError, match="outside Listkeep"):
        world.run("ben", view, rows.whole())
    assert "export.intended" not in world.events()


def test_a_suppression_planted_by_hand_closes_the_lists_exports(world: World) -> None:
    rows, more = world.list_with_rows(2), world.list_with_rows(1, "more")
    Suppression.objects.create(
        list_id=rows.list_id, token=rows.sealed[1].token, reason="bounced"
    )

    view = world.granted_export(rows)
    assert refusal(world.run, "ben", view, rows.whole()) == "ledger-invalid"
    other = world.granted_export(more)
    assert more.addresses[0] in world.export("ben", other, more.whole())


def test_a_suppression_exchanged_for_another_closes_the_lists_exports(
    world: World,
) -> None:
    rows = world.list_with_rows(2)
    world.suppress("ben", rows, 0)
    Suppression.objects.update(token=rows.sealed[1].token)

    view = world.granted_export(rows)
    assert refusal(world.run, "ben", view, rows.whole()) == "ledger-invalid"


def test_a_deleted_suppression_is_not_healed_by_suppressing_again(
    world: World,
) -> None:
    rows = world.list_with_rows(2)
    world.suppress("ben", rows, 0)
    Suppression.objects.all().delete()
    world.suppress("ben", rows, 0)

    view = world.granted_export(rows)
    assert refusal(world.run, "ben", view, rows.whole()) == "ledger-invalid"


def test_no_table_but_the_ledgers_gives_anybody_anything(world: World) -> None:
    """The gate's tables can be emptied: people sign in anew, and that is all."""
    rows = world.list_with_rows(1)
    view = world.granted_export(rows)
    tables: tuple[type[Model], ...] = (Draft, Session, Suppression)
    for table in tables:
        table._default_manager.all().delete()
    world._sessions.clear()
    world.restart()

    assert world.show("ben", view).state == "granted"
    assert rows.addresses[0] in world.export("ben", view, rows.whole())


def changed_terms(terms: Terms, **changes: Any) -> Terms:
    return replace(terms, **changes)


def _renamed(view: m.RequestView, name: str, terms: Terms) -> m.RequestView:
    return msgspec.structs.replace(view, id=name, terms=terms.format())
