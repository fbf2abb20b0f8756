from tests.keeper.pages.browsing import Browser, Told
from tests.keeper.world import World


def pile(told: Told, name: str) -> str:
    """Cut one pile out of the inbox."""
    _, _, rest = told.text.partition(f'id="{name}"')
    return rest.partition("</section>")[0]


def test_what_waits_for_me_is_what_my_approval_would_further(
    served: World, ada: Browser, ben: Browser
) -> None:
    view = served.ask_export("ben", served.list_with_rows(1), 1)

    assert view.id in pile(ada.get("/"), "waiting")
    assert view.id in pile(ben.get("/"), "mine")
    assert view.id not in pile(ben.get("/"), "waiting")
    for name in ("ivan", "cleo", "sam", "eve"):
        assert view.id not in Browser(served, name).get("/").text


def test_an_approval_that_is_not_needed_any_more_is_not_waited_for(
    served: World,
) -> None:
    view = served.ask_export("ben", served.list_with_rows(1), 5000)
    for name in ("ada", "amir", "cleo"):
        assert view.id in pile(Browser(served, name).get("/"), "waiting")

    served.sign("ada", view, "approve")

    assert view.id not in pile(Browser(served, "amir").get("/"), "waiting")
    assert view.id in pile(Browser(served, "cleo").get("/"), "waiting")


def test_a_team_mate_is_not_asked_to_approve(served: World) -> None:
    for name in ("mia", "nils"):
        subject = served.subject(name, "owner", team="print")
        served.sign("amir", served.ask("ada", "person.add", subject), "approve")
    view = served.ask_export("mia", served.list_with_rows(1), 1)

    assert view.id in pile(Browser(served, "ada").get("/"), "waiting")
    assert view.id not in pile(Browser(served, "nils").get("/"), "waiting")


def test_what_was_decided_moves_to_the_last_pile(served: World, ada: Browser) -> None:
    rows = served.list_with_rows(2)
    denied = served.sign("ada", served.ask_export("ben", rows, 1), "deny")
    granted = served.granted_export(rows, 1)

    told = ada.get("/")

    assert denied.id in pile(told, "decided")
    assert granted.id not in pile(told, "decided")
    assert granted.id in pile(Browser(served, "ben").get("/"), "mine")


def test_nobody_is_reminded_of_what_was_decided_long_ago(
    served: World, ada: Browser
) -> None:
    denied = served.sign(
        "ada", served.ask_export("ben", served.list_with_rows(1), 1), "deny"
    )
    served.wait(days=15)

    assert denied.id not in Browser(served, "ada").get("/").text
    assert ada.get("/").goes_to == "/sign-in"


def test_an_empty_inbox_teaches(served: World) -> None:
    served.wait(days=15)
    sam = Browser(served, "sam").get("/")

    assert "Nothing waits for you" in sam.plain
    assert "links from elsewhere lead here, never to a decision" in sam.plain


def test_words_of_others_are_text_and_never_markup(served: World, ada: Browser) -> None:
    planted = "<script>x</script>&<b onclick=x>"
    draft = ada.post(
        "/ask/freeze",
        {"purpose": planted, "hours": "1", "subject": {"classes": "export+reveal"}},
    )
    page = ada.get(draft.goes_to).text

    assert planted not in page
    assert "&lt;script&gt;x&lt;/script&gt;&amp;&lt;b onclick=x&gt;" in page


def test_there_is_no_list_of_entries_and_no_search(served: World, ada: Browser) -> None:
    served.list_with_rows(3)

    text = ada.get("/").text
    assert 'type="search"' not in text
    for path in ("/lists", "/search", "/people", "/requests"):
        assert ada.get(path).status == 404
