"""A newcomer without a mouse, who acts on what has the focus, and sees where it is."""

import re
from typing import Final

from playwright.sync_api import Locator, expect

from tests.pages.kept import Newcomer

MOST_TABS: Final = 120
_FOCUS: Final = """target => {
    const here = document.activeElement;
    const { outlineStyle } = getComputedStyle(here);
    const isSeen = here === document.body || outlineStyle !== "none";
    return [here === target, isSeen ? "" : here.outerHTML.slice(0, 99)];
}"""


class Typist(Newcomer):
    """Has Tab, Enter and letters; whatever needs more is out of reach."""

    def reach(self, target: Locator) -> None:
        """Press Tab until it has the focus, which is to be seen wherever it is."""
        for _ in range(MOST_TABS):
            is_there, unseen = target.evaluate(_FOCUS)
            assert not unseen, f"nobody sees that it has the focus: {unseen}"
            if is_there:
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"no way to {target}")

    def enter(self, target: Locator) -> None:
        """Press Enter on a link or button."""
        self.reach(target)
        self.page.keyboard.press("Enter")

    def link(self, words: str | re.Pattern[str]) -> None:
        self.enter(self.page.get_by_role("link", name=words))

    def button(self, words: str) -> None:
        self.enter(self.page.get_by_role("button", name=words))

    def write(self, label: str, words: str) -> None:
        """Type into a field, over what it says."""
        self.reach(self.page.get_by_label(label))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(words)

    def arrive(self, heading: str) -> None:
        """See that a page is there; until it is whole, its script hears no key."""
        title = self.page.get_by_role("heading", level=1)
        expect(title).to_have_text(heading)
        self.page.wait_for_load_state()

    # --- what newcomers do, by keys -------------------------------------------------

    def press_passkey(self) -> None:
        self.button("Use my passkey")

    def choose(self, name: str) -> None:
        dialog = self.page.get_by_role("dialog")
        self.enter(dialog.get_by_role("button", name=re.compile(f"^{name}")))

    def work_as(self, name: str) -> None:
        self.link("Go to work")
        self.button("Sign in with a passkey")
        self.be(name)
        self.link("Go to my desk")
        self.arrive("My desk")
