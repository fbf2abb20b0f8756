"""The next mail server refuses, hangs up, drips or dies, at any stage of a message."""

import pytest

from listkeep.dock.outlet.delivery.connections import MAX_MESSAGES
from listkeep.dock.outlet.models import MailDelivery
from tests.dock.delivery.post import Post, Stage
from tests.fakes.mail_sink import HANG_UP, STALL, Mood

ANNA = "anna.muster@example.org"
CARL = "carl@example.org"
STAGES = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END")


@pytest.fixture(autouse=True, params=[True, False], ids=["at-once", "in-turn"])
def _pipelines(request: pytest.FixtureRequest, stage: Stage) -> None:
    """Each mood as a server has it that takes several commands at once, or does not."""
    stage.sink.pipelines = request.param


def once(at: str, deed: str) -> Mood:
    return lambda stage, count: deed if stage == at and count == 1 else ""


def always(at: str, deed: str) -> Mood:
    return lambda stage, _count: deed if stage == at else ""


@pytest.mark.parametrize("at", STAGES)
def test_a_refusal_for_now_at_any_stage_is_tried_again(stage: Stage, at: str) -> None:
    stage.sink.mood = once(at, "451 4.2.0 later")
    with stage.open() as post:
        first = post.hand_over(post.recipient(ANNA))
        second = post.hand_over(post.recipient(ANNA))

        assert first.startswith("451")
        assert second.startswith("250")
        assert len(post.sink.taken) == 1
        assert post.keeper.opened_rows(post.request) == 1


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA", "END"])
def test_a_refusal_for_good_is_passed_on_with_its_code(stage: Stage, at: str) -> None:
    stage.sink.mood = always(at, "550 5.1.1 no such user here")
    with stage.open() as post:
        reply = post.hand_over(post.recipient(ANNA))

        assert reply == "550 5.1.1 no such user here"
        assert post.states() == ["failed"]
        [row] = MailDelivery.objects.all()
        assert (row.reply, row.code) == (550, "5.1.1")


@pytest.mark.parametrize("at", ["CONNECT", "EHLO"])
def test_a_server_that_refuses_us_is_no_refusal_of_the_message(
    stage: Stage, at: str
) -> None:
    stage.sink.mood = always(at, "554 5.7.1 we do not know you")
    with stage.open() as post:
        assert post.hand_over(post.recipient(ANNA)).startswith("451")
        assert post.states() == ["deferred"]


@pytest.mark.parametrize("at", STAGES)
def test_who_hangs_up_at_any_stage_loses_no_message(stage: Stage, at: str) -> None:
    stage.sink.mood = once(at, HANG_UP)
    with stage.open() as post:
        first = post.hand_over(post.recipient(ANNA))
        second = post.hand_over(post.recipient(ANNA))

        assert first.startswith("451")
        assert second.startswith("250")
        # At the end of the content nobody knows whether it was taken: sent once more.
        assert len(post.sink.taken) == (2 if at == "END" else 1)
        ids = {
            one.content.partition(b"Message-ID: ")[2][:40] for one in post.sink.taken
        }
        assert len(ids) == 1


@pytest.mark.parametrize("at", STAGES)
def test_who_says_nothing_more_is_given_up_in_time(stage: Stage, at: str) -> None:
    stage.sink.mood = once(at, STALL)
    with stage.open() as post:
        post.proxy.deliverer.carrier.longest_seconds = 0.3  # type: ignore[attr-defined]
        first = post.hand_over(post.recipient(ANNA))
        post.proxy.deliverer.carrier.longest_seconds = 30  # type: ignore[attr-defined]
        second = post.hand_over(post.recipient(ANNA))

    assert first.startswith("451 4.4.1")
    assert second.startswith("250")


@pytest.mark.parametrize(
    "nonsense", ["", "hello", "999 what", "250", "354 go on", "123 one", "\x00\x01"]
)
def test_an_answer_that_is_none_is_one_for_now(stage: Stage, nonsense: str) -> None:
    stage.sink.mood = once("END", nonsense or " ")
    with stage.open() as post:
        reply = post.hand_over(post.recipient(ANNA))

    assert reply[:3] in {"451", "250"}
    assert (reply[:3] == "250") == (nonsense == "250")


def test_a_connection_is_used_again(post: Post) -> None:
    for address in post.addresses:
        post.hand_over(post.recipient(address))

    # One for each of the two domains, whose mail servers are two.
    assert post.sink.stages["CONNECT"] == 2
    assert post.proxy.pool.opened == 2


def test_a_cached_connection_that_died_is_replaced_without_a_word(post: Post) -> None:
    post.hand_over(post.recipient(ANNA))
    post.run(drop(post))

    assert post.hand_over(post.recipient(CARL)).startswith("250")
    assert post.sink.stages["CONNECT"] == 2


async def drop(post: Post) -> None:
    post.sink.drop_all()


def test_a_server_that_says_farewell_to_a_kept_connection_gets_another(
    stage: Stage,
) -> None:
    stage.sink.mood = lambda stage, count: (
        "421 4.4.2 idle for too long" if (stage, count) == ("MAIL", 2) else ""
    )
    with stage.open() as post:
        post.hand_over(post.recipient(ANNA))

        assert post.hand_over(post.recipient(CARL)).startswith("250")
        assert post.sink.stages["CONNECT"] == 2


def test_our_own_mail_server_is_not_told_to_hang_up(stage: Stage) -> None:
    stage.sink.mood = always("END", "421 4.3.2 going down")
    with stage.open() as post:
        client = post.client()
        assert post.hand_over(post.recipient(ANNA), client=client).startswith("451")
        assert client.noop()[0] == 250


def test_a_connection_goes_on_after_a_refusal(stage: Stage) -> None:
    stage.sink.mood = once("RCPT", "550 5.1.1 no such user")
    with stage.open() as post:
        assert post.hand_over(post.recipient(ANNA)).startswith("550")
        assert post.hand_over(post.recipient(CARL)).startswith("250")
        assert post.sink.stages["CONNECT"] == 1


def test_connections_nobody_used_are_closed(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post.hand_over(post.recipient(ANNA))
    later = post.proxy.pool.clock() + 31
    monkeypatch.setattr(post.proxy.pool, "clock", lambda: later)

    async def prune() -> int:
        post.proxy.pool.prune()
        return sum(map(len, post.proxy.pool._kept.values()))

    assert post.run(prune()) == 0
    assert MAX_MESSAGES > 1


def test_a_keeper_that_is_away_is_a_reason_to_come_later(post: Post) -> None:
    from listkeep.core.errors import UnavailableError  # noqa: PLC0415

    post.hand_over(post.recipient(ANNA))
    post.keeper.break_at("open_for_send", UnavailableError("away"))

    reply = post.hand_over(post.recipient(CARL))

    assert reply.startswith("451 4.3.0 listkeep: keeper-unavailable")
    post.keeper.mend()
    assert post.hand_over(post.recipient(CARL)).startswith("250")


def test_a_keeper_that_signs_nothing_stops_the_letter_and_not_the_next(
    stage: Stage,
) -> None:
    from listkeep.core.errors import Code, RefusedError  # noqa: PLC0415
    from tests.dock.delivery.test_deliver import KEYS  # noqa: PLC0415

    stage.facts["signing"] = KEYS
    with stage.open() as post:
        post.keeper.break_at("sign_for_send", RefusedError("no", code=Code.FROZEN))
        assert post.hand_over(post.recipient(ANNA)).startswith("451 4.7.0")
        assert post.sink.heard == []
        post.keeper.mend()
        assert post.hand_over(post.recipient(ANNA)).startswith("250")


def test_a_keeper_that_is_away_lets_nobody_in_and_turns_nobody_away_for_good(
    post: Post,
) -> None:
    from listkeep.core.errors import UnavailableError  # noqa: PLC0415

    post.proxy.port._desk._known.clear()  # type: ignore[attr-defined]
    post.keeper.break_at("authorize", UnavailableError("away"))

    assert post.log_in(post.client(login=False))[0] == 454
