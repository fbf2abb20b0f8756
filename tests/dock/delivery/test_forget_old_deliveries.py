from datetime import timedelta

import pytest

from listkeep.core.errors import UnavailableError
from listkeep.dock.outlet.delivery import retention
from listkeep.dock.outlet.models import MailDelivery, MailPeer, StoredTemplate
from listkeep.dock.outlet.progress import count_outcomes
from listkeep.dock.outlet.tallying import mend_tallies
from tests.dock.delivery.post import Post
from tests.fakes.grants import NOON

ANNA = "anna.muster@example.org"
DAY = timedelta(days=1)


def deliveries(post: Post, request: str, *, count: int = 3, days: int = 100) -> None:
    at = int((NOON - days * DAY).timestamp())
    MailDelivery.objects.bulk_create(
        MailDelivery(
            list_id=post.list_id,
            request=request,
            token=bytes([number]) * 16,
            trigger="welcome" if request == "r_ended" else "",
            state=MailDelivery.State.DELIVERED,
            at=at,
        )
        for number in range(count)
    )


def left() -> set[str]:
    return set(MailDelivery.objects.values_list("request", flat=True))


def test_sends_nobody_knows_any_more_are_forgotten_and_others_are_not(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PAGE", 2)
    deliveries(post, post.request)
    deliveries(post, "r_ended")
    deliveries(post, "r_began", days=0)
    past, later = int((NOON - DAY).timestamp()), int((NOON + DAY).timestamp())
    MailPeer.objects.create(name="old", expires_at=past)
    MailPeer.objects.create(name="new", expires_at=later)

    removed = retention.drop_old_deliveries(post.keeper, now=NOON, keep_on=lambda: True)

    assert removed == 4
    assert left() == {post.request, "r_began"}
    assert [peer.name for peer in MailPeer.objects.all()] == ["new"]


def test_a_keeper_that_is_away_is_no_reason_to_forget(post: Post) -> None:
    deliveries(post, "r_ended")
    post.keeper.break_at("read_sends", UnavailableError("away"))

    with pytest.raises(UnavailableError):
        retention.drop_old_deliveries(post.keeper, now=NOON, keep_on=lambda: True)

    assert left() == {"r_ended"}


def test_what_came_of_messages_stays_counted_when_they_are_forgotten(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PAGE", 2)
    deliveries(post, "r_ended")
    mend_tallies(post.list_id, "r_ended")

    retention.drop_old_deliveries(post.keeper, now=NOON, keep_on=lambda: True)

    told = count_outcomes(post.list_id, "r_ended")
    assert told.progress.delivered == 3
    assert sum(delivered for _, delivered in told.hours) == 3
    assert [(each.trigger, each.delivered) for each in told.triggers] == [
        ("welcome", 3)
    ]
    assert mend_tallies(post.list_id, "r_ended") == 0  # and no look takes them off
    assert count_outcomes(post.list_id, "r_ended").progress.delivered == 3


def stored(list_id: str, digest: str, *, days: float) -> None:
    StoredTemplate.objects.create(
        list_id=list_id, digest=digest, eml=b"", stored_at=NOON - days * DAY
    )


def test_templates_go_that_no_send_has_and_nobody_handed_over_lately(
    post: Post,
) -> None:
    [used] = StoredTemplate.objects.values_list("digest", flat=True)
    StoredTemplate.objects.update(stored_at=NOON - 200 * DAY)
    stored(post.list_id, "old", days=90.1)
    stored(post.list_id, "new", days=89.9)
    stored("l_another", used, days=200)

    assert retention.drop_old_templates(post.keeper, now=NOON) == 2

    left = StoredTemplate.objects.values_list("list_id", "digest")
    assert set(left) == {(post.list_id, used), (post.list_id, "new")}


def test_a_keeper_that_is_away_is_no_reason_to_drop_a_template(post: Post) -> None:
    stored(post.list_id, "old", days=100)
    post.keeper.break_at("read_sends", UnavailableError("away"))

    with pytest.raises(UnavailableError):
        retention.drop_old_templates(post.keeper, now=NOON)

    assert StoredTemplate.objects.filter(digest="old").exists()
