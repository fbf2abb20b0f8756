"""Somebody reads along, or reads the ledger, and hands the same bytes in again."""

from listkeep.keeper.gate.models import Draft
from listkeep.wire import messages as m
from tests.keeper.instance import refusal
from tests.keeper.world import World


def test_a_statement_counts_once(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 2000)
    assertion = world.statement("ada", view, "approve")
    world.submit(view, assertion)

    assert refusal(world.submit, view, assertion) == "not-waiting"


def test_a_used_grant_is_used_also_when_its_statements_come_again(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    draft = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    kept = [(row.id, bytes(row.terms)) for row in Draft.objects.all()]
    asked = world.statement("ben", draft, "request")
    world.submit(draft, asked)
    agreed = world.statement("ada", draft, "approve")
    world.submit(draft, agreed)
    world.export("ben", draft, rows.whole())

    for name, terms in kept:  # the draft's row put back by hand
        Draft.objects.create(id=name, terms=terms, expires_at=world.now)
    for assertion in (asked, agreed):
        assert refusal(world.submit, draft, assertion) == "not-waiting"
    assert refusal(world.run, "ben", draft, rows.whole()) == "replayed"


def test_statements_lifted_from_the_ledger_grant_nothing_again(world: World) -> None:
    rows = world.list_with_rows(1)
    first = world.granted_export(rows, 1)
    world.export("ben", first, rows.whole())
    second = world.ask_export("ben", rows, 1)
    lifted = [
        m.Assertion(
            statement=signed.assertion.statement,
            authenticator_data=signed.assertion.authenticator_data,
            client_data=signed.assertion.client_data,
            signature=signed.assertion.signature,
        )
        for signed in world.facts(first).signed
    ]

    for assertion in lifted:
        code = refusal(world.submit, second, assertion)
        assert code in ("signature-invalid", "not-waiting")
    assert world.show("ben", second).state == "waiting"


def test_a_revocation_is_not_undone_by_the_old_enrolment(world: World) -> None:
    subject = world.subject("nils", "marketer")
    view = world.ask("ada", "person.add", subject)
    world.sign("amir", view, "approve")
    world.ask("ada", "person.revoke", {"id": subject["id"]})

    assert refusal(world.sign, "amir", view, "approve") == "not-waiting"
    assert refusal(world.draft, "ada", "person.add", subject) == "already-exists"
