import hashlib

import pytest
from django.conf import settings

from listkeep.core.errors import Code, RefusedError
from listkeep.dock.intake.models import Import
from listkeep.dock.lists.models import Entry
from tests.dock.conftest import Api
from tests.dock.pages.conftest import BOUNDARY, Browser, Page, multipart
from tests.fakes.keeper import FakeKeeper

GOOD = b"E-mail,Plan,Country,Name\nida@example.com,pro,DE,Ida\nudo@example.com,pro,,\n"
ODD = b"Kontakt;Tarif;Name\nida@example.com;pro;Ida\nnot an address;pro;Udo\n"


def check(browser: Browser, list_id: str, content: bytes, **fields: str) -> Page:
    token = browser.get(f"/import/{list_id}").field("token")
    name = fields.pop("file_name", "people.csv")
    path = f"/import/{list_id}/check"
    return browser.upload(path, {"token": token, **fields}, content, file_name=name)


def bring_in(browser: Browser, list_id: str, content: bytes, **fields: str) -> Page:
    token = browser.get(f"/import/{list_id}").field("token")
    return browser.upload(f"/import/{list_id}/run", {"token": token, **fields}, content)


def test_a_file_is_looked_at_and_then_imported(bens: Browser, news: str) -> None:
    looked = check(bens, news, GOOD)

    assert looked.status == 200
    assert "Good rows 2" in looked.words
    assert (
        "E-mail address addresses Plan plan text, 1 different "
        "Country country text, 1 different, 50 % empty "
        "Name name text, 1 different, 50 % empty" in looked.words
    )
    assert Entry.objects.filter(list_id=news).count() == 4
    digest = looked.field("sha256")
    assert digest == hashlib.sha256(GOOD).hexdigest()

    done = bring_in(bens, news, GOOD, sha256=digest)
    page = bens.get(done.location)

    assert done.status == 303
    assert "Done" in page.words
    assert "Rows 2" in page.words
    assert Entry.objects.filter(list_id=news).count() == 6
    assert "done" in bens.get("/import").words


def test_looking_at_a_file_asks_the_keeper_nothing_and_keeps_nothing(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    keeper.calls.clear()

    check(bens, news, GOOD)

    assert set(keeper.calls) == {"who_am_i", "show_lists", "authorize"}
    assert not Import.objects.filter(principal="ben").exists()


def test_columns_that_are_not_known_are_offered_by_name(
    bens: Browser, news: str
) -> None:
    page = check(bens, news, ODD, **{"column.plan": "Tarif"})

    assert page.status == 400
    assert "No column is known to hold the address." in page.words
    assert "<option selected>Tarif</option>" in page.text
    assert page.text.count("<option>Kontakt</option>") == 4
    again = check(
        bens, news, ODD, **{"column.plan": "Tarif", "column.address": "Kontakt"}
    )
    assert "Good rows 1" in again.words
    assert "Address invalid 1" in again.words
    assert "line 3: the address is not an e-mail address" in again.words
    assert (
        "Kontakt address addresses Tarif plan text, 1 different "
        "Name name text, 1 different" in again.words
    )


def test_columns_may_be_named_like_methods(bens: Browser, news: str) -> None:
    page = check(bens, news, b"E-mail,items,keys\nida@example.com,1,2\n")

    assert (
        "E-mail address addresses items items yes or no, 1 different "
        "keys keys whole numbers, 1 different" in page.words
    )


def test_another_file_than_the_one_that_was_looked_at_is_refused(
    bens: Browser, news: str
) -> None:
    digest = check(bens, news, GOOD).field("sha256")

    page = bens.get(
        bring_in(bens, news, GOOD + b"x@example.com,,,\n", sha256=digest).location
    )

    assert "This is not the file that was signed for or checked." in page.words
    assert Entry.objects.filter(list_id=news).count() == 4


def test_the_file_an_owner_signed_for_is_the_only_one_under_that_request(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    request = keeper.grant_import(news, content=GOOD, rows=2)
    other = hashlib.sha256(b"other").hexdigest()

    page = bring_in(bens, news, GOOD, request=request, sha256=other)
    assert (page.status, page.field("request")) == (409, request)

    assert (
        "Done" in bens.get(bring_in(bens, news, GOOD, request=request).location).words
    )


def test_a_status_column_can_be_passed_over(bens: Browser, news: str) -> None:
    content = b"E-mail,Status\nida@example.com,Berlin\n"

    assert "No row of the file is good." in check(bens, news, content).words
    page = check(bens, news, content, no_status="on")
    assert "Good rows 1" in page.words
    assert 'name="no_status" checked' in page.text


def test_facets_that_point_at_people_are_refused_before_anything_is_imported(
    bens: Browser, news: str
) -> None:
    rows = "".join(f"p{i}@example.com,plan{i},DE\n" for i in range(120))

    page = check(bens, news, f"E-mail,Plan,Country\n{rows}".encode())

    assert page.status == 403
    assert "Facet plan leaves 100" in page.words
    assert 'name="sha256" value=""' in page.text  # the button to import is not there


def test_an_import_the_keeper_does_not_permit_keeps_what_was_typed(
    bens: Browser, keeper: FakeKeeper, news: str
) -> None:
    spent = RefusedError("no rows left today", code=Code.BUDGET_SPENT, hint="tomorrow")
    keeper.break_at("start_import", spent)

    page = bring_in(bens, news, GOOD, **{"column.address": "E-mail", "request": "r_1"})

    assert (page.status, "No rows left today." in page.words) == (403, True)
    assert page.field("column.address") == "E-mail"
    assert page.field("request") == "r_1"


def test_a_running_import_looks_again_by_itself(bens: Browser, news: str) -> None:
    path = bring_in(bens, news, GOOD).location
    assert "<script" not in bens.get(path).text
    Import.objects.filter(principal="ben").update(
        state="receiving", received_bytes=1024, size_bytes=2048
    )

    page = bens.get(path)

    assert 'data-follow="2"' in page.text
    assert f'<a href="{path}">Look now</a>' in page.text  # without the script
    assert "Receiving: 1.0" in page.words


def test_an_import_of_somebody_else_is_not_there(
    keeper: FakeKeeper, bens: Browser, eves: Browser, ada: Api, news: str
) -> None:
    path = bring_in(bens, news, GOOD).location

    for other in (eves, Browser(keeper).sign_in(ada)):
        assert other.get(path).status == 404


def test_a_stranger_imports_nothing(
    eves: Browser, keeper: FakeKeeper, news: str
) -> None:
    token = eves.get("/").field("token")

    assert eves.get(f"/import/{news}").status == 404
    for way in ("check", "run"):
        page = eves.upload(f"/import/{news}/{way}", {"token": token}, GOOD)
        assert page.status == 404
    assert "start_import" not in keeper.calls[len(keeper.calls) // 2 :]


@pytest.mark.parametrize("where", ["name", "column", "cell", "mapping"])
def test_markup_in_a_file_stays_text(bens: Browser, news: str, where: str) -> None:
    planted = "<img src=x onerror=alert(1)>"
    content = GOOD.replace(b"Name", planted.encode()) if where == "column" else GOOD
    if where == "cell":
        content = content + f"{planted},{planted},{planted},{planted}\n".encode()
    fields = {"file_name": planted} if where == "name" else {}
    if where == "mapping":
        fields["column.plan"] = planted

    page = check(bens, news, content, **fields)

    assert page.status == (400 if where == "mapping" else 200)
    assert planted not in page.text
    assert ("&lt;img src=x" in page.text) == (where != "cell")


def test_a_large_file_touches_no_disk_on_its_way(
    bens: Browser, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django would put it into a temporary file, in the clear."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("a temporary file")

    for name in (
        "TemporaryFile",
        "NamedTemporaryFile",
        "mkstemp",
        "SpooledTemporaryFile",
    ):
        monkeypatch.setattr(f"tempfile.{name}", refuse)
    rows = b"".join(b"p%d@example.com,pro,DE,P\n" % i for i in range(120_000))

    page = check(bens, news, b"E-mail,Plan,Country,Name\n" + rows)

    assert len(rows) > 2_621_440
    assert "Good rows 120,000" in page.words


def test_a_form_that_was_cut_off_is_not_a_short_file(bens: Browser, news: str) -> None:
    token = bens.get("/").field("token")
    whole = multipart({"token": token}, GOOD, name="people.csv")
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    for cut in (whole[:-4], whole[: -len(BOUNDARY) - 20], whole[:300], whole[:40], b""):
        page = bens.send("POST", f"/import/{news}/run", bens.own(), cut, kind)
        assert page.status in (303, 400), cut
        if page.status == 303:
            assert "Failed" in bens.get(page.location).words
    assert Entry.objects.filter(list_id=news).count() == 4


# --- the steps ---


def test_each_step_says_where_one_is(bens: Browser, news: str) -> None:
    pages = {
        "The file": bens.get(f"/import/{news}"),
        "Its columns": check(bens, news, ODD),
        "Dry run": check(bens, news, GOOD),
        "Into the list": bens.get(bring_in(bens, news, GOOD).location),
    }

    for step, page in pages.items():
        assert f'aria-current="step">{step}<' in page.text.replace(
            ' class="passed"', ""
        ), step


def test_what_was_chosen_stays_from_step_to_step(bens: Browser, news: str) -> None:
    chosen = {"format": "csv", "column.plan": "Tarif", "column.address": "Kontakt"}

    page = check(bens, news, ODD, no_status="on", request="r_abc", **chosen)

    for words in ("<option selected>csv", "<option selected>Tarif", 'value="r_abc"'):
        assert words in page.text
    assert 'name="no_status" checked' in page.text


def test_after_an_import_the_way_leads_back_to_the_list_in_the_console(
    bens: Browser, news: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = bring_in(bens, news, GOOD).location
    assert "Back to the list" not in bens.get(place).words
    monkeypatch.setattr(settings, "LISTKEEP_APP_ORIGIN", "http://app.localhost:8490")

    assert f"http://app.localhost:8490/lists/{news}" in bens.get(place).text


def test_kinds_of_columns_hold_no_value(bens: Browser, news: str) -> None:
    """Somebody looks over a shoulder at the page of a check."""
    rows = "".join(
        f"p{n}@example.org,second{n}@example.org,2026-01-{n % 28 + 1:02},Planted{n}\n"
        for n in range(60)
    )
    file = f"E-mail,Other,Since,Name\n{rows}".encode()

    page = check(bens, news, file)

    assert "Other other addresses, more than 50 different" in page.words
    assert "Since since dates, 28 different" in page.words
    assert "Name name text, more than 50 different" in page.words
    assert "Planted" not in page.text
    assert "@example.org" not in page.text
