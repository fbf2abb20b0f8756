import pytest

from listkeep.core.grants import Terms
from listkeep.keeper.gate.decisions import showing
from listkeep.wire import messages as m
from listkeep.wire.base import encode
from tests.keeper.instance import refusal
from tests.keeper.pages.browsing import Browser, Told, base64url
from tests.keeper.world import Rows, World


@pytest.fixture
def rows(served: World) -> Rows:
    return served.list_with_rows(3)


def ask(world: World, browser: Browser, rows: Rows, *positions: int) -> m.RequestView:
    """Ask on the page to see rows there, and sign."""
    tokens = " ".join(rows.token(position) for position in positions)
    told = browser.post(
        "/ask/reveal",
        {"purpose": "a call", "hours": "1", "list": rows.list_id, "tokens": tokens},
    )
    message = m.ShowRequest(
        session=browser.token, request=told.goes_to.removeprefix("/requests/")
    )
    (view,) = showing.show_requests(
        world.gate, message, service="keeper", now=world.now
    ).requests
    browser.sign(view, "request")
    return view


def open_rows(browser: Browser, view: m.RequestView, batch: m.RowBatch) -> Told:
    return browser.post(f"/reveal/{view.id}", {"rows": base64url(encode(batch))})


def test_rows_are_opened_for_the_screen_and_recorded(
    served: World, ben: Browser, rows: Rows
) -> None:
    view = ask(served, ben, rows, 0, 2)

    told = open_rows(ben, view, rows.batch(0, 2))

    assert told.json["names"] == ["token", "address", "plan"]
    assert {row[1] for row in told.json["rows"]} == {
        rows.addresses[0],
        rows.addresses[2],
    }
    assert told.headers["Cache-Control"] == "no-store"
    assert served.events(2) == ["reveal.intended", "reveal.completed"]
    assert served.newest("reveal.completed")["sha256"] == ""
    assert rows.addresses[0] not in str(served.entries())


def test_they_are_opened_once(served: World, ben: Browser, rows: Rows) -> None:
    view = ask(served, ben, rows, 0)
    open_rows(ben, view, rows.batch(0))

    told = open_rows(ben, view, rows.batch(0))

    assert told.code == "replayed"
    assert rows.addresses[0] not in told.text


def test_the_wire_gets_no_plaintext_of_such_a_reveal(
    served: World, ben: Browser, rows: Rows
) -> None:
    view = ask(served, ben, rows, 0)

    assert refusal(served.reveal, "ben", view, rows.batch(0)) == "not-granted"
    assert open_rows(ben, view, rows.batch(0)).status == 200


def test_the_wire_drafts_no_such_reveal(served: World, rows: Rows) -> None:
    code = refusal(
        served.draft, "ben", "reveal", list=rows.list_id, selection=rows.token(0)
    )

    assert code == "request-invalid"


def test_a_reveal_for_a_device_is_not_opened_on_a_screen(
    served: World, ben: Browser, rows: Rows
) -> None:
    view, _ = served.ask_reveal("ben", rows, 0)
    assert Terms.parse(view.terms).recipient

    told = open_rows(ben, view, rows.batch(0))

    assert told.code == "not-granted"
    assert served.newest("release.refused")["code"] == "not-granted"
    assert "Open the rows" not in ben.get(f"/requests/{view.id}").plain


def test_nobody_else_sees_them(
    served: World, ben: Browser, ada: Browser, rows: Rows
) -> None:
    view = ask(served, ben, rows, 0)

    told = open_rows(ada, view, rows.batch(0))

    assert told.code == "not-permitted"
    assert open_rows(ben, view, rows.batch(0)).status == 200


def test_other_rows_than_were_signed_for_stay_closed(
    served: World, ben: Browser, rows: Rows
) -> None:
    view = ask(served, ben, rows, 0)

    assert open_rows(ben, view, rows.batch(1)).code == "not-granted"
    assert open_rows(ben, view, rows.batch(0, 1)).code == "not-granted"


def test_the_budget_of_reveals_is_the_same_on_the_page(
    served: World, ben: Browser
) -> None:
    rows = served.list_with_rows(12, "long")
    view = ask(served, ben, rows, *range(10))  # an hour's share of the day's 20
    assert open_rows(ben, view, rows.batch(*range(10))).status == 200

    view = ask(served, ben, rows, 10)

    assert open_rows(ben, view, rows.batch(10)).code == "budget-spent"


@pytest.mark.parametrize("text", ["", "=", "AAAA", base64url(b"\x80"), "x" * 300_000])
def test_garbled_rows_are_refused(
    served: World, ben: Browser, rows: Rows, text: str
) -> None:
    view = ask(served, ben, rows, 0)

    told = ben.post(f"/reveal/{view.id}", {"rows": text})

    assert told.status == 400
    assert open_rows(ben, view, rows.batch(0)).status == 200


def test_arriving_with_rows_shows_nothing_of_the_request(
    served: World, ben: Browser, rows: Rows
) -> None:
    view = ask(served, ben, rows, 0)

    for site in ("cross-site", "same-site", "none"):
        told = ben.get(f"/reveal/{view.id}", site=site)
        assert 'data-page="rows-arriving"' in told.text
        assert "a call" not in told.text
        assert "news" not in told.text
    assert "a call" in ben.get(f"/reveal/{view.id}").text


def test_a_row_that_does_not_open_is_recorded_as_such(
    served: World, ben: Browser, rows: Rows
) -> None:
    view = ask(served, ben, rows, 0)
    good = rows.batch(0)
    bad = m.RowBatch(
        tokens=good.tokens,
        batch_ids=good.batch_ids,
        positions=good.positions,
        sealed=[good.sealed[0][:-1] + bytes([good.sealed[0][-1] ^ 1])],
        facets=good.facets,
    )

    assert open_rows(ben, view, bad).status == 422
    assert served.newest("release.refused")["request"] == view.id
