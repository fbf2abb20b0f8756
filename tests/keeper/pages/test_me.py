from listkeep.keeper.gate.models import Session
from listkeep.keeper.pages.visits import COOKIE
from tests.keeper.pages.browsing import Browser
from tests.keeper.world import World


def test_what_is_spent_and_what_is_left_is_shown(served: World, ben: Browser) -> None:
    rows = served.list_with_rows(2)
    served.look_up("ben", rows.list_id, "somebody@example.com")

    told = ben.get("/me")

    assert "addresses looked up a day, half of it in an hour 1 50" in told.plain
    assert "addresses revealed a day, half of it in an hour 0 20" in told.plain
    assert told.text.count("<meter") == 6
    assert "<meter" not in Browser(served, "cleo").get("/me").text


def test_my_sessions_are_listed_and_nobody_elses(served: World, ben: Browser) -> None:
    served.login("ben", "dock")
    text = ben.get("/me").text

    assert "this one" in text
    assert text.count('name="session" value="n_') >= 2
    assert ben.token not in text
    assert ben.token[4:18] in text
    assert Browser(served, "ada").token[4:18] not in text


def test_one_session_is_ended_and_the_others_stay(served: World, ben: Browser) -> None:
    dock = served.login("ben", "dock")

    assert ben.post("/me/sessions/end", {"session": dock[4:18]}).goes_to == "/me"

    assert dock[4:18] not in ben.get("/me").text
    assert ben.get("/").status == 200
    assert served.newest("session.ended")["session"] == dock[4:18]


def test_ending_all_ends_this_one_too(served: World, ben: Browser) -> None:
    other = Browser(served, "ben")
    second = served.login("ben")

    assert ben.post("/me/sessions/end").goes_to == "/sign-in"

    for token in (ben.token, second):
        other.client.cookies[COOKIE] = token
        assert other.get("/").goes_to == "/sign-in"
    assert Browser(served, "ada").get("/").status == 200


def test_somebody_elses_session_is_not_mine_to_end(served: World, ben: Browser) -> None:
    ada = Browser(served, "ada")

    assert ben.post("/me/sessions/end", {"session": ada.token[4:18]}).status == 404
    assert ada.get("/").status == 200


def test_a_session_hidden_in_the_table_is_ended_with_the_others(
    served: World, ben: Browser
) -> None:
    """A thief at the database takes the row away, and puts it back afterwards."""
    stolen = served.login("ben")
    row = Session.objects.get(id=stolen[4:18])
    row.delete()
    assert stolen[4:18] not in ben.get("/me").text

    ben.post("/me/sessions/end")
    row.save(force_insert=True)

    thief = Browser(served)
    thief.client.cookies[COOKIE] = stolen
    assert thief.get("/").goes_to == "/sign-in"


def test_a_planted_row_is_no_session_of_mine(served: World, ben: Browser) -> None:
    row = Session.objects.get(id=ben.token[4:18])
    row.id = "n_plantedplant"
    row.save(force_insert=True)

    assert "n_plantedplant" not in ben.get("/me").text


def test_which_keys_sign_for_me_is_shown(served: World, ben: Browser) -> None:
    told = ben.get("/me")

    assert served.meet("ben").credential in told.text
    assert "software" in told.plain


def test_reading_an_address_for_posting_goes_on_to_the_page(ben: Browser) -> None:
    assert ben.get("/me/sessions/end").goes_to == "/me"
    assert ben.get("/sign-out").goes_to == "/"


def test_a_ceiling_an_owner_lowered_is_the_one_that_is_shown(
    served: World, ben: Browser
) -> None:
    subject = {"measure": "look_ups", "ceiling": "8", "who": "marketer"}
    view = served.draft("ada", "budget.set", subject, tenant="acme")
    assert served.sign("ada", view, "request").state == "done"

    assert "looked up a day, half of it in an hour 0 8" in ben.get("/me").plain
