"""Somebody appends an entry to the ledger that no person and no rule stands behind."""

from datetime import timedelta

import pytest

from listkeep.core.errors import VerificationError
from listkeep.core.ledger.events import Event
from listkeep.core.registry.facts import RequestFacts
from tests.core.registry.scribe import ACME, NEWS, OTHER, Scribe, meet

DOCK = "s_dockdockdock"
DAY = timedelta(days=1)


@pytest.fixture
def scribe() -> Scribe:
    return Scribe.with_cast()


def refused(scribe: Scribe, event: Event, **fields: str) -> bool:
    """Tell whether the replay takes the entry for one no honest keeper wrote."""
    try:
        scribe.write(event, {"list": NEWS, **fields})
    except VerificationError:
        return True
    return False


# --- rows come in ------------------------------------------------------------------


def begin(scribe: Scribe, who: str, request: str = "", **fields: str) -> bool:
    person = meet(who).person if who else ""
    facts = {"ticket": "i_1", "principal": person, "request": request}
    return refused(
        scribe, Event.IMPORT_STARTED, **{**facts, "max_rows": "50", **fields}
    )


def ask_import(scribe: Scribe, name: str = "ada", **facts: str) -> RequestFacts:
    about = {"tenant": ACME, "list": NEWS, "cap": 50, **facts}
    return scribe.ask(name, "import", {}, **about)


@pytest.mark.parametrize("who", ["", "eve", "cleo", "mallory"])
def test_nobody_imports_who_does_not_belong_to_the_list(
    scribe: Scribe, who: str
) -> None:
    assert begin(scribe, who)
    assert not begin(scribe, "ben")


def test_an_application_and_the_dock_import_nothing(scribe: Scribe) -> None:
    for name, kind in (("app", "app"), ("feed", "intake")):
        about = {"id": f"s_{name:x<12}", "name": name, "kind": kind}
        scribe.agree(
            Event.SERVICE_ADDED,
            *("ada", "amir"),
            action="service.add",
            about={**about, "verifier": "0f" * 32},
            tenant=ACME,
        )

    assert begin(scribe, "", principal=DOCK)
    assert begin(scribe, "", principal="s_appxxxxxxxxx")
    assert not begin(scribe, "", principal="s_feedxxxxxxxx")


def test_nobody_imports_into_a_list_that_is_not_there(scribe: Scribe) -> None:
    assert begin(scribe, "ada", list="l_elsewhere")


def test_an_import_is_not_begun_twice_to_count_its_rows_anew(scribe: Scribe) -> None:
    assert not begin(scribe, "ada")
    assert begin(scribe, "ada")


def test_a_signed_import_needs_a_grant_for_this_list_and_no_more_rows(
    scribe: Scribe,
) -> None:
    waiting = ask_import(scribe, "ben")  # no owner has signed it
    export = scribe.ask_export("ada")
    granted = ask_import(scribe)
    denied = ask_import(scribe)
    scribe.sign("amir", denied, "deny")
    scribe.write(
        Event.LIST_CREATED,
        {
            "list": "l_other",
            "tenant": ACME,
            "name": "other",
            "facets": "",
            "fields": "",
            "principal": meet("ada").person,
        },
    )

    assert begin(scribe, "ben", waiting.id)
    assert begin(scribe, "ben", export.id)
    assert begin(scribe, "ben", denied.id)
    assert begin(scribe, "ben", "r_nothing")
    assert begin(scribe, "ben", granted.id, list="l_other")
    assert begin(scribe, "ben", granted.id, max_rows="51")
    assert not begin(scribe, "ben", granted.id)


def test_a_signed_import_that_was_used_begins_no_more(scribe: Scribe) -> None:
    request = ask_import(scribe)
    begin(scribe, "ada", request.id)
    scribe.write(Event.IMPORT_FINISHED, {"ticket": "i_1", "list": NEWS})

    assert begin(scribe, "ada", request.id)


def test_no_more_rows_are_reserved_than_were_signed_for(scribe: Scribe) -> None:
    request = ask_import(scribe)

    def reserve(number: int, rows: int) -> bool:
        fields = {"ticket": f"i_{number}", "rows": str(rows)}
        return refused(scribe, Event.ROWS_RESERVED, **fields)

    for run in range(1, 4):  # one that died may be repeated
        begin(scribe, "ada", request.id, ticket=f"i_{run}")
        assert reserve(run, 51)
        assert not reserve(run, 50)
    begin(scribe, "ada", request.id, ticket="i_4")
    assert reserve(4, 1)


def test_no_more_rows_come_in_than_somebody_was_charged_for(scribe: Scribe) -> None:
    begin(scribe, "ada")

    def reserve(rows: int, charged: int) -> bool:
        fields = {"ticket": "i_1", "rows": str(rows), "charged": str(charged)}
        return refused(scribe, Event.ROWS_RESERVED, **fields)

    assert reserve(2, 1)
    assert not reserve(2, 100)  # a small import costs more than it has
    assert not reserve(98, 0)
    assert reserve(1, 0)
    assert reserve(0, -1)


def test_a_ticket_counts_for_its_own_list_and_kind_only(scribe: Scribe) -> None:
    begin(scribe, "ada")
    scribe.write(
        Event.LIST_CREATED,
        {
            "list": "l_other",
            "tenant": ACME,
            "name": "other",
            "facets": "",
            "fields": "",
            "principal": meet("ada").person,
        },
    )

    elsewhere = {"ticket": "i_1", "list": "l_other"}
    assert refused(scribe, Event.ROWS_RESERVED, **elsewhere, rows="1")
    assert refused(scribe, Event.IMPORT_FINISHED, **elsewhere, added="9")
    assert refused(scribe, Event.LIST_RESTORED, ticket="i_1", removed="9")
    assert not refused(scribe, Event.IMPORT_FINISHED, ticket="i_1", added="9")


# --- what is suppressed under a signature ------------------------------------------


def test_no_request_suppresses_that_nobody_granted_for_this_list(
    scribe: Scribe,
) -> None:
    fields = {
        "principal": meet("ben").person,
        "total": "5",
        "check": "0f" * 32,
        "rows": "5",
        "charged": "no",
        "ticket": "",
    }
    about = {"tenant": ACME, "list": NEWS, "cap": 5}
    waiting = scribe.ask("ben", "suppress", {}, **about)
    granted = scribe.ask("ada", "suppress", {}, **about)
    event = Event.ENTRIES_SUPPRESSED

    assert refused(scribe, event, **fields, request=waiting.id)
    assert refused(scribe, event, **fields, request=scribe.ask_export("ada").id)
    assert refused(scribe, event, **{**fields, "rows": "6"}, request=granted.id)
    assert not refused(scribe, event, **fields, request=granted.id)
    assert refused(scribe, event, **{**fields, "rows": "1"}, request=granted.id)


# --- keys come and go --------------------------------------------------------------


def renew(
    scribe: Scribe, number: int = 1, *, by: str = DOCK, request: str = ""
) -> bool:
    fields = {"key": str(number), "principal": by, "request": request}
    return refused(scribe, Event.KEY_RENEWED, **fields)


def destroy(scribe: Scribe, number: int = 0) -> bool:
    return refused(scribe, Event.KEY_DESTROYED, key=str(number), rows="0")


def test_a_key_is_renewed_by_a_dock_a_day_later_at_the_earliest(
    scribe: Scribe,
) -> None:
    assert renew(scribe)
    scribe.now += DAY
    for nobody in ("", meet("ada").person, "s_gonegonegone"):
        assert renew(scribe, by=nobody)
    assert not renew(scribe)


def test_no_further_key_is_begun_while_an_older_one_is_there(scribe: Scribe) -> None:
    scribe.now += DAY
    renew(scribe)
    scribe.now += DAY

    assert renew(scribe, 2)
    assert not destroy(scribe)
    assert not renew(scribe, 2)


def test_a_key_is_renewed_ahead_of_time_for_the_list_that_was_signed_for(
    scribe: Scribe,
) -> None:
    def ask(name: str, list_id: str, tenant: str = ACME) -> str:
        return scribe.ask(name, "keys.renew", {"id": list_id}, tenant=tenant).id

    assert renew(scribe, request=ask("ada", "l_other"))
    assert renew(scribe, request=ask("eve", NEWS, OTHER))
    assert renew(scribe, request=scribe.ask_export("ada").id)
    assert not renew(scribe, request=ask("ada", NEWS))


def test_a_key_stays_for_a_day_after_the_next_one_began(scribe: Scribe) -> None:
    """So that no entry has every process destroy what rows are still under."""
    scribe.now += DAY
    renew(scribe)
    scribe.now += DAY - timedelta(seconds=1)
    assert destroy(scribe)
    assert scribe.registry.destroyed_keys == {}
    scribe.now += timedelta(seconds=1)
    assert destroy(scribe, 1)
    assert not destroy(scribe)


def test_no_list_is_made_in_the_place_of_another(scribe: Scribe) -> None:
    """Its keys would count from the first again."""
    fields = {
        "tenant": OTHER,
        "name": "news",
        "facets": "",
        "fields": "",
        "principal": meet("eve").person,
    }
    assert refused(scribe, Event.LIST_CREATED, **fields)
    assert refused(scribe, Event.LIST_CREATED, **{**fields, "tenant": "t_nobody"})
    assert scribe.registry.lists[NEWS].tenant == ACME
