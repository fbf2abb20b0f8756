import hashlib
from dataclasses import replace

import pytest

from listkeep.core.canonical import encode, parse
from listkeep.core.errors import MalformedError, RefusedError
from listkeep.core.grants import Terms
from listkeep.keeper.gate.decisions import requests, showing
from listkeep.keeper.gate.models import Draft
from listkeep.wire import messages as m
from tests.keeper.instance import DIRECT, refusal
from tests.keeper.world import World


def test_a_small_export_goes_from_draft_to_done(world: World) -> None:
    rows = world.list_with_rows(3)

    view = world.draft("ben", "export", list="news", cap=3, recipient="warehouse")
    assert view.state == "draft"
    view = world.sign("ben", view, "request")
    assert (view.state, view.signed_by) == ("waiting", ("ben (request)",))
    view = world.sign("ada", view, "approve")
    assert (view.state, view.missing) == ("granted", ())
    world.export("ben", view, rows.whole())

    assert world.show("ivan", view).state == "done"
    assert world.events(4) == [
        "request.made",
        "request.approved",
        "export.intended",
        "export.completed",
    ]


def test_the_keeper_writes_the_terms_and_tells_them_in_words(world: World) -> None:
    rows = world.list_with_rows(1)

    view = world.draft("ben", "export", list="news", cap=7, recipient="warehouse")

    terms = Terms.parse(view.terms)
    assert (terms.list, terms.cap, terms.selection) == (rows.list_id, 7, "all")
    assert hashlib.sha256(view.terms).hexdigest() == terms.digest()
    assert view.facts == {
        "action": "export",
        "tenant": "acme",
        "list": "news",
        "rows": "7",
        "recipient": "warehouse",
        "purpose": "spring campaign",
        "until": "2026-01-06T12:00:00Z",
    }


def test_what_is_missing_is_told_in_words_before_anybody_signs(world: World) -> None:
    rows = world.list_with_rows(1)

    draft = world.draft("ben", "export", list="news", cap=2000, recipient="warehouse")
    assert draft.missing == (
        "the requester's own signature",
        "the approval of another owner of the tenant",
        "the approval of another custodian of the operator",
    )
    view = world.sign("ada", world.ask_export("ben", rows, 2000), "approve")
    assert view.missing == ("the approval of another custodian of the operator",)
    view = world.sign("cleo", view, "approve")
    assert view.missing == (
        "time: it opens at 2026-01-05 13:00 UTC, an owner can deny it",
    )


def test_too_large_a_reveal_is_told_what_would_fit(world: World) -> None:
    rows = world.list_with_rows(11)

    view, _ = world.ask_reveal("ben", rows, *range(11))

    assert view.missing == ("fewer rows: at most 10 in one reveal",)
    code = refusal(world.reveal, "ben", view, rows.whole())
    assert code == "cap-exceeded"


def test_nobody_approves_an_own_request(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ada", rows, 1)

    assert refusal(world.sign, "ada", view, "approve") == "self-approval"
    assert world.show("ada", view).state == "waiting"


def test_somebody_else_cannot_sign_as_the_requester_afterwards(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)

    assert refusal(world.sign, "ivan", view, "request") == "not-waiting"
    assert refusal(world.sign, "ben", view, "request") == "not-waiting"


def test_a_second_approval_of_the_same_owner_adds_nothing(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.sign("ada", world.ask_export("ben", rows, 2000), "approve")

    assert refusal(world.sign, "ada", view, "approve") == "not-waiting"
    assert world.show("ben", view).signed_by == ("ben (request)", "ada (approve)")


def test_an_approval_before_the_request_is_refused(world: World) -> None:
    world.list_with_rows(1)
    draft = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")

    assert refusal(world.sign, "ada", draft, "approve") == "not-granted"


def test_only_an_owner_approves_or_denies_for_a_tenant(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)

    for name, decision in (("ivan", "approve"), ("ivan", "deny"), ("sam", "deny")):
        assert refusal(world.sign, name, view, decision) == "not-permitted"
    assert world.show("ben", view).state == "waiting"


def test_people_of_one_team_do_not_approve_for_each_other(world: World) -> None:
    for name, role in (("carla", "marketer"), ("otto", "owner")):
        view = world.ask("ada", "person.add", world.subject(name, role, team="agency"))
        world.sign("amir", view, "approve")
    rows = world.list_with_rows(1)

    view = world.sign("otto", world.ask_export("carla", rows, 1), "approve")
    assert view.missing == ("the approval of another owner of the tenant",)
    assert world.sign("ada", view, "approve").state == "granted"


def test_a_refusal_leaves_the_request_waiting_and_its_code_in_the_ledger(
    world: World,
) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ada", rows, 1)

    refusal(world.sign, "ada", view, "approve")

    entry = world.newest("statement.refused")
    assert entry["code"] == "self-approval"
    assert entry["request"] == view.id
    assert entry["claimed_person"] == world.meet("ada").person
    assert world.show("ada", view).state == "waiting"


def test_support_and_custodians_ask_for_no_rows(world: World) -> None:
    world.list_with_rows(1)

    for name in ("sam", "cleo"):
        code = refusal(
            world.draft, name, "export", list="news", cap=1, recipient="warehouse"
        )
        assert code == "not-found"


def test_a_stranger_is_told_there_is_no_such_list_or_request(world: World) -> None:
    rows = world.list_with_rows(1)
    view = world.ask_export("ben", rows, 1)

    code = refusal(
        world.draft, "eve", "export", list=rows.list_id, cap=1, recipient="warehouse"
    )
    assert code == "not-found"
    assert refusal(world.show, "eve", view) == "not-found"
    assert refusal(world.sign, "eve", view, "approve") == "not-permitted"


def test_a_draft_is_seen_by_its_tenant_only(world: World) -> None:
    world.list_with_rows(1)
    view = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")

    assert world.show("ada", view).state == "draft"
    assert refusal(world.show, "eve", view) == "not-found"


def test_waiting_requests_can_be_asked_for_alone(world: World) -> None:
    rows = world.list_with_rows(1)
    waiting = world.ask_export("ben", rows, 1)
    world.granted_export(rows)

    message = m.ShowRequest(session=world.session("ada"), states=("waiting",))
    answer = showing.show_requests(world.gate, message, service=DIRECT, now=world.now)

    assert [view.id for view in answer.requests] == [waiting.id]


def test_requests_of_one_kind_can_be_asked_for_alone(world: World) -> None:
    rows = world.list_with_rows(1)
    exported = world.ask_export("ben", rows, 1)

    def shown(action: str) -> m.RequestViews:
        message = m.ShowRequest(session=world.session("ada"), action=action)
        return showing.show_requests(world.gate, message, service=DIRECT, now=world.now)

    assert [view.id for view in shown("export").requests] == [exported.id]
    assert shown("export").counts == {"waiting": 1}
    assert shown("send").requests == ()
    assert {view.facts["action"] for view in shown("").requests} > {"export"}


def test_whose_approval_a_request_waits_for_is_told_to_who_asks(world: World) -> None:
    view = world.ask_export("ben", world.list_with_rows(1), 1)

    def told(name: str, *, awaited: bool) -> dict[str, bool]:
        session = world.session(name)
        message = m.ShowRequest(session=session, states=("waiting",), awaited=awaited)
        shown = showing.show_requests(
            world.gate, message, service=DIRECT, now=world.now
        )
        return {each.id: each.awaits_you for each in shown.requests}

    assert told("ada", awaited=True) == {view.id: True}
    assert told("ben", awaited=True) == {view.id: False}
    assert told("ada", awaited=False) == {view.id: False}


def test_the_newest_come_first_and_the_rest_page_by_page(world: World) -> None:
    rows = world.list_with_rows(1)
    asked = [world.ask_export("ben", rows, 1).id for _ in range(5)]

    def page(**how: object) -> m.RequestViews:
        message = m.ShowRequest(session=world.session("ada"), **how)  # type: ignore[arg-type]
        return showing.show_requests(world.gate, message, service=DIRECT, now=world.now)

    newest = page(states=("waiting",), newest=2)
    then = page(states=("waiting",), newest=2, before=newest.requests[0].id)
    last = page(states=("waiting",), newest=2, before=then.requests[0].id)

    shown = [[view.id for view in each.requests] for each in (newest, then, last)]
    assert shown == [asked[3:], asked[1:3], asked[:1]]
    assert [each.older for each in (newest, then, last)] == [3, 1, 0]
    assert newest.counts["waiting"] == last.counts["waiting"] == 5
    assert page(states=("denied",)).requests == ()


def test_a_page_counts_nothing_of_another_tenant(world: World) -> None:
    world.ask_export("ben", world.list_with_rows(1), 1)

    message = m.ShowRequest(session=world.session("eve"))
    answer = showing.show_requests(world.gate, message, service=DIRECT, now=world.now)

    assert "waiting" not in answer.counts


def test_drafts_nobody_signed_are_forgotten_when_they_expire(world: World) -> None:
    world.list_with_rows(1)
    world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    world.wait(hours=25)

    world.draft("ben", "export", list="news", cap=2, recipient="warehouse")

    assert Draft.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"action": "steal"}, "request-invalid"),
        ({"action": "export", "cap": 0}, "request-invalid"),
        ({"action": "export", "cap": 5, "selection": "plan ="}, "segment-invalid"),
        ({"action": "export", "cap": 5, "recipient": "moon"}, "not-found"),
        ({"action": "reveal", "selection": ""}, "request-invalid"),
        ({"action": "reveal", "selection": "abc"}, "token-invalid"),
        ({"action": "import", "cap": 5}, "json-not-canonical"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anybody_signs(
    world: World, facts: dict[str, object], code: str
) -> None:
    world.list_with_rows(1)
    typed = {"list": "news", "recipient": "warehouse", **facts}

    assert refusal(world.draft, "ben", typed.pop("action"), **typed) == code
    assert not Draft.objects.exists()


def test_a_purpose_in_another_normal_form_is_refused_at_once(world: World) -> None:
    world.list_with_rows(1)
    message = m.DraftRequest(
        session=world.session("ben"),
        action="export",
        purpose="cafe\u0301 newsletter",
        list="news",
        cap=1,
        recipient="warehouse",
    )

    with pytest.raises(MalformedError):
        requests.draft_request(world.gate, message, now=world.now)
    assert not Draft.objects.exists()


def test_a_purpose_that_turns_the_text_around_is_refused(world: World) -> None:
    world.list_with_rows(1)
    message = m.DraftRequest(
        session=world.session("ben"),
        action="export",
        purpose="for \u202eeve",
        list="news",
        cap=1,
        recipient="warehouse",
    )

    with pytest.raises(MalformedError):
        requests.draft_request(world.gate, message, now=world.now)


def test_an_import_is_signed_for_one_file_and_its_digest_is_told_back(
    world: World,
) -> None:
    found = world.create_list()
    subject = {"sha256": "ab" * 32, "rows": "20000"}

    view = world.ask("ada", "import", subject, list="news", cap=20_000)

    assert view.state == "granted"
    assert world.start_import("ada", found.id, view.id).sha256 == "ab" * 32


def test_terms_written_for_another_keeper_are_unknown_here(world: World) -> None:
    world.list_with_rows(1)
    view = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    terms = replace(Terms.parse(view.terms), keeper="k_other")
    draft = Draft.objects.get(id=view.id)
    other = requests.request_id(terms)
    Draft.objects.create(
        id=other,
        terms=terms.format(),
        expires_at=draft.expires_at,
    )

    with pytest.raises(RefusedError):
        world.sign("ben", replace_id(view, other, terms), "request")
    assert not any(entry.get("request") == other for entry in world.entries())


def replace_id(view: m.RequestView, name: str, terms: Terms) -> m.RequestView:
    return m.RequestView(
        id=name,
        terms=terms.format(),
        state=view.state,
        missing=(),
        facts={},
        signed_by=(),
    )


def test_terms_with_white_space_are_not_terms(world: World) -> None:
    world.list_with_rows(1)
    view = world.draft("ben", "export", list="news", cap=1, recipient="warehouse")
    loose = view.terms.replace(b'","', b'", "')

    with pytest.raises(MalformedError):
        Terms.parse(loose)
    assert encode(parse(view.terms)) == view.terms
