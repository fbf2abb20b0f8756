"""Every address of all pages, looked at by axe as one of those who may open it.

The addresses are those of ``docs/who-may.md``; what only comes up on the way through a
page, its journey looks at.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from listkeep.cli.home import Instance
from listkeep.drill.stage import Stage
from tests.pages.acme import WHO, fill
from tests.pages.looking import look_at
from tests.pages.test_who_may import BUILDINGS, ENDS, PAGE, come, read
from tests.pages.visitor import Window
from tests.pages.walking import YES, carriers, doors

# Who sees the most of a page comes first.
ROLES: Final = ("owner", "marketer", "custodian", "nobody")
NO_PAGES: Final = {  # files, and parts of a page
    *("/assets/{name}", "/static/{name}", "/alive", "/exports/{run_id}/file"),
    *("/activity/newer", "/lists/{name}/count", "/lists/{name}/copy/count"),
    "/lists/{name}/send/count",
}


def readers(building: str) -> Iterator[tuple[str, str]]:
    """Give somebody who may read it, and each page."""
    for (where, method, path), words in read(PAGE.read_text("utf-8")).items():
        may = [role for role in ROLES if words[role] == YES]
        is_page = (where, method) == (building, "GET") and path not in NO_PAGES
        if may and is_page:
            yield may[0], path


def go_on(page: Page, path: str) -> None:
    """Go to another page of the same origin, as a link leads there."""
    with page.expect_navigation():
        page.evaluate("path => { location.href = path }", path)
    expect(page.locator(".htmx-request")).to_have_count(0)


@pytest.mark.parametrize("building", BUILDINGS)
def test_nothing_keeps_anybody_out(
    building: str,
    acme: Instance,
    stage: Stage,
    names: dict[str, str],
    chromium: Browser,
) -> None:
    """In both themes, wide and narrow."""
    origin, _ = doors(acme)[building]
    found: dict[str, list[str]] = {}
    for role, paths in groupby(sorted(readers(building)), key=lambda each: each[0]):
        window = Window(origin, chromium)
        session = come(stage, WHO[role], carriers(acme)[building])
        window.carry(building, origin, session)
        for _, path in sorted(paths, key=lambda each: each[1] in ENDS):
            go_on(window.page, fill(building, path, names))
            found[path] = look_at(window.page)
        window.leave()
        assert window.complaints == []
    assert {path: told for path, told in found.items() if told} == {}
