"""One real instance and one real browser for all tests of the pages."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.pages.acme import acme, names, stage
from tests.pages.house import House, open_house
from tests.pages.kept import Kept, running
from tests.pages.visitor import Visitor

__all__ = ["acme", "names", "stage"]
_CHROMIUM = shutil.which("chromium")
_QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; without it these tests are skipped, but never in CI."""
    if _CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("there is no chromium on the PATH: apt-get install chromium")
    expect.set_options(timeout=30_000)  # a busy machine is slow, and not wrong
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM or "chromium", args=_QUIET
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def kept(chromium: Browser) -> Iterator[Kept]:
    """Give a demo that was kept, as a newcomer makes it in an empty folder."""
    del chromium  # without it there is nobody to look
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    with running(folder / "var", "demo", "--keep") as demo:
        yield demo
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def house(chromium: Browser) -> Iterator[House]:
    """Keeper, dock and pages as processes, with a tenant, its people and a list."""
    folder = Path(tempfile.mkdtemp(prefix="lk-"))  # a unix socket's path is short
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTKEEP_HOME", str(folder / "var"))
        with open_house(folder) as opened:
            yield opened
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def visit(house: House, chromium: Browser) -> Iterator[Callable[[str], Visitor]]:
    """Give people a browser of their own, with their passkey in it."""
    visitors: list[Visitor] = []

    def enter(name: str) -> Visitor:
        visitors.append(Visitor(house, chromium, name))
        return visitors[-1]

    yield enter
    for visitor in visitors:
        visitor.leave()
    complaints = [words for visitor in visitors for words in visitor.complaints]
    assert complaints == []
