"""The sends the dock knows: what ended is asked for once, and forgotten in its time."""

from collections.abc import Iterable

import msgspec
import pytest

from listkeep.core.errors import UnavailableError
from listkeep.dock.lists.told_sends import ANEW_SECONDS, ToldSends, read_all_sends
from listkeep.wire.messages import sends as d
from tests.fakes.keeper import FakeKeeper


class Pages(FakeKeeper):
    """Tells of sends two at a time, as the keeper does of two hundred."""

    def __init__(self, like: d.Send) -> None:
        super().__init__()
        self.like, self.names, self.kept = like, list[str](), 0
        self.asked = list[int]()
        self.is_away = False

    def read_sends(self, message: d.ReadSends) -> d.Sends:
        if self.is_away:
            raise UnavailableError("away")
        self.asked.append(message.known)
        known = message.known if message.known <= len(self.names) else 0
        start = max(known, self.kept)
        page = self.names[start : start + 2]
        end = start + len(page)
        return d.Sends(
            sends=self._named(["r_goes_on"]),
            ended=self._named(page),
            start=start,
            kept=self.kept,
            known=end,
            has_more=end < len(self.names),
        )

    def _named(self, names: Iterable[str]) -> tuple[d.Send, ...]:
        return tuple(msgspec.structs.replace(self.like, request=n) for n in names)


@pytest.fixture
def pages(keeper: FakeKeeper, news: str) -> Pages:
    keeper.started.add(keeper.grant_send(news, cap=3))
    [send] = read_all_sends(keeper)
    pages = Pages(send)
    pages.names = ["r_1", "r_2", "r_3"]
    return pages


def names(told: ToldSends, keeper: Pages) -> list[str]:
    return sorted(send.request for send in told.read(keeper))


def test_what_ended_is_asked_for_once(pages: Pages) -> None:
    told = ToldSends()

    assert names(told, pages) == ["r_1", "r_2", "r_3", "r_goes_on"]
    pages.names.append("r_4")
    assert names(told, pages) == ["r_1", "r_2", "r_3", "r_4", "r_goes_on"]
    assert names(told, pages) == ["r_1", "r_2", "r_3", "r_4", "r_goes_on"]

    assert pages.asked == [0, 2, 3, 4]


def test_what_the_keeper_forgets_is_forgotten(pages: Pages) -> None:
    told = ToldSends()
    names(told, pages)
    pages.kept = 2

    assert names(told, pages) == ["r_3", "r_goes_on"]


def test_a_keeper_that_lost_some_is_believed(pages: Pages) -> None:
    told = ToldSends()
    names(told, pages)
    pages.names = ["r_other"]

    assert names(told, pages) == ["r_goes_on", "r_other"]


def test_a_keeper_that_goes_away_between_pages_loses_nothing(pages: Pages) -> None:
    told = ToldSends()
    pages.is_away = True
    with pytest.raises(UnavailableError):
        told.read(pages)
    pages.is_away = False

    assert names(told, pages) == ["r_1", "r_2", "r_3", "r_goes_on"]


def test_all_is_read_anew_each_hour(pages: Pages) -> None:
    moment = [0.0]
    told = ToldSends(clock=lambda: moment[0])
    names(told, pages)
    pages.names = ["r_7", "r_8", "r_9"]  # as many: their number tells nothing
    assert "r_9" not in names(told, pages)

    moment[0] = ANEW_SECONDS

    assert names(told, pages) == ["r_7", "r_8", "r_9", "r_goes_on"]
