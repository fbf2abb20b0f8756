"""What is made of an entry, one by one; `tests/keeper` plays it whole."""

from datetime import timedelta

import pytest

from listkeep.core.grants import Action
from listkeep.core.registry.agreements import Consent
from listkeep.core.registry.charges import Measure
from listkeep.core.registry.notices import Severity
from listkeep.core.registry.state import Registry
from listkeep.core.registry.telling import open_contact, tell
from tests.core.registry.tellers import NOON, ask, cast, enter, names, newest, sign


@pytest.fixture
def registry() -> Registry:
    return cast()


def test_what_concerns_nobody_makes_no_notice_and_is_counted(
    registry: Registry,
) -> None:
    for event in ("session.started", "contact.opened", "genesis.sealed"):
        assert enter(registry, event) is None
    assert registry.book.size == 3
    assert registry.book.tallies == {}


def test_a_small_and_a_large_export(registry: Registry) -> None:
    ask(registry, Action.EXPORT, cap=10)
    small = newest(registry)
    ask(registry, Action.EXPORT, cap=2000)
    large = newest(registry)

    assert (small.index, small.list_name, small.rows) == (0, "news", 10)
    assert (small.action, small.first_touch, small.severity) == (
        "export",
        True,
        Severity.WARNING,
    )
    assert names(small) == ["desk"]
    assert names(large) == ["desk", "noc"]


def test_who_touched_the_list_is_not_unusual(registry: Registry) -> None:
    enter(registry, "list.created", list="l_news", person="p_ben")
    assert enter(registry, "address.looked-up", list="l_news", person="p_ben") is None

    request = ask(registry, Action.EXPORT, cap=10)
    asked = newest(registry)
    sign(registry, request, "request.approved", "ada")

    assert (asked.first_touch, asked.severity) == (False, Severity.INFO)
    assert newest(registry).severity is Severity.INFO
    assert not newest(registry).first_touch
    assert (
        enter(
            registry,
            "export.intended",
            request=request.id,
            list="l_news",
            person="p_ben",
        )
        is None
    )


def test_a_first_touch_that_happens_is_an_alarm_once(registry: Registry) -> None:
    request = ask(registry, Action.REVEAL, cap=1)
    fields = {"request": request.id, "list": "l_news", "person": "p_ben"}

    notice = enter(registry, "reveal.intended", **fields)

    assert notice
    assert (notice.severity, notice.first_touch) == (Severity.ALARM, True)
    assert enter(registry, "reveal.intended", **fields) is None


def test_rows_without_anybodys_name_are_nobodys_touch(registry: Registry) -> None:
    enter(registry, "rows.reserved", list="l_news", ticket="i_1", rows="3")
    enter(registry, "import.started", list="l_news", principal="s_app", request="")

    assert registry.book.touched == {("s_app", "l_news")}


@pytest.mark.parametrize(
    ("event", "actor"),
    [
        ("address.looked-up", "person"),
        ("import.started", "principal"),
        ("entries.suppressed", "principal"),
    ],
)
def test_whoever_touches_a_list_for_the_first_time_is_told_of_once(
    registry: Registry, event: str, actor: str
) -> None:
    fields = {"list": "l_news", actor: "p_ben", "request": ""}

    notice = enter(registry, event, **fields)

    assert notice
    assert (notice.severity, notice.first_touch) == (Severity.WARNING, True)
    assert (notice.person_name, notice.list_name) == ("ben", "news")
    assert names(notice) == ["desk"]
    assert enter(registry, event, **fields) is None


def test_a_visit_of_support_is_told_once_a_day(registry: Registry) -> None:
    fields = {"list": "l_news", "tenant": "t_acme", "person": "p_cleo"}

    first = enter(registry, "support.admitted", **fields)

    assert first
    assert (first.severity, first.times) == (Severity.WARNING, 1)
    assert names(first) == ["desk"]
    assert enter(registry, "support.admitted", **fields) is None
    tell(registry, {"event": "support.admitted", **fields}, NOON + timedelta(days=1))
    assert len(registry.book.notices) == 2


def test_a_sign_in_in_somebodys_name_is_told_to_that_side(registry: Registry) -> None:
    refused = {"event": "sign-in.refused", "service": "dock", "code": "expired"}

    owner = enter(registry, person="p_ada", **refused)
    custodian = enter(registry, person="p_cleo", **refused)

    assert names(owner) == ["desk"]
    assert names(custodian) == ["noc"]


def test_a_consent_is_told_by_the_names_of_those_it_lets_in(registry: Registry) -> None:
    registry.consents["g_x"] = Consent(
        id="g_x", tenant="t_acme", until=NOON, people=frozenset({"p_cleo"})
    )
    ask(registry, Action.CONSENT_GIVE, "ada", id="g_x", until="", people="p_cleo")
    assert newest(registry).about == "cleo"

    ask(registry, Action.CONSENT_WITHDRAW, "ada", id="g_x")
    assert newest(registry).about == "cleo"


def test_a_budget_is_told_by_what_it_is_a_budget_of(registry: Registry) -> None:
    ask(registry, Action.BUDGET_SET, "ada", measure="reveals", ceiling="5", who="owner")

    assert newest(registry).about == "reveals"


def test_an_opened_contact_is_counted_for_what_it_was_opened(
    registry: Registry,
) -> None:
    for about in ("7", "7", "8"):
        open_contact(registry, {"contact": "d_desk", "about": about}, NOON)

    used = registry.charges.used("d_desk", Measure.CONTACTS_OPENED, now=NOON)
    assert used == 2


def test_a_denial_and_refusals_are_warnings(registry: Registry) -> None:
    request = ask(registry, Action.EXPORT, cap=10)
    sign(registry, request, "request.denied", "ada")
    assert newest(registry).severity is Severity.WARNING

    refused = enter(
        registry,
        "statement.refused",
        request=request.id,
        claimed_person="p_amir",
        code="expired",
    )
    assert refused
    assert (refused.person_name, refused.code) == ("amir", "expired")

    by_app = enter(
        registry, "release.refused", what="look-up", person="s_app", request=""
    )
    assert by_app
    assert (by_app.tenant, by_app.person_name, by_app.action) == (
        "t_acme",
        "shop",
        "look-up",
    )
    on_list = enter(
        registry, "release.refused", what="import", person="p_gone", list="l_news"
    )
    assert on_list
    assert (on_list.tenant_name, on_list.person_name) == ("acme", "p_gone")
    by_nobody = enter(registry, "release.refused", what="contact", person="s_gone")
    assert names(by_nobody) == ["noc"]


def test_a_flood_is_damped_but_exports_and_authority_are_not(
    registry: Registry,
) -> None:
    for _ in range(11):
        ask(registry, Action.REVEAL, cap=1)
        ask(registry, Action.EXPORT, cap=1)
        ask(registry, Action.PERSON_ADD, "ada", id="p_zoe", name="zoe")

    told = [notice.action for notice in registry.book.notices]
    assert told.count("reveal") == 10
    assert told.count("export") == 11
    assert told.count("person.add") == 11


def test_a_freeze_is_told_when_it_is_done_and_to_the_operator_too(
    registry: Registry,
) -> None:
    request = ask(registry, Action.FREEZE, "ada", classes="export+reveal")
    assert registry.book.notices == []

    notice = enter(registry, "releases.frozen", request=request.id, tenant="t_acme")

    assert names(notice) == ["desk", "noc"]
    assert notice
    assert (notice.severity, notice.about, notice.person_name) == (
        Severity.ALARM,
        "export+reveal",
        "ada",
    )


def test_a_freeze_of_everybody_is_told_to_everybody(registry: Registry) -> None:
    request = ask(registry, Action.FREEZE, "cleo", tenant="", classes="export+reveal")

    notice = enter(registry, "releases.frozen", request=request.id, tenant="")

    assert names(notice) == ["desk", "else", "noc"]


def test_custodians_copy_no_tenants_keys_behind_its_back(registry: Registry) -> None:
    request = ask(registry, Action.KEYS_BACKUP, "cleo", tenant="", needed="2")
    notice = enter(registry, "keys.backed-up", request=request.id)

    assert names(notice) == ["desk", "else", "noc"]
    assert notice
    assert notice.severity is Severity.ALARM


def test_who_is_removed_is_told_by_name_and_told_so(registry: Registry) -> None:
    request = ask(registry, Action.CONTACT_REVOKE, "ada", id="d_desk")
    sign(registry, request, "request.approved", "amir")
    registry.contacts.pop("d_desk")
    registry.people.pop("p_ada")

    notice = enter(registry, "contact.revoked", request=request.id, tenant="t_acme")

    assert notice
    assert (notice.about, notice.person_name) == ("desk", "ada")
    assert names(notice) == ["desk"]
    ask(registry, Action.EXPORT, cap=1)
    assert names(newest(registry)) == []


def test_the_end_of_a_tenant_is_that_tenants_matter(registry: Registry) -> None:
    request = ask(registry, Action.TENANT_REVOKE, "cleo", tenant="", id="t_acme")
    assert names(newest(registry)) == ["desk", "noc"]
    registry.tenants.pop("t_acme")
    registry.contacts.pop("d_desk")

    notice = enter(registry, "tenant.revoked", request=request.id, tenant="")

    assert names(notice) == ["desk", "noc"]
    assert notice
    assert (notice.tenant, notice.tenant_name, notice.about) == (
        "t_acme",
        "acme",
        "acme",
    )


def test_a_change_of_passkeys_is_an_alarm_whatever_it_is_called(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("listkeep.core.registry.telling._RECOVERY", ("recipient.",))
    request = ask(registry, Action.RECIPIENT_ADD, "ada", id="c_x", name="depot")
    notice = enter(registry, "recipient.added", request=request.id, tenant="t_acme")

    assert notice
    assert (notice.severity, notice.about) == (Severity.ALARM, "depot")


def test_a_day_is_counted(registry: Registry) -> None:
    request = ask(registry, Action.EXPORT, cap=10)
    enter(registry, "export.completed", request=request.id, list="l_news", rows="7")
    enter(registry, "release.refused", what="x", person="p_ben")
    change = ask(registry, Action.PERSON_ADD, "ada", id="p_zoe", name="zoe")
    enter(registry, "person.added", request=change.id, tenant="t_acme")

    total = registry.book.totals(NOON.date(), "t_acme")

    assert (total.requests, total.releases, total.rows) == (2, 1, 7)
    assert (total.refusals, total.changes) == (1, 1)
