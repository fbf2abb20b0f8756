"""Links that are nearly right, with the button of their page pressed.

None of them does anything, and none can be told from one that does.
"""

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listkeep.dock.outlet.returns.book import forget_book
from tests.dock.pages.conftest import Browser, Page
from tests.dock.pages.links import (
    CONFIRM,
    LEAVE,
    Links,
    forget_noted,
    make_links,
    noted,
)
from tests.fakes.keeper import FakeKeeper
from tests.property.bending import bent
from tests.property.near_misses import PLANTED, TEXTS

SEARCHED = settings(
    max_examples=100, deadline=None, suppress_health_check=list(HealthCheck)
)
BUTTONS = {"leave": LEAVE, "confirm": CONFIRM}


@pytest.fixture
def links(
    keeper: FakeKeeper, news: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Links]:
    yield make_links(keeper, news, PLANTED)
    forget_book()


@pytest.mark.parametrize("way", BUTTONS)
def test_a_link_does_what_its_button_says(
    browser: Browser, links: Links, way: str
) -> None:
    """Otherwise nothing would be found out by bending it."""
    path = getattr(links, way)

    assert browser.get(path).status == 200
    assert noted() == 0
    assert browser.post(path, BUTTONS[way]).status == 200
    assert noted() == 1


@pytest.mark.parametrize("way", BUTTONS)
def test_a_link_that_is_nearly_right_does_nothing_and_does_not_show_it(
    browser: Browser,
    links: Links,
    way: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, page_name, *right = getattr(links, way).split("/")
    good = seen(browser.post(getattr(links, way), BUTTONS[way]))

    @SEARCHED
    @given(st.tuples(*map(nearly, right)))
    def search(parts: tuple[str, ...]) -> None:
        forget_noted()
        path = "/".join(quote(each, safe="", errors="surrogatepass") for each in parts)

        page = browser.post(f"/{page_name}/{path}", BUTTONS[way])

        assert seen(page) == good
        assert noted() == ([each.lower() for each in parts] == right)

    search()
    assert PLANTED not in caplog.text
    assert PLANTED not in "".join(capsys.readouterr())


def nearly(part: str) -> st.SearchStrategy[str]:
    """Give a part of a link, or one that begins like it, was bent, or is something."""
    signs = st.text(sorted(set(part)), min_size=len(part), max_size=len(part))
    begun = st.builds(
        lambda length, other: part[:length] + other[length:],
        st.integers(0, len(part)),
        signs,
    )
    other = bent(part.encode()).map(lambda data: data.decode("latin-1")) | TEXTS
    return (
        st.just(part)
        | st.just(part.upper())
        | begun
        # Empty or two parts lead to another address, and with a NUL to none.
        | other.filter(lambda text: bool(text) and not {"/", "\0"} & set(text))
    )


def seen(page: Page) -> tuple[object, ...]:
    return page.status, page.content, sorted(page.headers.items()), page.cookies
