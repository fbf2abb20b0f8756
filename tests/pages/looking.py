"""Look at a page as people with other eyes and hands meet it, by axe-core."""

import os
from importlib.resources import files
from typing import Final, Literal

from playwright.sync_api import Page

AXE: Final = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES: Final = (
    *("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"),
)
# Colours hang on the theme and places on the width: all six are for `make drill`.
_Look = tuple[Literal["light", "dark"], int]
_EACH: Final[tuple[_Look, ...]] = (
    *(("light", 1440), ("dark", 1024), ("dark", 390)),
    *(("dark", 1440), ("light", 1024), ("light", 390)),
)
LOOKS: Final = _EACH if os.environ.get("LISTKEEP_EACH_WAY") else _EACH[:3]
MOST_ABOVE: Final = 300  # pixels of bars before the heading
_TOP: Final = (
    "document.querySelector('.desk main h1')?.getBoundingClientRect().top ?? 0"
)
_RUN: Final = """rules => axe.run(document, {
    runOnly: {type: "tag", values: rules},
    resultTypes: ["violations"],
})"""


def audit(page: Page) -> list[str]:
    """Say what keeps people out of a page: WCAG 2.2 AA, and axe's best practices."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    # What lies half under the bar that stays is no small target: one can scroll.
    page.evaluate("scrollTo(0, 0)")
    told = page.evaluate(_RUN, RULES)
    worst = [(each["id"], each["nodes"][0]) for each in told["violations"]]
    return [f"{name}: {at['target']} {at['failureSummary']}" for name, at in worst]


def look_at(page: Page) -> list[str]:
    """Audit a page at each width and in each theme, with all it can unfold."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    told = []
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        told += [f"{theme}, {width}: {each}" for each in audit(page)]
        if (seen := page.evaluate("document.documentElement.scrollWidth")) > width:
            told.append(f"{theme}, {width}: it is {seen} wide")
        if (top := page.evaluate(_TOP)) > MOST_ABOVE:
            told.append(f"{theme}, {width}: what it is about begins at {top}")
    return told
