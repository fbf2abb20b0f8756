import pytest
from django.db import connection

from listkeep.core.registry.notices import Severity
from listkeep.keeper.gate import contacts
from listkeep.keeper.gate.showing import notices
from listkeep.wire.messages import notices as n
from tests.keeper.instance import refusal
from tests.keeper.telling import DESK, HOOK, Telling


def names(notice: n.Notice) -> list[str]:
    return [contact.name for contact in notice.contacts]


# --- whom ---------------------------------------------------------------------


def test_a_contact_is_opened_for_what_it_is_told_and_that_is_recorded(
    stage: Telling, desk: str
) -> None:
    start = stage.size()
    stage.freeze("ada")

    opened = stage.open(desk, start + 1)

    assert (opened.kind, opened.destination, opened.secret) == ("mail", DESK, "")
    assert opened.notice
    assert opened.notice.event == "releases.frozen"
    entry = stage.newest("contact.opened")
    assert (entry["contact"], entry["about"]) == (desk, str(start + 1))
    assert DESK not in repr(stage.entries())


def test_a_contact_of_another_tenant_is_never_opened(stage: Telling, desk: str) -> None:
    other = stage.add_contact("elsewhere", "desk@other.example", by=("eve", ""))
    start = stage.size()
    stage.freeze("ada")

    assert refusal(stage.open, other, start + 1) == "not-found"
    refused = stage.newest("release.refused")
    assert (refused["what"], refused["person"]) == ("contact", "s_dockdockdock")


@pytest.mark.parametrize("about", [0, 10**9])
def test_a_contact_is_not_opened_for_what_is_no_notice(
    stage: Telling, desk: str, about: int
) -> None:
    assert refusal(stage.open, desk, about) == "not-found"


def test_a_dock_asking_for_nothing_in_particular_gets_nothing(
    stage: Telling, desk: str
) -> None:
    for message in (
        n.OpenContact(contact=desk),
        n.OpenContact(contact=desk, notice=1, day="2026-01-04"),
        n.OpenContact(contact="d_nobodynobody", day="2026-01-04"),
    ):
        assert refusal(stage._open, message) == "not-found"


def test_a_contact_that_came_later_is_not_told_what_was_before(
    stage: Telling, desk: str
) -> None:
    start = stage.size()
    stage.freeze("ada")
    late = stage.add_contact("late", "late@acme.example")

    assert refusal(stage.open, late, start + 1) == "not-found"


def test_whoever_removes_a_contact_does_not_blind_it_at_once(
    stage: Telling, desk: str
) -> None:
    start = stage.size()
    view = stage.ask("ada", "contact.revoke", {"id": desk})
    stage.sign("amir", view, "approve")

    asked, _, revoked = stage.told(start)
    assert revoked.event == "contact.revoked"
    assert revoked.about == "desk"
    assert stage.open(desk, asked.index).destination == DESK
    assert stage.open(desk, revoked.index).destination == DESK
    stage.wait(days=2)
    assert refusal(stage.open, desk, revoked.index) == "not-found"
    start = stage.size()
    stage.freeze("ada")
    assert all(names(t) == [] for t in stage.told(start))


def test_one_owner_alone_or_custodians_do_not_remove_a_contact(
    stage: Telling, desk: str
) -> None:
    assert stage.ask("ada", "contact.revoke", {"id": desk}).state == "waiting"
    assert (
        refusal(
            stage.draft,
            "cleo",
            "contact.revoke",
            {"id": desk},
            tenant="t_acmeacmeacme",
        )
        == "not-permitted"
    )


def test_opens_of_one_contact_are_counted_and_end(
    stage: Telling, desk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "OPENS_A_DAY", dict.fromkeys(Severity, 2))
    start = stage.size()
    for _ in range(3):
        stage.freeze("ada")
        stage.sign(
            "amir",
            stage.ask("ada", "unfreeze", {"classes": "export+reveal"}),
            "approve",
        )
    told = [t.index for t in stage.told(start)][:3]

    for index in (told[0], told[0], told[1], told[0]):  # repeating costs nothing
        stage.open(desk, index)
    opens = [e for e in stage.events() if e == "contact.opened"]

    assert len(opens) == 2
    assert refusal(stage.open, desk, told[2]) == "budget-spent"
    stage.restart()
    assert refusal(stage.open, desk, told[2]) == "budget-spent"
    stage.wait(days=1)
    assert stage.open(desk, told[2]).destination == DESK


def test_noise_leaves_room_for_an_alarm(
    stage: Telling, desk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = {Severity.INFO: 1, Severity.WARNING: 2, Severity.ALARM: 3}
    monkeypatch.setattr(notices, "OPENS_A_DAY", room)
    rows = stage.list_with_rows(by="ada")
    start = stage.size()
    for _ in range(2):
        stage.ask_export("ada", rows, 1)
    for _ in range(2):
        refusal(stage.run, "ben", stage.ask_export("ada", rows, 1), rows.whole())
    stage.freeze("ada")
    told = stage.told(start)
    info = [t.index for t in told if t.severity == "info"]
    warnings = [t.index for t in told if t.severity == "warning"]
    alarm = told[-1]

    stage.open(desk, info[0])
    assert refusal(stage.open, desk, info[1]) == "budget-spent"
    stage.open(desk, warnings[0])
    assert refusal(stage.open, desk, warnings[1]) == "budget-spent"
    assert stage.open(desk, alarm.index).destination == DESK


def test_a_planted_row_changes_nobodys_destination(stage: Telling, desk: str) -> None:
    """Contacts have no table: what the database holds about them is the ledger."""
    start = stage.size()
    stage.freeze("ada")
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)

    assert not [table for table in tables if "contact" in table or "notice" in table]
    assert stage.restart()
    assert stage.open(desk, start + 1).destination == DESK


# --- the day in numbers -------------------------------------------------------


def test_a_day_is_summed_up_for_a_tenant_and_for_the_operator(
    stage: Telling, desk: str
) -> None:
    noc = stage.add_contact("noc", "noc@operator.example", by=("cleo", "cyrus"))
    rows = stage.list_with_rows()
    stage.export("ben", stage.granted_export(rows), rows.whole())
    refusal(stage.run, "ben", stage.ask_export("ben", rows, 10), rows.whole())
    stage.freeze("eve")
    stage.wait(days=1)

    mine = stage.open_day(desk, stage.yesterday()).digest
    all_of_it = stage.open_day(noc, stage.yesterday()).digest

    assert mine
    assert all_of_it
    assert (mine.releases, mine.rows, mine.refusals) == (1, 3, 1)
    assert mine.tenant_name == "acme"
    assert all_of_it.tenant_name == ""
    assert all_of_it.requests > mine.requests
    assert all_of_it.changes > mine.changes
    assert all_of_it.size == stage.size()
    assert all_of_it.root == stage.registry.frontier.root.hex()
    assert f"\n{all_of_it.size}\n" in all_of_it.checkpoint


def test_a_day_without_anything_is_summed_up_too(stage: Telling, desk: str) -> None:
    stage.wait(days=2)

    digest = stage.open_day(desk, stage.yesterday()).digest

    assert digest
    assert (digest.requests, digest.releases, digest.rows, digest.refusals) == (
        *(0, 0, 0),
        0,
    )
    assert digest.size == stage.size()


@pytest.mark.parametrize(
    "day", ["2026-01-05", "2027-01-01", "2025-12-01", "2026-02-30"]
)
def test_a_day_that_is_not_over_or_long_ago_opens_nobody(
    stage: Telling, desk: str, day: str
) -> None:
    assert refusal(stage.open_day, desk, day) == "not-found"


def test_all_contacts_are_told_of_a_day(stage: Telling, desk: str) -> None:
    stage.add_contact("noc", "noc@operator.example", by=("cleo", "cyrus"))
    stage.wait(days=1)

    answer = notices.read_digest_contacts(
        stage.gate, n.ReadDigestContacts(day=stage.yesterday()), now=stage.now
    )

    assert [contact.name for contact in answer.contacts] == ["desk", "noc"]


# --- destinations -------------------------------------------------------------


def test_a_webhook_has_a_secret_that_its_owners_may_read(stage: Telling) -> None:
    hook = stage.add_contact("hook", HOOK, kind="webhook")
    start = stage.size()
    stage.freeze("ada")

    def secret(name: str, contact: str = "hook") -> str:
        message = n.ShowContactSecret(session=stage.session(name), contact=contact)
        return notices.show_contact_secret(stage.gate, message, now=stage.now).secret

    opened = stage.open(hook, start + 1)
    assert opened.destination == HOOK
    assert opened.secret.startswith("whsec_")
    assert secret("amir") == secret("ada", hook) == opened.secret
    for name in ("eve", "cleo", "ben"):
        assert refusal(secret, name) in ("not-found", "not-permitted")


def test_a_mail_contact_has_no_secret(stage: Telling, desk: str) -> None:
    message = n.ShowContactSecret(session=stage.session("ada"), contact="desk")

    assert (
        refusal(notices.show_contact_secret, stage.gate, message, now=stage.now)
        == "not-found"
    )


def test_a_contact_sealed_elsewhere_is_not_opened(
    stage: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(contacts, "seal_destination", lambda _store, _text: "A" * 60)
        planted = stage.add_contact("planted", DESK)
    start = stage.size()
    stage.freeze("ada")

    assert refusal(stage.open, planted, start + 1) == "proof-invalid"
    assert stage.events(1) == ["releases.frozen"]


def test_notices_are_kept_for_a_month(stage: Telling, desk: str) -> None:
    stage.freeze("ada")
    old = stage.told()[-1].index
    stage.wait(days=32)
    stage.freeze("ada")

    new = stage.told()[-1].index
    assert stage.told()[0].index > old
    assert stage.open(desk, new).destination == DESK
    assert refusal(stage.open, desk, old) == "not-found"


# --- what came back to a list -------------------------------------------------------


def about_list(contact: str, list_id: str) -> n.OpenContact:
    return n.OpenContact(contact=contact, list=list_id)


def test_a_webhook_is_opened_for_the_lists_of_its_tenant_and_recorded_once_a_day(
    stage: Telling,
) -> None:
    news = stage.create_list("news")
    hook = stage.add_contact("hook", HOOK, kind="webhook")
    before = stage.size()

    opened = [stage._open(about_list(hook, news.id)) for _ in range(3)]

    assert {(each.destination, each.kind) for each in opened} == {(HOOK, "webhook")}
    assert opened[0].secret.startswith("whsec_")
    assert (opened[0].notice, opened[0].digest) == (None, None)
    assert stage.size() == before + 1
    entry = stage.newest("contact.opened")
    assert (entry["contact"], entry["about"]) == (hook, news.id)
    stage.wait(days=1)
    stage._open(about_list(hook, news.id))
    assert stage.size() == before + 2


def test_no_other_contact_is_opened_for_a_list(stage: Telling, desk: str) -> None:
    news = stage.create_list("news")
    hers = stage.add_contact(
        "elsewhere", "https://eve.example/", kind="webhook", by=("eve", "")
    )
    hook = stage.add_contact("hook", HOOK, kind="webhook")

    for message in (
        about_list(desk, news.id),  # mail
        about_list(hers, news.id),
        about_list("d_nobodynobody", news.id),
        about_list(hook, "l_nothing"),
        n.OpenContact(contact=hook, list=news.id, day="2026-01-04"),
        n.OpenContact(contact=hook, list=news.id, notice=1),
    ):
        assert refusal(stage._open, message) == "not-found"
