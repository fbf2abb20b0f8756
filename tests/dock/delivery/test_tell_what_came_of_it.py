"""The keeper hears what came of each row: what was delivered never opens again."""

import asyncio
import time
from collections.abc import Callable

import pytest

from listkeep.core.errors import RefusedError, UnavailableError
from listkeep.dock.outlet.delivery import closing
from listkeep.dock.outlet.delivery.closing import Closing, Outcome, Told
from listkeep.dock.outlet.models import MailDelivery
from listkeep.wire.messages import sends as d
from tests.dock.delivery.post import Post, Stage
from tests.fakes.mail_sink import Mood, friendly

ANNA, BERT = "anna.muster@example.org", "bert@example.net"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(closing, "_PAUSE_SECONDS", 0.02)


def refusing(reply: str) -> Mood:
    """Have the next mail server refuse everybody."""
    return lambda stage, _count: reply if stage == "RCPT" else ""


def until(found: Callable[[], bool]) -> None:
    for _ in range(500):
        if found():
            return
        time.sleep(0.01)
    raise AssertionError("it never came")


def test_what_was_delivered_is_told_by_itself(post: Post) -> None:
    post.hand_over(post.recipient(ANNA))

    until(lambda: post.keeper.ended_rows(post.request) == 1)
    assert post.keeper.waiting_rows(post.request) == 0


def test_it_goes_along_with_the_next_row(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "FLUSH_SECONDS", 60)
    post.hand_over(post.recipient(ANNA))
    assert post.keeper.ended_rows(post.request) == 0

    post.hand_over(post.recipient(BERT))

    assert post.keeper.ended_rows(post.request) == 1
    assert "close_for_send" not in post.keeper.calls


def test_a_refusal_for_good_is_the_end_and_one_for_now_is_not(post: Post) -> None:
    post.sink.mood = refusing("450 4.2.2 mailbox full")
    assert post.hand_over(post.recipient(ANNA)).startswith("450")
    post.sink.mood = refusing("550 5.1.1 no such user")
    assert post.hand_over(post.recipient(BERT)).startswith("550")

    until(lambda: post.keeper.ended_rows(post.request) == 1)
    until(lambda: post.keeper.waiting_rows(post.request) == 1)
    post.sink.mood = friendly
    assert post.hand_over(post.recipient(ANNA)).startswith("250")


def test_handed_over_again_after_a_refusal_for_good_it_is_refused_as_before(
    post: Post,
) -> None:
    post.sink.mood = refusing("550 5.1.1 no such user")
    post.hand_over(post.recipient(BERT))
    until(lambda: post.keeper.ended_rows(post.request) == 1)
    post.sink.mood = friendly

    again = post.hand_over(post.recipient(BERT))

    assert again == "550 5.1.1 refused before, under this send"
    assert post.sink.taken == []
    assert post.states() == ["failed"]


def test_a_register_that_was_put_back_sends_nothing_twice(post: Post) -> None:
    """The dock is restored from a copy of before the delivery."""
    post.hand_over(post.recipient(ANNA))
    until(lambda: post.keeper.ended_rows(post.request) == 1)
    MailDelivery.objects.all().delete()

    assert post.hand_over(post.recipient(ANNA)).startswith("250")

    assert len(post.sink.taken) == 1
    assert post.states() == ["delivered"]


def test_a_message_that_could_not_be_built_may_come_again(post: Post) -> None:
    too_long = post.deliver(ANNA, points="no number")
    assert too_long.code == 550

    until(lambda: post.keeper.waiting_rows(post.request) == 1)
    assert post.deliver(ANNA, points="1").code == 250


def test_what_the_keeper_did_not_hear_is_told_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, away = post.keeper.close_for_send, [UnavailableError("away")] * 3

    def close(message: d.CloseForSend) -> None:
        if away:
            raise away.pop()
        real(message)

    monkeypatch.setattr(post.keeper, "close_for_send", close)
    post.hand_over(post.recipient(ANNA))

    until(lambda: post.keeper.ended_rows(post.request) == 1)
    assert not away


def test_a_proxy_that_stops_tells_before_it_goes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "FLUSH_SECONDS", 60)
    with stage.open() as post:
        post.hand_over(post.recipient(ANNA))
        assert post.keeper.ended_rows(post.request) == 0

    assert post.keeper.ended_rows(post.request) == 1


def test_too_many_rows_under_way_are_a_reason_to_come_later(post: Post) -> None:
    post.keeper.most_under_way = 0

    reply = post.hand_over(post.recipient(ANNA))

    assert reply == "451 4.7.0 listkeep: unreported"


# --- by itself ---


def outcomes(count: int) -> list[Outcome]:
    return [Outcome(bytes([n % 256] * 16), "", n % 3 > 0) for n in range(count)]


def test_many_outcomes_are_told_in_parts_and_none_twice() -> None:
    told: list[Told] = []

    async def tell(part: Told) -> None:
        told.append(part)

    async def work() -> None:
        kept = Closing(tell)
        for outcome in outcomes(600):
            kept.note(outcome)
        await kept.close()

    asyncio.run(work())

    assert [len(part.outcomes) for part in told] == [256, 256, 88]
    assert sum(len(part.ended.triggers) for part in told) == 400
    assert sum(len(part.waiting.triggers) for part in told) == 200


def test_what_was_put_back_comes_first_again() -> None:
    async def work() -> list[Outcome]:
        kept = Closing(_deaf)
        for outcome in outcomes(300):
            kept.note(outcome)
        first = kept.take()
        kept.put_back(first)
        again = kept.take()
        assert again == first
        await kept.close()
        return list(kept.take().outcomes)

    assert asyncio.run(work()) == outcomes(300)[256:]


async def _deaf(_: Told) -> None:
    raise UnavailableError("away")


def test_of_a_send_that_is_no_more_nothing_is_kept() -> None:
    async def tell(_: Told) -> None:
        raise RefusedError("there is no such send")

    async def work() -> Told:
        kept = Closing(tell)
        kept.note(outcomes(1)[0])
        await kept.close()
        return kept.take()

    assert asyncio.run(work()).outcomes == ()
