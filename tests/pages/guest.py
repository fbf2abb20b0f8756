"""Somebody who got a link, with a browser of their own and devices to make keys in."""

from typing import Any

from playwright.sync_api import Browser, expect

from tests.pages.visitor import Window


class Guest(Window):
    """Who opens a link; what is made in a device stays there."""

    def __init__(self, origin: str, browser: Browser) -> None:
        self.devices: list[list[dict[str, Any]]] = []
        super().__init__(origin, browser)

    def follow(self, link: str) -> "Guest":
        self.page.goto(link)
        return self

    def make_passkey(self) -> None:
        """Make a passkey in a device of its own."""
        made = self.page.locator("#keys li:not(.open)")
        before = made.count()
        self.page.locator("#create").click()
        expect(made).to_have_count(before + 1)

    def change_device(self) -> None:
        """Put the device aside, and take one without any passkey."""
        self.devices.append(self.unplug())
        self.plug_in([])

    def take_device(self, number: int) -> None:
        """Use a device that was put aside."""
        self.unplug()
        self.plug_in(self.devices[number])

    def finish(self) -> str:
        """Say that these are all; gives the six words the page shows."""
        self.page.get_by_role("button", name="That is all of them").click()
        words = self.page.locator("#words li")
        expect(words).to_have_count(6)
        return " ".join(words.all_text_contents())

    def enrol(self, link: str) -> str:
        self.follow(link)
        self.make_passkey()
        return self.finish()

    @property
    def is_told_nothing(self) -> bool:
        """Whether the page says of the link that it is not valid, and no more."""
        bad = self.page.get_by_role("heading", name="This link is not valid")
        expect(bad).to_be_visible()
        return (
            not self.page.locator("#make, #found, #done").filter(visible=True).count()
        )


def invite(host: Window, name: str, role: str = "marketer", *, tenant: str = "") -> str:
    """Make a link for somebody new, on the page for it."""
    host.page.goto(host.origin)
    host.page.get_by_role("link", name="Ask", exact=True).click()
    host.page.get_by_role("link", name="Invitations").click()
    host.page.locator("input[name=name]").fill(name)
    host.page.locator("select[name=role]").select_option(role)
    if tenant:
        host.page.locator("input[name=tenant]").fill(tenant)
    host.page.get_by_role("button", name="Make a link").first.click()
    return _shown(host)


def help_out(host: Window, name: str) -> str:
    """Make a link for other passkeys of somebody known."""
    host.page.goto(host.origin)
    host.page.get_by_role("link", name="Ask", exact=True).click()
    host.page.get_by_role("link", name="Invitations").click()
    host.page.locator("select[name=person]").select_option(label=name)
    host.page.get_by_role("button", name="Make a link").last.click()
    return _shown(host)


def ask_for_place(host: Window, words: str, why: str) -> str:
    """Compare the words, have the terms written and sign them; gives the request."""
    page = host.page
    page.reload()
    article = page.locator("article").filter(has_text=words)
    article.get_by_label("Why").fill(why)
    article.get_by_role("button", name="Write the terms").click()
    expect(page.locator("#request")).to_contain_text(words)
    page.get_by_role("button", name="Sign and ask").click()
    expect(host.state()).not_to_have_text("draft")
    return page.url.rpartition("/")[2]


def approve(host: Window, request: str) -> None:
    host.open(request)
    host.page.get_by_role("button", name="Approve").click()
    host.page.get_by_role("dialog").get_by_role("button", name="Approve").click()


def begin(founder: Guest, link: str) -> None:
    """Make a founder's passkey, and go on to what both founders see."""
    founder.follow(link)
    founder.make_passkey()
    founder.page.get_by_role("button", name="That is all of them").click()
    together = founder.page.get_by_role("heading", name="Begin together")
    expect(together).to_be_visible()


def sign_beginning(founder: Guest) -> None:
    founder.page.get_by_label("I heard the other custodian").check()
    founder.page.get_by_role("button", name="Sign the beginning").click()


def _shown(host: Window) -> str:
    link = host.page.locator("#link")
    expect(link).to_contain_text("/enrol#")
    return link.inner_text()
