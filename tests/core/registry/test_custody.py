import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.facts import RequestFacts
from listkeep.core.registry.held_keys import GoneKey
from tests.core.registry.life import life
from tests.core.registry.scribe import (
    ACME,
    NEWS,
    Scribe,
    meet,
)
from tests.core.registry.senders import ask_send, begin, lease, with_sending


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


LIFE = life()


def test_no_row_leaves_without_a_grant(scribe: Scribe) -> None:
    asked, denied = scribe.ask_export(), scribe.ask_export()
    scribe.sign("ada", denied, "approve")
    scribe.sign("amir", denied, "deny")

    for request in (asked, denied):
        with pytest.raises(VerificationError, match="without a grant"):
            scribe.write(Event.EXPORT_INTENDED, {"request": request.id})
        with pytest.raises(VerificationError, match="without an intent"):
            scribe.write(Event.EXPORT_COMPLETED, {"request": request.id})


def test_a_grant_lets_rows_out_once(scribe: Scribe) -> None:
    export = scribe.ask_export()
    scribe.sign("ada", export, "approve")
    reveal = scribe.ask(
        "ben", "reveal", {}, tenant=ACME, list=NEWS, selection="aa", cap=1
    )
    intent = {"request": reveal.id, "person": meet("ben").person, "items": "aa"}
    scribe.write(Event.EXPORT_INTENDED, {"request": export.id})
    scribe.write(Event.EXPORT_COMPLETED, {"request": export.id})
    scribe.write(Event.REVEAL_INTENDED, intent)

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.write(Event.EXPORT_INTENDED, {"request": export.id})
    with pytest.raises(VerificationError, match="without an intent"):
        scribe.write(Event.EXPORT_COMPLETED, {"request": export.id})
    with pytest.raises(VerificationError, match="without a grant"):
        scribe.write(Event.REVEAL_INTENDED, intent)


def test_an_import_that_was_given_up_leaves_its_request_open(scribe: Scribe) -> None:
    request = scribe.ask("ada", "import", {}, tenant=ACME, list=NEWS, cap=50)
    ada = meet("ada").person
    fields = {"ticket": "i_1", "list": NEWS, "principal": ada, "request": request.id}
    scribe.write(Event.IMPORT_STARTED, {**fields, "max_rows": "50"})
    scribe.write(Event.IMPORT_ABANDONED, {"ticket": "i_1", "list": NEWS})

    assert scribe.registry.tickets == {}
    assert (request.intended, request.done) == (True, False)


def test_what_was_spent_is_what_is_charged() -> None:
    charges, now = LIFE.registry.charges, LIFE.now
    ada, ben = meet("ada").person, meet("ben").person

    assert charges.used(ada, Measure.ROWS_ADDED, now=now) == 30  # the other was signed
    assert charges.used(ada, Measure.ROWS_CHANGED, now=now) == 3 + 1 + 2
    assert charges.used(ben, Measure.LOOK_UPS, now=now) == 1
    assert charges.used(ben, Measure.REVEALS, now=now) == 2
    assert charges.used(ben, Measure.ROWS_EXPORTED, now=now) == 100


def renew(scribe: Scribe, number: int) -> None:
    scribe.wait(days=1)
    fields = {"list": NEWS, "principal": "s_dockdockdock", "request": ""}
    scribe.write(Event.KEY_RENEWED, {**fields, "key": str(number)})


def destroy(scribe: Scribe, number: int) -> None:
    scribe.wait(days=1)
    scribe.write(Event.KEY_DESTROYED, {"list": NEWS, "key": str(number), "rows": "0"})


def test_a_list_knows_which_key_seals_and_which_still_open(scribe: Scribe) -> None:
    renew(scribe, 1)
    about = {"id": NEWS}
    early = scribe.ask("ada", "keys.renew", about, tenant=ACME)
    fields = {"list": NEWS, "principal": meet("ada").person, "request": early.id}
    scribe.write(Event.KEY_RENEWED, {**fields, "key": "2"})
    destroy(scribe, 0)

    found = scribe.registry.lists[NEWS]
    assert found.newest_key == 2
    assert [key.number for key in found.keys] == [1, 2]
    assert scribe.registry.destroyed_keys == {f"list-{NEWS}": GoneKey(scribe.now, None)}


def test_a_list_keeps_its_keys_when_it_gets_a_field(scribe: Scribe) -> None:
    renew(scribe, 1)
    scribe.write(Event.LIST_EXTENDED, {"list": NEWS, "fields": "last", "principal": ""})

    found = scribe.registry.lists[NEWS]
    assert found.fields == ("first", "last")
    assert found.newest_key == 1


def test_a_number_that_was_used_never_seals_again(scribe: Scribe) -> None:
    renew(scribe, 1)
    destroy(scribe, 0)

    for number in (0, 1):
        with pytest.raises(VerificationError, match="cannot be trusted"):
            renew(scribe, number)


def test_the_key_that_seals_is_not_destroyed(scribe: Scribe) -> None:
    with pytest.raises(VerificationError, match="is the newest"):
        destroy(scribe, 0)


def ask_restore(scribe: Scribe, name: str) -> RequestFacts:
    about = {"moment": "t"}
    return scribe.ask(name, "list.restore", about, tenant=ACME, list=NEWS, cap=50)


def test_a_restore_that_was_given_up_leaves_its_request_open(scribe: Scribe) -> None:
    request = ask_restore(scribe, "ada")
    start = {"ticket": "i_1", "list": NEWS, "principal": "", "request": request.id}
    scribe.write(Event.RESTORE_STARTED, {**start, "moment": "t", "rows": "20"})
    scribe.write(Event.RESTORE_ABANDONED, {"ticket": "i_1", "list": NEWS})

    assert scribe.registry.tickets == {}
    assert (request.intended, request.done, request.rows_used) == (True, False, 20)


def test_no_list_is_taken_back_without_a_grant(scribe: Scribe) -> None:
    asked, done = ask_restore(scribe, "ben"), ask_restore(scribe, "ada")
    start = {"ticket": "i_1", "list": NEWS, "principal": "", "moment": "t"}
    fields = {**start, "rows": "1", "request": done.id}
    scribe.write(Event.RESTORE_STARTED, fields)
    scribe.write(Event.LIST_RESTORED, {"ticket": "i_1", "list": NEWS})

    for request in (asked, done):
        with pytest.raises(VerificationError, match="without a grant"):
            scribe.write(Event.RESTORE_STARTED, {**fields, "request": request.id})


def test_a_list_is_taken_back_as_was_signed_for_and_no_other_way(
    scribe: Scribe,
) -> None:
    start = {"ticket": "i_1", "list": NEWS, "principal": "", "moment": "t"}
    restore = {**start, "rows": "50", "request": ask_restore(scribe, "ada").id}
    many = scribe.ask("ada", "suppress", {}, tenant=ACME, list=NEWS, cap=50)

    for change in (
        {"rows": "51"},
        {"moment": "earlier"},
        {"list": "l_else"},
        {"request": many.id},
    ):
        with pytest.raises(VerificationError, match="otherwise than was signed"):
            scribe.write(Event.RESTORE_STARTED, {**restore, **change})
    scribe.write(Event.RESTORE_STARTED, restore)


def test_an_erasure_is_not_gone_on_with_later(scribe: Scribe) -> None:
    """One signature, one turn: else a list could lose a row a day under it."""
    signed = scribe.ask("ada", "entry.erase", {}, tenant=ACME, selection="aa")
    fields = {"list": NEWS, "check": "", "total": "", "request": signed.id}
    scribe.write(Event.ENTRY_ERASED, {**fields, "item": "aa"})
    scribe.write(Event.ENTRY_ERASED, {**fields, "item": "aa"})
    scribe.wait(hours=1)

    with pytest.raises(VerificationError, match="without a grant"):
        scribe.write(Event.ENTRY_ERASED, {**fields, "item": "aa"})


def test_nobody_is_erased_whom_no_granted_request_names(scribe: Scribe) -> None:
    asked = scribe.ask("ben", "entry.erase", {}, tenant=ACME, selection="aa")
    other = scribe.ask("ada", "suppress", {}, tenant=ACME, selection="aa")
    signed = scribe.ask("ada", "entry.erase", {}, tenant=ACME, selection="aa")
    fields = {"list": NEWS, "check": "", "total": ""}

    for request, item in ((asked, "aa"), (other, "aa"), (signed, "bb")):
        with pytest.raises(VerificationError, match=r"without a grant|no request"):
            scribe.write(
                Event.ENTRY_ERASED, {**fields, "request": request.id, "item": item}
            )
    scribe.write(Event.ENTRY_ERASED, {**fields, "request": signed.id, "item": "aa"})
    assert scribe.registry.erased == {ACME: {"aa": scribe.now}}


def test_what_is_suppressed_in_a_whole_tenant_is_counted_there() -> None:
    assert LIFE.registry.suppressed[ACME] == (1, "0f" * 32)
    assert set(LIFE.registry.erased[ACME]) == {"aa", "bb"}


# --- what came back of a send ------------------------------------------------------


def came_back(scribe: Scribe, request: str, rows: int, **changes: str) -> None:
    scribe.write(
        Event.ENTRIES_SUPPRESSED,
        {
            "list": NEWS,
            "principal": "s_dock",
            "reason": "bounced",
            "rows": str(rows),
            "total": str(rows),
            "check": "0f" * 32,
            "charged": "no",
            "request": request,
            "ticket": "",
            **changes,
        },
    )


def test_what_came_back_is_counted_by_send_and_reason_and_ends_no_request() -> None:
    scribe = with_sending()
    request = ask_send(scribe)
    scribe.sign("ada", request, "approve")
    begin(scribe, request)
    lease(scribe, request, 50)

    came_back(scribe, request.id, 30)
    came_back(scribe, request.id, 20)
    came_back(scribe, request.id, 1, reason="complained")

    known = scribe.registry
    assert known.sends[request.id].suppressed == {"bounced": 50, "complained": 1}
    assert not known.requests[request.id].done
    assert known.requests[request.id].rows_used == 50, "those that were leased"
    with pytest.raises(VerificationError, match="not sent"):
        came_back(scribe, request.id, 1)


def test_nothing_comes_back_from_another_list_than_the_sends() -> None:
    scribe = with_sending()
    request = ask_send(scribe)
    scribe.sign("ada", request, "approve")
    begin(scribe, request)
    lease(scribe, request, 50)

    with pytest.raises(VerificationError, match="not sent"):
        came_back(scribe, request.id, 1, list="l_other")
