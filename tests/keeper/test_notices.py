from listkeep.keeper.gate.showing import notices
from listkeep.wire.messages import notices as n
from tests.keeper.instance import refusal
from tests.keeper.telling import Telling


def names(notice: n.Notice) -> list[str]:
    return [contact.name for contact in notice.contacts]


def test_a_request_an_approval_and_a_denial_are_told(stage: Telling, desk: str) -> None:
    rows = stage.list_with_rows()
    start = stage.size()

    view = stage.ask_export("ben", rows, 700)
    stage.sign("ada", view, "approve")
    stage.sign("amir", stage.ask_export("ben", rows, 500), "deny")

    told = stage.told(start)
    assert [(t.event, t.person_name, t.rows) for t in told] == [
        ("request.made", "ben", 700),
        ("request.approved", "ada", 700),
        ("request.made", "ben", 500),
        ("request.denied", "amir", 500),
    ]
    assert {t.list_name for t in told} == {"news"}
    assert {t.tenant_name for t in told} == {"acme"}
    assert {t.action for t in told} == {"export"}
    assert [t.state for t in told] == ["granted", "granted", "denied", "denied"]
    assert all(names(t) == ["desk"] for t in told)


def test_what_is_missing_is_told_as_it_is_now(stage: Telling, desk: str) -> None:
    rows = stage.list_with_rows()
    start = stage.size()
    view = stage.ask_export("ben", rows, 700)

    (waiting,) = stage.told(start)
    stage.sign("ada", view, "approve")

    assert waiting.missing == ("the approval of another owner of the tenant",)
    assert stage.told(start)[0].missing == ()


def test_every_change_of_authority_is_told_with_the_name_it_is_about(
    stage: Telling, desk: str
) -> None:
    start = stage.size()
    stage.add_person("zoe", "marketer", by=("ada", "amir"))
    stage.ask("ada", "person.revoke", {"id": stage.meet("zoe").person})

    told = stage.told(start)

    assert [(t.event, t.about) for t in told] == [
        ("request.made", "zoe"),
        ("request.approved", "zoe"),
        ("person.added", "zoe"),
        ("request.made", "zoe"),
        ("person.revoked", "zoe"),
    ]
    assert {t.person_name for t in told} == {"ada", "amir"}
    assert {t.severity for t in told} == {"warning"}


def test_a_freeze_is_told_once_as_an_alarm_also_to_the_operator(
    stage: Telling, desk: str
) -> None:
    stage.add_contact("noc", "noc@operator.example", by=("cleo", "cyrus"))
    start = stage.size()

    stage.freeze("ada")

    (notice,) = stage.told(start)
    assert (notice.event, notice.severity) == ("releases.frozen", "alarm")
    assert names(notice) == ["desk", "noc"]


def test_a_freeze_of_everybody_is_told_to_everybody(stage: Telling, desk: str) -> None:
    stage.add_contact("elsewhere", "desk@other.example", by=("eve", ""))
    start = stage.size()

    stage.freeze("cleo")

    (notice,) = stage.told(start)
    assert sorted(names(notice)) == ["desk", "elsewhere"]


def test_the_operator_is_told_of_what_waits_for_a_custodian(
    stage: Telling, desk: str
) -> None:
    stage.add_contact("noc", "noc@operator.example", by=("cleo", "cyrus"))
    rows = stage.list_with_rows()
    start = stage.size()

    stage.ask_export("ben", rows, 1000)
    stage.ask_export("ben", rows, 1001)

    small, large = stage.told(start)
    assert names(small) == ["desk"]
    assert names(large) == ["desk", "noc"]


def test_the_end_of_a_tenant_is_told_to_that_tenant(stage: Telling, desk: str) -> None:
    start = stage.size()
    view = stage.ask("cleo", "tenant.revoke", {"id": "t_acmeacmeacme"})
    stage.sign("cyrus", view, "approve")

    told = stage.told(start)

    assert [t.event for t in told][-1] == "tenant.revoked"
    assert all(names(t) == ["desk"] for t in told)
    assert {t.tenant_name for t in told} == {"acme"}


def test_a_first_touch_is_told_loudly_and_a_second_is_not(
    stage: Telling, desk: str
) -> None:
    rows = stage.list_with_rows()
    start = stage.size()
    view, _ = stage.ask_reveal("ivan", rows, 0)
    stage.reveal("ivan", view, rows.batch(0))

    asked, intended = stage.told(start)
    assert (asked.event, asked.severity) == ("request.made", "warning")
    assert (intended.event, intended.severity) == ("reveal.intended", "alarm")
    assert asked.first_touch
    assert intended.first_touch

    start = stage.size()
    view, _ = stage.ask_reveal("ivan", rows, 1)
    stage.reveal("ivan", view, rows.batch(1))
    (usual,) = stage.told(start)
    assert (usual.event, usual.severity) == ("request.made", "info")
    assert not usual.first_touch


def test_whoever_made_the_list_is_nobody_unusual(stage: Telling, desk: str) -> None:
    rows = stage.list_with_rows()
    start = stage.size()

    view, _ = stage.ask_reveal("ada", rows, 0)
    stage.reveal("ada", view, rows.batch(0))

    assert [t.event for t in stage.told(start)] == ["request.made"]


def test_refusals_are_told_in_numbers(stage: Telling, desk: str) -> None:
    rows = stage.list_with_rows()
    view = stage.ask_export("ben", rows, 10)
    start = stage.size()

    for _ in range(12):
        stage.wait(seconds=10)
        refusal(stage.run, "ben", view, rows.whole())

    told = stage.told(start)
    assert [(t.event, t.code, t.times) for t in told] == [
        ("release.refused", "not-granted", times) for times in range(1, 11)
    ]


def test_a_flood_of_reveals_is_told_of_and_does_not_drown_an_export(
    stage: Telling, desk: str
) -> None:
    rows = stage.list_with_rows()
    start = stage.size()

    for _ in range(11):
        stage.ask_reveal("ben", rows, 0)
    stage.ask_export("ben", rows, 10)

    assert [t.action for t in stage.told(start)] == ["reveal"] * 10 + ["export"]


def test_a_purpose_that_would_be_somebody_elses_words_is_never_told(
    stage: Telling, desk: str
) -> None:
    rows = stage.list_with_rows()
    start = stage.size()
    stage.ask_export("ben", rows, 10)

    assert "spring campaign" not in repr(stage.told(start))


# --- who reads them -----------------------------------------------------------


def test_people_read_what_is_theirs(stage: Telling, desk: str) -> None:
    stage.freeze("ada")
    stage.freeze("eve")

    def tenants(name: str) -> set[str]:
        return {t.tenant_name for t in stage.told(name=name)}

    assert tenants("ada") == {"acme"}
    assert tenants("eve") == {"other"}
    assert tenants("ben") == set()
    assert tenants("sam") == set()
    assert tenants("cleo") >= {"acme", "other", ""}


def test_reading_goes_on_where_it_ended(stage: Telling, desk: str) -> None:
    dock = stage.service("dock")
    seen: list[int] = []
    start = 0
    while True:
        page = notices.read_notices(
            stage.gate,
            n.ReadNotices(start=start, limit=7),
            carrier=dock,
            now=stage.now,
        )
        seen += [t.index for t in page.notices]
        if page.next == start:
            break
        start = page.next

    assert seen == [t.index for t in stage.told()]
    assert start == stage.size()


def test_what_was_unusual_is_told_alone_and_to_those_it_concerns(
    stage: Telling, desk: str
) -> None:
    rows = stage.list_with_rows()
    for row in range(2):  # the second is nothing new
        view, _ = stage.ask_reveal("ivan", rows, row)
        stage.reveal("ivan", view, rows.batch(row))

    def unusual(name: str, *, limit: int = 500) -> list[n.Notice]:
        message = n.ReadNotices(
            unusual=True, limit=limit, caller=stage.caller(name) if name else None
        )
        page = notices.read_notices(
            stage.gate, message, carrier=stage.service("dock"), now=stage.now
        )
        assert page.next == stage.size()
        return list(page.notices)

    for name in ("", "ada", "eve", "cleo"):
        all_told = [t for t in stage.told(name=name) if t.severity != "info"]
        assert unusual(name) == all_told
        assert unusual(name, limit=1) == all_told[-1:]
    assert len(unusual("")) < len(stage.told())


def test_a_restart_tells_the_same(stage: Telling, desk: str) -> None:
    rows = stage.list_with_rows()
    view, _ = stage.ask_reveal("ivan", rows, 0)
    stage.reveal("ivan", view, rows.batch(0))
    before = stage.told()

    stage.restart()

    assert stage.told() == before
    assert len(before) > 10
