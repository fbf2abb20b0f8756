"""Campaigns on the way that all messages take, into a mail server of ours."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes

import pytest

from listkeep.dock.lists.keeper import get_keeper
from listkeep.dock.outlet.config import OutletConfig
from listkeep.dock.outlet.merging import queries
from listkeep.dock.outlet.merging.models import MailMerge
from listkeep.dock.outlet.merging.running import Merger
from listkeep.dock.outlet.models import MailDelivery
from listkeep.dock.project import merging
from listkeep.dock.project.merging import ProxyPath, open_path
from listkeep.dock.watch.sweeps import Work
from tests.dock.delivery.conftest import stage
from tests.dock.delivery.post import Post, Stage

__all__ = ["stage"]

PEOPLE = tuple(f"reader{number}@example.org" for number in range(60))


@pytest.fixture
def post(stage: Stage) -> Iterator[Post]:
    stage.addresses = PEOPLE
    with stage.open() as opened:
        yield opened


def begin(post: Post) -> None:
    MailMerge.objects.create(
        list_id=post.list_id,
        request=post.request,
        principal="ada",
        facets=["plan:text", "country:text"],
        created_at=datetime.now(UTC),
        changed_at=datetime.now(UTC),
    )


def merger(post: Post, path: ProxyPath) -> Merger:
    return Merger(
        path=path,
        keeper=post.keeper,
        clock=lambda: datetime.now(UTC),
        keep_on=lambda: True,
        elapsed=time.monotonic,
    )


def verify_counts() -> None:
    """What people are shown is what the rows say."""
    run = MailMerge.objects.get()
    assert queries.read_states(run) == queries.count_states(run)


def test_a_campaign_reaches_everybody_once_and_nothing_says_who(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    begin(post)
    path = ProxyPath(post.proxy.book, post.proxy.deliverer, post.loop)

    merger(post, path).tick()

    got = Counter(taken.recipient for taken in post.sink.taken)
    assert got == Counter(dict.fromkeys(PEOPLE, 1))
    assert MailMerge.objects.get().state == "done"
    assert post.keeper.finished[post.request].delivered == len(PEOPLE)
    verify_counts()
    rows = [*MailDelivery.objects.values(), *MailMerge.objects.values()]
    assert "example.org" not in str(rows)
    assert not any("@example.org" in record.getMessage() for record in caplog.records)


def test_one_that_was_cut_off_after_delivery_is_not_sent_again(post: Post) -> None:
    begin(post)
    path = ProxyPath(post.proxy.book, post.proxy.deliverer, post.loop)
    merger(post, path).tick()
    # The cursor was lost, as when a page was delivered and nobody noted it.
    MailMerge.objects.update(state="running", cursor=b"", is_through=False)
    post.keeper.finished.clear()
    post.hear()

    merger(post, path).tick()

    assert len(post.sink.taken) == len(PEOPLE)


def test_a_copy_under_way_at_a_crash_has_the_same_message_id(post: Post) -> None:
    begin(post)
    path = ProxyPath(post.proxy.book, post.proxy.deliverer, post.loop)
    # It went out, but who sent it died before it could say so, to anybody.
    post.proxy.deliverer.opening.tell = lambda *_: None  # type: ignore[method-assign]
    merger(post, path).tick()
    MailMerge.objects.update(state="running", cursor=b"", is_through=False)
    MailDelivery.objects.update(state="claimed", holder="gone", at=0)
    post.keeper.finished.clear()
    post.hear()

    merger(post, path).tick()

    ids = Counter(
        message_from_bytes(taken.content)["message-id"] for taken in post.sink.taken
    )
    assert set(ids.values()) == {2}
    assert len(ids) == len(PEOPLE)


def test_a_mail_server_that_is_busy_gets_the_rest_later(post: Post) -> None:
    begin(post)
    path = ProxyPath(post.proxy.book, post.proxy.deliverer, post.loop)
    post.sink.mood = lambda stage, count: (
        "450 4.2.0 busy" if stage == "END" and count % 3 == 0 else ""
    )
    merger(post, path).tick()
    assert MailMerge.objects.get().state == "running"
    assert 0 < len(post.sink.taken) < len(PEOPLE)
    verify_counts()

    post.sink.mood = lambda _stage, _count: ""
    MailDelivery.objects.filter(state="deferred").update(at=0)
    MailMerge.objects.update(next_at=0)
    merger(post, path).tick()

    assert {taken.recipient for taken in post.sink.taken} == set(PEOPLE)
    assert len(post.sink.taken) == len(PEOPLE)
    assert MailMerge.objects.get().state == "done"


def test_the_sweep_opens_a_path_of_its_own_and_closes_it(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(post)
    opened = []
    config = OutletConfig(
        hostname="dock.example",
        resolver=f"127.0.0.1:{post.names.port}",
        private_targets=True,
    )

    def open_one(_config: OutletConfig) -> object:
        opened.append(True)
        return open_path(config)

    monkeypatch.setattr(merging, "open_path", open_one)
    work = Work(
        keeper=get_keeper(), clock=lambda: datetime.now(UTC), keep_on=lambda: True
    )
    [sweep] = merging.SWEEPS

    assert sweep.backlog(datetime.now(UTC)) == 1
    assert sweep.run(work) == len(PEOPLE)
    assert sweep.backlog(datetime.now(UTC)) == sweep.run(work) == 0
    assert len(opened) == 1
    assert {taken.recipient for taken in post.sink.taken} == set(PEOPLE)
