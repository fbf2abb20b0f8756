"""Undo in a real browser, by the keyboard, without a script, narrow and dark."""

from listkeep.dock.lists.models import Change, Entry
from tests.dock.conftest import Api
from tests.dock.pages.test_in_chromium import chromium, port, pytestmark, sign_in
from tests.dock.pages.test_join_in_chromium import audit

__all__ = ["port", "pytestmark"]


def test_a_change_is_undone_by_the_keyboard_and_the_undo_as_well(
    port: int, news: str, ben: Api
) -> None:
    ben.fill(news, "emil@example.com,pro,DE,Emil")
    with chromium() as context:
        page = sign_in(context, port)
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 900})
        page.goto(f"http://drop.localhost:{port}/lists/{news}/undo")
        assert audit(page) == []
        page.get_by_role("link", name="Undo change 2").press("Enter")
        page.get_by_role("heading", name="Take news back").wait_for()
        assert audit(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Take it back").press("Enter")
        page.get_by_text("Done.", exact=True).wait_for()
        assert audit(page) == []
        page.get_by_text("Went", exact=True).wait_for()

        page.get_by_role("link", name="Undo this undo").press("Enter")
        page.get_by_role("button", name="Take it back").press("Enter")
        page.get_by_text("Came back", exact=True).wait_for()
    assert told == []
    assert Change.objects.filter(kind="restore").count() == 2
    assert Entry.objects.count() == 5
