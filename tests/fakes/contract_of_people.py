"""What the dock relies on when people sign in, and when they are told."""

from collections.abc import Callable
from functools import partial

import msgspec
import pytest

from listkeep.core.errors import Code, RefusedError
from listkeep.wire import messages as m
from listkeep.wire.flows import challenge_of
from listkeep.wire.messages import notices as n
from tests.fakes.keeper_stage import Stage


def a_code_signs_its_owner_in_once(stage: Stage) -> None:
    message = _redemption(stage)
    found = stage.keeper.redeem_code(message)

    assert found.session.startswith("lks_")
    who = stage.keeper.who_am_i(m.WhoAmI(session=found.session))
    assert (who.kind, who.id, who.name) == ("person", found.person, found.name)
    _refused(Code.REPLAYED, lambda: stage.keeper.redeem_code(message))


def a_code_is_spent_by_a_wrong_verifier_or_client(stage: Stage) -> None:
    wrong_ways: tuple[dict[str, str], ...] = (
        {"verifier": "w" * 43},
        {"client": "s_otherotherot"},
    )
    for wrong in wrong_ways:
        message = _redemption(stage)
        redeem = partial(stage.keeper.redeem_code, message)
        bent = msgspec.structs.replace(message, **wrong)
        _refused(Code.NOT_PERMITTED, partial(stage.keeper.redeem_code, bent))
        _refused(Code.REPLAYED, redeem)
    unknown = msgspec.structs.replace(_redemption(stage), code="lkc_unknown")
    _refused(Code.NOT_FOUND, partial(stage.keeper.redeem_code, unknown))


def an_ended_session_is_nobodys(stage: Stage) -> None:
    session = stage.keeper.redeem_code(_redemption(stage)).session
    stage.keeper.end_session(m.EndSession(session=session))

    for act in (
        lambda: stage.keeper.who_am_i(m.WhoAmI(session=session)),
        lambda: stage.keeper.end_session(m.EndSession(session=session)),
    ):
        _refused(Code.NOT_SIGNED_IN, act)


def a_contact_is_told_what_concerns_it_and_opened_for_nothing_else(
    stage: Stage,
) -> None:
    desk = stage.add_contact("desk", "desk@acme.example")
    start = _notices(stage).size

    stage.act()

    told = _notices(stage, start=start)
    assert told.next == told.size > start
    assert [contact.id for contact in told.notices[0].contacts] == [desk]
    index = told.notices[0].index
    opened = stage.keeper.open_contact(n.OpenContact(contact=desk, notice=index))
    assert opened.destination == "desk@acme.example"
    assert opened.notice == told.notices[0]
    for contact, notice in ((desk, 10**9), ("d_nobodynobody", index)):
        with pytest.raises(RefusedError) as caught:
            stage.keeper.open_contact(n.OpenContact(contact=contact, notice=notice))
        assert caught.value.code is Code.NOT_FOUND


def people_read_the_notices_of_their_tenant(stage: Stage) -> None:
    stage.act()

    assert _notices(stage, caller=stage.owner).notices
    assert "acme" not in repr(_notices(stage, caller=stage.stranger).notices)
    with pytest.raises(RefusedError):
        _notices(stage, caller=m.Caller(session="lks_made_up"))


PEOPLE: tuple[Callable[[Stage], None], ...] = (
    a_code_signs_its_owner_in_once,
    a_code_is_spent_by_a_wrong_verifier_or_client,
    an_ended_session_is_nobodys,
    a_contact_is_told_what_concerns_it_and_opened_for_nothing_else,
    people_read_the_notices_of_their_tenant,
)


def _redemption(stage: Stage) -> m.RedeemCode:
    verifier = "v" * 43
    code = stage.issue_code(stage.dock, challenge_of(verifier))
    return m.RedeemCode(code=code, verifier=verifier, client=stage.dock)


def _refused(code: Code, act: Callable[[], object]) -> None:
    with pytest.raises(RefusedError) as caught:
        act()
    assert caught.value.code is code


def _notices(
    stage: Stage, *, start: int = 0, caller: m.Caller | None = None
) -> n.Notices:
    return stage.keeper.read_notices(
        n.ReadNotices(start=start, limit=500, caller=caller)
    )
